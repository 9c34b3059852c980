package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.port.SensitiveOp;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When the interceptor is asked: after the faults that come first, before those that come last and before any effect. */
class InterceptionOrderTests {
    private final SystemBench bench = SystemBench.longMode();
    private final Cpu c = bench.c;
    private final List<String> asked = new ArrayList<>();

    private void take() {
        c.interceptor = (cpu, op, insn, operand) -> {
            asked.add(op + " " + Long.toHexString(operand));
            return true;
        };
    }

    @ParameterizedTest
    @CsvSource({
        // instruction, operation and operand with RAX = CX = DX = 5 and no MSR 5; fault at CPL 3, or "asked"
        "0F 22 C0, MOV_TO_CR 5,   #GP(0H)",
        "0F 22 D8, MOV_TO_CR 5,   #GP(0H)",
        "44 0F 22 C0, MOV_TO_CR 5,   #GP(0H)",
        "0F 20 C0, MOV_FROM_CR 0, #GP(0H)",
        "0F 23 C0, MOV_TO_DR 5,   asked",
        "0F 21 C0, MOV_FROM_DR 0, asked",
        "0F 06, CLTS 0,        #GP(0H)",
        "0F 01 F0, LMSW 5,        #GP(0H)",
        "0F 01 14 25 00 00 00 7F, LGDT 0,        #GP(0H)",
        "0F 01 1C 25 00 00 00 7F, LIDT 0,        #GP(0H)",
        "0F 01 04 25 00 00 00 7F, SGDT 0,        asked",
        "0F 01 0C 25 00 00 00 7F, SIDT 0,        asked",
        "0F 00 D0, LLDT 0,        #GP(0H)",
        "0F 00 D8, LTR 0,         #GP(0H)",
        "0F 00 C0, SLDT 0,        asked",
        "0F 00 C8, STR 0,         asked",
        "F4, HLT 0,         #GP(0H)",
        "F3 90, PAUSE 0,       asked",
        "0F 32, RDMSR 5,       #GP(0H)",
        "0F 30, WRMSR 5,       #GP(0H)",
        "0F 31, RDTSC 0,       asked",
        "0F 01 F9, RDTSCP 0,      asked",
        "0F 33, RDPMC 5,       #GP(0H)",
        "0F A2, CPUID 5,       asked",
        "E4 40, IN 40,         #GP(0H)",
        "EF, OUT 5,         #GP(0H)",
        "6C, INS 5,         #GP(0H)",
        "6F, OUTS 5,        #GP(0H)",
        "F3 6C, INS 5,         #GP(0H)",
        "0F 08, INVD 0,        #GP(0H)",
        "0F 09, WBINVD 0,      #GP(0H)",
        "0F 01 38, INVLPG 5,      #GP(0H)",
        "66 0F 38 82 04 25 00 00 00 7F, INVPCID 5, #GP(0H)",
        "0F 01 D1, XSETBV 0,      #GP(0H)",
        "0F 01 C8, MONITOR 0,     #UD",
        "0F 01 C9, MWAIT 0,       #UD",
        "0F C7 F0, RDRAND 0,      asked",
        "0F C7 F8, RDSEED 0,      asked",
    })
    void privilegeFaultsComeBeforeTheQuestionAndEffectsAfterIt(String hex, String question, String atUserLevel) {
        take();
        c.cr4 |= Control.CR4_OSXSAVE;
        for (int register : new int[] {Cpu.RAX, Cpu.RCX, Cpu.RDX}) {
            c.r[register] = 5;
        }
        List<String> before = bench.state();
        assertThat(bench.faultOf(hex)).isEqualTo("none");
        assertThat(asked).containsExactly(question);
        assertThat(bench.state()).isEqualTo(before);

        asked.clear();
        bench.atUserLevel();
        if (atUserLevel.equals("asked")) {
            assertThat(bench.faultOf(hex)).isEqualTo("none");
            assertThat(asked).containsExactly(question);
        } else {
            assertThat(bench.faultOf(hex)).isEqualTo(atUserLevel);
            assertThat(asked).isEmpty();
        }
    }

    @Test
    void anOperationThatIsNotTakenGoesOn() {
        c.interceptor = (cpu, op, insn, operand) -> false;
        bench.run("0F 09");
        assertThat(c.rip).isEqualTo(0x502);
    }

    @Test
    void lmswReadsItsMemoryOperandBeforeTheQuestion() {
        take();
        assertThat(bench.faultOf("0F 01 34 25 00 00 00 7F")).startsWith("#PF");
        assertThat(asked).isEmpty();
    }

    @Test
    void anUndefinedControlRegisterIsNoQuestion() {
        take();
        assertThat(bench.faultOf("0F 22 C8")).isEqualTo("#UD");
        assertThat(asked).isEmpty();
    }

    @Test
    void debugRegistersAreAskedAboutBeforeDebugExtensionsAndGeneralDetect() {
        take();
        c.cr4 |= Control.CR4_DE;
        c.dr[7] |= Control.DR7_GD;
        assertThat(bench.faultOf("0F 21 E0")).isEqualTo("none");
        assertThat(asked).containsExactly(SensitiveOp.MOV_FROM_DR + " 0");
    }

    @Test
    void eachIterationOfAStringInstructionIsAskedAbout() {
        c.interceptor = (cpu, op, insn, operand) -> {
            asked.add(op + " " + Long.toHexString(cpu.r[Cpu.RCX]));
            return asked.size() == 3;
        };
        c.setBudget(100);
        c.r[Cpu.RCX] = 5;
        c.r[Cpu.RDI] = 0x600;
        bench.run("F3 6C");
        assertThat(asked).containsExactly("INS 5", "INS 4", "INS 3");
        assertThat(c.r[Cpu.RCX]).isEqualTo(3);
        assertThat(c.rip).isEqualTo(0x500);
    }
}

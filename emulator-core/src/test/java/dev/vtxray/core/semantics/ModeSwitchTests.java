package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.BaseMsrs;
import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.SegmentRegister;
import org.junit.jupiter.api.Test;

/** The way from power-up to 64-bit code, instruction by instruction. */
class ModeSwitchTests {
    private final SystemBench bench = SystemBench.real();
    private final Cpu c = bench.c;

    private void enterProtectedMode() {
        bench.memory.write(0x600, 2, SystemBench.GDT_LIMIT);
        bench.memory.write(0x602, 4, SystemBench.GDT);
        bench.run("66 0F 01 16 00 06"); // lgdt [600h], 32-bit operand
        c.r[Cpu.RAX] = Control.CR0_PE;
        bench.run("0F 22 C0"); // mov cr0, eax
    }

    @Test
    void settingProtectionEnableLeavesThe16BitCodeSegmentUntilAFarJump() {
        enterProtectedMode();
        assertThat(c.protectedMode()).isTrue();
        assertThat(c.codeSize).isEqualTo(2);
        bench.run("66 EA 00 05 01 00 08 00"); // jmp 08:10500h
        assertThat(c.codeSize).isEqualTo(4);
        assertThat(c.rip).isEqualTo(0x1_0500);
        assertThat(c.seg[SegmentRegister.CS].selector).isEqualTo(SystemBench.CODE32);
    }

    @Test
    void theWholeSequenceEndsIn64BitCode() {
        enterProtectedMode();
        bench.run("66 EA 00 05 01 00 08 00"); // jmp 08:10500h
        c.r[Cpu.RAX] = SystemBench.DATA;
        bench.run("8E D8").run("8E D0"); // mov ds, ax; mov ss, ax
        c.r[Cpu.RAX] = Control.CR4_PAE;
        bench.run("0F 22 E0"); // mov cr4, eax
        c.r[Cpu.RAX] = SystemBench.PAGE_TABLES;
        bench.run("0F 22 D8"); // mov cr3, eax
        c.r[Cpu.RCX] = BaseMsrs.EFER;
        c.r[Cpu.RAX] = Control.EFER_LME;
        c.r[Cpu.RDX] = 0;
        bench.run("0F 30"); // wrmsr
        assertThat(c.longMode).isFalse();
        c.r[Cpu.RAX] = Control.CR0_PE | Control.CR0_PG;
        bench.run("0F 22 C0"); // mov cr0, eax
        assertThat(c.longMode).as("active as soon as paging is on").isTrue();
        assertThat(c.codeSize).as("compatibility mode").isEqualTo(4);
        bench.run("EA 78 56 34 00 18 00"); // jmp 18:345678h
        assertThat(c.codeSize).isEqualTo(8);
        assertThat(c.rip).isEqualTo(0x34_5678);
        bench.run("0F 32"); // rdmsr
        assertThat(c.r[Cpu.RAX]).isEqualTo(Control.EFER_LME | Control.EFER_LMA);
    }

    @Test
    void pagingCannotBeTurnedOffIn64BitCode() {
        SystemBench in64 = SystemBench.longMode();
        in64.c.r[Cpu.RAX] = Control.CR0_PE;
        assertThat(in64.faultOf("0F 22 C0")).isEqualTo("#GP(0H)");
    }

    @Test
    void turningPagingOffInCompatibilityModeEndsLongMode() {
        SystemBench in64 = SystemBench.longMode();
        in64.memory.write(0x600, 8, 0x0008_0000_0700L);
        in64.run("FF 2C 25 00 06 00 00"); // jmp far [600h]
        assertThat(in64.c.codeSize).isEqualTo(4);
        in64.c.r[Cpu.RAX] = Control.CR0_PE;
        in64.run("0F 22 C0");
        assertThat(in64.c.longMode).isFalse();
        assertThat(in64.c.efer & Control.EFER_LMA).isZero();
        assertThat(in64.c.rip).isEqualTo(0x703);
    }

    @Test
    void realModeFarJumpLoadsAParagraphAddress() {
        bench.run("EA 34 12 00 F0"); // jmp f000:1234h
        assertThat(c.rip).isEqualTo(0x1234);
        assertThat(c.seg[SegmentRegister.CS].base).isEqualTo(0xF_0000);
    }

    @Test
    void realModeFarCallAndReturnComeBack() {
        bench.run("9A 34 12 00 F0"); // call f000:1234h
        assertThat(c.r[Cpu.RSP]).isEqualTo(0x7FFC);
        assertThat(bench.memory.read(0x7FFC, 4)).isEqualTo(0x0505);
        bench.run("CB"); // retf
        assertThat(c.rip).isEqualTo(0x505);
        assertThat(c.seg[SegmentRegister.CS].base).isZero();
        assertThat(c.r[Cpu.RSP]).isEqualTo(0x8000);
    }
}

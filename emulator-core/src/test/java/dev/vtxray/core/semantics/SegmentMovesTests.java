package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.SegmentRegister;
import org.junit.jupiter.api.Test;

class SegmentMovesTests {
    private final SystemBench bench = SystemBench.longMode();
    private final Cpu c = bench.c;

    @Test
    void movToStackSegmentHoldsOffInterruptsForOneInstruction() {
        c.r[Cpu.RAX] = SystemBench.DATA;
        c.setBudget(100);
        bench.run("8E D0");
        assertThat(c.shadow).isEqualTo(Cpu.MOV_SS_SHADOW);
        assertThat(c.budget).isZero();
    }

    @Test
    void loadStackSegmentPointerHasNoShadow() {
        bench.memory.write(0x600, 4, 0x1234);
        bench.memory.write(0x604, 2, SystemBench.DATA);
        bench.run("0F B2 24 25 00 06 00 00"); // lss esp, [600h]
        assertThat(c.shadow).isEqualTo(Cpu.NO_SHADOW);
        assertThat(c.r[Cpu.RSP]).isEqualTo(0x1234);
    }

    @Test
    void movToCodeSegmentAndToNoSegmentIsUndefined() {
        assertThat(bench.faultOf("8E C8")).isEqualTo("#UD");
        assertThat(bench.faultOf("8E F0")).isEqualTo("#UD");
        assertThat(bench.faultOf("8C F0")).isEqualTo("#UD");
    }

    @Test
    void aSegmentThatIsNotPresentFaultsWithItsSelector() {
        c.r[Cpu.RAX] = SystemBench.NOT_PRESENT;
        assertThat(bench.faultOf("8E D8")).isEqualTo("#NP(70H)");
        assertThat(bench.faultOf("8E D0")).isEqualTo("#SS(70H)");
    }

    @Test
    void aSelectorIsStoredAsAWordInMemoryAndZeroExtendedInARegister() {
        c.r[Cpu.RAX] = -1L;
        bench.run("8C C8"); // mov eax, cs
        assertThat(c.r[Cpu.RAX]).isEqualTo(SystemBench.CODE64);
        bench.memory.write(0x600, 4, -1L);
        bench.run("8C 0C 25 00 06 00 00");
        assertThat(bench.memory.read(0x600, 4)).isEqualTo(0xFFFF_0000L | SystemBench.CODE64);
    }

    @Test
    void pushAndPopOfSegmentsMoveTheStackByTheOperandSize() {
        c.r[Cpu.RAX] = SystemBench.DATA;
        bench.run("8E E0").run("0F A0"); // mov fs, ax; push fs
        assertThat(c.r[Cpu.RSP]).isEqualTo(0x7FF8);
        bench.run("0F A9"); // pop gs
        assertThat(c.seg[SegmentRegister.GS].selector).isEqualTo(SystemBench.DATA);
        assertThat(c.r[Cpu.RSP]).isEqualTo(0x8000);
    }

    @Test
    void popToTheStackSegmentMovesTheStackItPoppedFrom() {
        SystemBench legacy = SystemBench.protectedMode();
        legacy.memory.write(0x8000, 4, SystemBench.DATA);
        legacy.run("17");
        assertThat(legacy.c.r[Cpu.RSP]).isEqualTo(0x8004);
        assertThat(legacy.c.shadow).isEqualTo(Cpu.MOV_SS_SHADOW);
    }

    @Test
    void baseInstructionsNeedTheirControlBit() {
        c.r[Cpu.RAX] = 0x1234_5678_9000L;
        assertThat(bench.faultOf("F3 48 0F AE D0")).isEqualTo("#UD");
        c.cr4 |= Control.CR4_FSGSBASE;
        bench.run("F3 48 0F AE D0"); // wrfsbase rax
        assertThat(c.seg[SegmentRegister.FS].base).isEqualTo(0x1234_5678_9000L);
        assertThat(c.segBase[SegmentRegister.FS]).isEqualTo(0x1234_5678_9000L);
        bench.run("F3 0F AE C1"); // rdfsbase ecx
        assertThat(c.r[Cpu.RCX]).isEqualTo(0x5678_9000L);
        c.r[Cpu.RAX] = 1L << 47;
        assertThat(bench.faultOf("F3 48 0F AE D8")).isEqualTo("#GP(0H)");
    }

    @Test
    void swapgsExchangesTheTwoBases() {
        c.seg[SegmentRegister.GS].base = 1;
        c.msr.kernelGsBase = 2;
        bench.run("0F 01 F8");
        assertThat(c.segBase[SegmentRegister.GS]).isEqualTo(2);
        assertThat(c.msr.kernelGsBase).isEqualTo(1);
        bench.atUserLevel();
        assertThat(bench.faultOf("0F 01 F8")).isEqualTo("#GP(0H)");
    }
}

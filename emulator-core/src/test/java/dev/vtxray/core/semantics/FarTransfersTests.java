package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Event;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.port.EventGate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FarTransfersTests {
    private static final String JMP_FAR = "FF 2C 25 00 06 00 00";
    private static final String CALL_FAR = "FF 1C 25 00 06 00 00";
    private static final String RETFQ = "48 CB";
    private static final String IRETQ = "48 CF";

    private final SystemBench bench = SystemBench.longMode();
    private final Cpu c = bench.c;

    private void pointer(long offset, int selector) {
        bench.memory.write(0x600, 4, offset);
        bench.memory.write(0x604, 2, selector);
    }

    /** Puts items on the stack at 7000H, lowest address first, and makes it the stack. */
    private void stack(SystemBench on, int size, long... items) {
        for (int k = 0; k < items.length; k++) {
            on.memory.write(0x7000 + (long) k * size, size, items[k]);
        }
        on.c.r[Cpu.RSP] = 0x7000;
    }

    // direct

    @Test
    void farJumpRefusesWhatIsNotReachableCode() {
        pointer(0, 0);
        assertThat(bench.faultOf(JMP_FAR)).isEqualTo("#GP(0H)");
        pointer(0, SystemBench.DATA);
        assertThat(bench.faultOf(JMP_FAR)).isEqualTo("#GP(10H)");
        pointer(0, SystemBench.USER_CODE64);
        assertThat(bench.faultOf(JMP_FAR)).isEqualTo("#GP(30H)");
        pointer(0, 0x98);
        assertThat(bench.faultOf(JMP_FAR)).isEqualTo("#GP(98H)");
        pointer(0, SystemBench.TSS);
        assertThat(bench.faultOf(JMP_FAR)).isEqualTo("#GP(38H)");
    }

    @Test
    void conformingCodeRunsAtTheCallersLevel() {
        bench.atUserLevel();
        pointer(0x1234, SystemBench.CONFORMING64);
        bench.run(JMP_FAR);
        assertThat(c.cpl).isEqualTo(3);
        assertThat(c.seg[SegmentRegister.CS].selector).isEqualTo(SystemBench.CONFORMING64 | 3);
    }

    @Test
    void farCallAndFarReturnBetweenModesComeBack() {
        pointer(0x1234, SystemBench.CODE32);
        bench.run(CALL_FAR);
        assertThat(c.codeSize).isEqualTo(4);
        assertThat(c.r[Cpu.RSP]).isEqualTo(0x7FF8);
        bench.run("CB");
        assertThat(c.codeSize).isEqualTo(8);
        assertThat(c.rip).isEqualTo(0x507);
        assertThat(c.r[Cpu.RSP]).isEqualTo(0x8000);
    }

    @Test
    void farReturnReleasesParameters() {
        stack(bench, 8, 0x1234, SystemBench.CODE64);
        bench.run("48 CA 20 00");
        assertThat(c.r[Cpu.RSP]).isEqualTo(0x7030);
    }

    // call gates

    @Test
    void aGateTakesUserCodeToTheStackOfTheTaskStateSegment() {
        bench.atUserLevel();
        pointer(0, SystemBench.GATE64);
        bench.run(CALL_FAR);
        assertThat(c.cpl).isZero();
        assertThat(c.rip).isEqualTo(SystemBench.GATE_TARGET);
        assertThat(c.seg[SegmentRegister.SS].selector).isZero();
        assertThat(c.r[Cpu.RSP]).isEqualTo(SystemBench.INNER_STACK - 32);
        assertThat(bench.memory.read(c.r[Cpu.RSP], 8)).isEqualTo(0x507);
        assertThat(bench.memory.read(c.r[Cpu.RSP] + 8, 8)).isEqualTo(SystemBench.USER_CODE64);
        assertThat(bench.memory.read(c.r[Cpu.RSP] + 16, 8)).isEqualTo(0x8000);
        assertThat(bench.memory.read(c.r[Cpu.RSP] + 24, 8)).isEqualTo(SystemBench.USER_DATA);
        bench.run(RETFQ);
        assertThat(c.cpl).isEqualTo(3);
        assertThat(c.rip).isEqualTo(0x507);
        assertThat(c.r[Cpu.RSP]).isEqualTo(0x8000);
        assertThat(c.seg[SegmentRegister.SS].selector).isEqualTo(SystemBench.USER_DATA);
    }

    @Test
    void aShortTaskStateSegmentIsInvalid() {
        bench.atUserLevel();
        c.tr.limit = 10;
        pointer(0, SystemBench.GATE64);
        assertThat(bench.faultOf(CALL_FAR)).isEqualTo("#TS(38H)");
    }

    @Test
    void aLegacyGateCopiesParametersToTheInnerStack() {
        SystemBench legacy = SystemBench.protectedMode().atUserLevel();
        legacy.c.tr.set(SystemBench.TSS32, SystemBench.TSS_BASE, 0x107, 0x8B);
        legacy.memory.write(SystemBench.TSS_BASE + 4, 4, SystemBench.INNER_STACK);
        legacy.memory.write(SystemBench.TSS_BASE + 8, 4, SystemBench.DATA);
        stack(legacy, 4, 0x11, 0x22);
        legacy.run("9A 00 00 00 00 80 00"); // call 80:0
        assertThat(legacy.c.cpl).isZero();
        assertThat(legacy.c.rip).isEqualTo(SystemBench.GATE_TARGET);
        long esp = SystemBench.INNER_STACK - 24;
        assertThat(legacy.c.r[Cpu.RSP]).isEqualTo(esp);
        long[] expected = {0x507, SystemBench.USER_CODE32, 0x11, 0x22, 0x7000, SystemBench.USER_DATA};
        for (int k = 0; k < expected.length; k++) {
            assertThat(legacy.memory.read(esp + 4 * k, 4)).as("item " + k).isEqualTo(expected[k]);
        }
        legacy.run("CA 08 00");
        assertThat(legacy.c.r[Cpu.RSP])
                .as("parameters released on the outer stack, too")
                .isEqualTo(0x7008);
        assertThat(legacy.c.cpl).isEqualTo(3);
    }

    @Test
    void aFaultOnTheInnerStackLeavesTheOldOneInForce() {
        SystemBench legacy = SystemBench.protectedMode().atUserLevel();
        legacy.c.tr.set(SystemBench.TSS32, SystemBench.TSS_BASE, 0x107, 0x8B);
        legacy.memory.write(SystemBench.TSS_BASE + 4, 4, 8);
        legacy.memory.write(SystemBench.TSS_BASE + 8, 4, SystemBench.CODE16 + 0x20);
        assertThat(legacy.faultOf("9A 00 00 00 00 80 00")).isEqualTo("#TS(98H)");
    }

    // IRET

    @Test
    void iretqGoesToUserCodeWithItsStackAndFlags() {
        c.setBudget(100);
        stack(bench, 8, 0x4000, SystemBench.USER_CODE64, Flags.IF | 2, 0x8800, SystemBench.USER_DATA);
        bench.run(IRETQ);
        assertThat(c.cpl).isEqualTo(3);
        assertThat(c.rip).isEqualTo(0x4000);
        assertThat(c.r[Cpu.RSP]).isEqualTo(0x8800);
        assertThat(c.flags.get()).isEqualTo(Flags.IF | 2);
        assertThat(c.seg[SegmentRegister.DS].isUnusable())
                .as("DPL 0 data is gone")
                .isTrue();
        assertThat(c.budget).as("interrupts may be taken now").isZero();
    }

    @Test
    void iretqAtTheSameLevelLoadsTheStackPointerToo() {
        stack(bench, 8, 0x4000, SystemBench.CODE64, 2, 0x8800, 0);
        bench.run(IRETQ);
        assertThat(c.cpl).isZero();
        assertThat(c.r[Cpu.RSP]).isEqualTo(0x8800);
        assertThat(c.seg[SegmentRegister.SS].isUnusable()).isTrue();
    }

    @Test
    void userCodeCannotRaiseItsOwnPrivilegeByIret() {
        bench.atUserLevel();
        stack(bench, 8, 0x4000, SystemBench.USER_CODE64, 0x3202, 0x8800, SystemBench.USER_DATA);
        bench.run(IRETQ);
        assertThat(c.flags.get()).as("neither IF nor IOPL").isEqualTo(2);
        stack(bench, 8, 0x4000, SystemBench.CODE64, 2, 0x8800, SystemBench.DATA);
        assertThat(bench.faultOf(IRETQ)).isEqualTo("#GP(18H)");
    }

    @Test
    void iretRefusesNonCanonicalTargetsAndNestedTasks() {
        stack(bench, 8, 1L << 47, SystemBench.CODE64, 2, 0x8800, SystemBench.DATA);
        assertThat(bench.faultOf(IRETQ)).isEqualTo("#GP(0H)");
        c.flags.system |= Flags.NT;
        assertThat(bench.faultOf(IRETQ)).isEqualTo("#GP(0H)");
    }

    @Test
    void iretUnblocksNonMaskableInterruptsEvenIfItFaults() {
        c.nmiBlocked = true;
        stack(bench, 8, 1L << 47, SystemBench.CODE64, 2, 0x8800, SystemBench.DATA);
        assertThatThrownBy(() -> bench.run(IRETQ)).hasMessage("#GP(0H)");
        assertThat(c.nmiBlocked).isFalse();
        assertThat(c.nmiUnblockedByIret).isTrue();
    }

    @Test
    void iretKeepsTheBlockingThatSomebodyElseAnswersFor() {
        c.nmiBlocked = true;
        c.eventGate = new EventGate() {
            @Override
            public boolean taken(Cpu cpu, Event event, @Nullable Event during) {
                return false;
            }

            @Override
            public boolean tripleFaultTaken(Cpu cpu) {
                return false;
            }

            @Override
            public boolean endNmiBlocking(Cpu cpu) {
                return false;
            }
        };
        stack(bench, 8, 0x4000, SystemBench.CODE64, 2, 0x8800, SystemBench.DATA);
        bench.run(IRETQ);
        assertThat(c.nmiBlocked).isTrue();
    }

    @Test
    void realModeIretPopsThreeWords() {
        SystemBench real = SystemBench.real();
        stack(real, 2, 0x1234, 0x100, Flags.IF | Flags.CF | 2);
        real.run("CF");
        assertThat(real.c.rip).isEqualTo(0x1234);
        assertThat(real.c.seg[SegmentRegister.CS].base).isEqualTo(0x1000);
        assertThat(real.c.flags.get()).isEqualTo(Flags.IF | Flags.CF | 2);
        assertThat(real.c.r[Cpu.RSP]).isEqualTo(0x7006);
    }

    @Test
    void iretdToVirtual8086ModeLoadsAllSegments() {
        SystemBench legacy = SystemBench.protectedMode();
        stack(legacy, 4, 0x10, 0x100, Flags.VM | 2, 0x80, 0x200, 0x300, 0x400, 0x500, 0x600);
        legacy.run("CF");
        assertThat(legacy.c.virtual8086()).isTrue();
        assertThat(legacy.c.cpl).isEqualTo(3);
        assertThat(legacy.c.codeSize).isEqualTo(2);
        assertThat(legacy.c.seg[SegmentRegister.GS].base).isEqualTo(0x6000);
        assertThat(legacy.c.r[Cpu.RSP]).isEqualTo(0x80);
        assertThat(legacy.faultOf("CF")).as("IOPL 0").isEqualTo("#GP(0H)");
        assertThat(legacy.faultOf("CD 20")).as("IOPL 0").isEqualTo("#GP(0H)");
    }
}

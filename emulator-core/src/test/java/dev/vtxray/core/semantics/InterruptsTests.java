package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import org.junit.jupiter.api.Test;

class InterruptsTests {
    private static final long HANDLER = 0x4000;

    private final SystemBench bench = SystemBench.longMode();
    private final Cpu c = bench.c;

    /** An interrupt gate of DPL 3 for a vector. */
    private void gate(int vector) {
        c.idtrLimit = 0xFFF;
        bench.memory.write(SystemBench.IDT + 16L * vector, 8, 0x0000_EE00_0018_0000L | HANDLER);
    }

    @Test
    void intGoesThroughItsGateAndPushesTheNextInstruction() {
        gate(0x80);
        bench.atUserLevel().run("CD 80");
        assertThat(c.rip).isEqualTo(HANDLER);
        assertThat(c.cpl).isZero();
        assertThat(bench.memory.read(c.r[Cpu.RSP], 8)).isEqualTo(0x502);
    }

    @Test
    void int3AndInt1PushTheNextInstructionToo() {
        gate(3);
        gate(1);
        bench.run("CC");
        assertThat(c.rip).isEqualTo(HANDLER);
        assertThat(bench.memory.read(c.r[Cpu.RSP], 8)).isEqualTo(0x501);
        bench.run("F1");
        assertThat(bench.memory.read(c.r[Cpu.RSP], 8)).isEqualTo(HANDLER + 1);
    }

    @Test
    void intoActsOnlyOnOverflow() {
        SystemBench real = SystemBench.real();
        real.memory.write(4 * 4, 4, 0x0100_4000);
        real.run("CE");
        assertThat(real.c.rip).isEqualTo(0x501);
        real.c.flags.setStatus(Flags.OF);
        real.run("CE");
        assertThat(real.c.rip).isEqualTo(0x4000);
        assertThat(real.memory.read(real.c.r[Cpu.RSP], 2)).isEqualTo(0x502);
    }

    @Test
    void stiShadowsOneInstructionOnlyIfInterruptsWereOff() {
        c.setBudget(100);
        bench.run("FB");
        assertThat(c.flags.has(Flags.IF)).isTrue();
        assertThat(c.shadow).isEqualTo(Cpu.STI_SHADOW);
        assertThat(c.budget).isZero();
        c.shadow = Cpu.NO_SHADOW;
        bench.run("FB");
        assertThat(c.shadow).isEqualTo(Cpu.NO_SHADOW);
    }

    @Test
    void theInterruptFlagIsGuardedByTheInputOutputPrivilegeLevel() {
        bench.atUserLevel();
        assertThat(bench.faultOf("FA")).isEqualTo("#GP(0H)");
        assertThat(bench.faultOf("FB")).isEqualTo("#GP(0H)");
        c.flags.system |= Flags.IOPL;
        assertThat(bench.faultOf("FB")).isEqualTo("none");
        assertThat(bench.faultOf("FA")).isEqualTo("none");
        assertThat(c.flags.has(Flags.IF)).isFalse();
    }

    @Test
    void hltWaitsBehindItself() {
        c.setBudget(100);
        bench.run("F4");
        assertThat(c.activity).isEqualTo(Activity.HLT);
        assertThat(c.rip).isEqualTo(0x501);
        assertThat(c.budget).isZero();
    }
}

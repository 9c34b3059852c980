package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.SegmentRegister;
import org.junit.jupiter.api.Test;

class FastCallsTests {
    private static final String SYSCALL = "0F 05";
    private static final String SYSRETQ = "48 0F 07";
    private static final String SYSENTER = "0F 34";
    private static final String SYSEXITQ = "48 0F 35";

    private final SystemBench bench = SystemBench.longMode();
    private final Cpu c = bench.c;

    @Test
    void syscallAndSysretMakeARoundTrip() {
        bench.atUserLevel();
        c.msr.star = 0x0023_0008_0000_0000L;
        c.msr.lstar = 0xFFFF_8000_0000_1234L;
        c.msr.fmask = Flags.IF | Flags.DF;
        c.flags.set(Flags.IF | Flags.DF | Flags.CF);
        bench.run(SYSCALL);
        assertThat(c.cpl).isZero();
        assertThat(c.rip).isEqualTo(0xFFFF_8000_0000_1234L);
        assertThat(c.r[Cpu.RCX]).isEqualTo(0x502);
        assertThat(c.r[11]).isEqualTo(Flags.IF | Flags.DF | Flags.CF | 2);
        assertThat(c.flags.get()).isEqualTo(Flags.CF | 2);
        assertThat(c.seg[SegmentRegister.CS].selector).isEqualTo(8);
        assertThat(c.seg[SegmentRegister.SS].selector).isEqualTo(0x10);
        assertThat(c.r[Cpu.RSP]).as("the stack is the handler's business").isEqualTo(0x8000);
        bench.run(SYSRETQ);
        assertThat(c.cpl).isEqualTo(3);
        assertThat(c.codeSize).isEqualTo(8);
        assertThat(c.rip).isEqualTo(0x502);
        assertThat(c.flags.get()).isEqualTo(Flags.IF | Flags.DF | Flags.CF | 2);
        assertThat(c.seg[SegmentRegister.CS].selector).isEqualTo(0x33);
        assertThat(c.seg[SegmentRegister.SS].selector).isEqualTo(0x2B);
    }

    @Test
    void sysretWithoutRexGoesToCompatibilityMode() {
        c.msr.star = 0x0023_0008_0000_0000L;
        c.r[Cpu.RCX] = 0x1_0000_4000L;
        bench.run("0F 07");
        assertThat(c.codeSize).isEqualTo(4);
        assertThat(c.rip).isEqualTo(0x4000);
        assertThat(c.seg[SegmentRegister.CS].selector).isEqualTo(0x23);
    }

    @Test
    void bothAreUndefinedWithoutTheirEnableBit() {
        c.efer &= ~Control.EFER_SCE;
        assertThat(bench.faultOf(SYSCALL)).isEqualTo("#UD");
        assertThat(bench.faultOf(SYSRETQ)).isEqualTo("#UD");
    }

    @Test
    void sysretChecksPrivilegeAndItsTarget() {
        c.r[Cpu.RCX] = 1L << 47;
        assertThat(bench.faultOf(SYSRETQ)).isEqualTo("#GP(0H)");
        c.r[Cpu.RCX] = 0;
        bench.atUserLevel();
        assertThat(bench.faultOf(SYSRETQ)).isEqualTo("#GP(0H)");
    }

    @Test
    void sysenterAndSysexitMakeARoundTrip() {
        bench.atUserLevel();
        c.msr.sysenterCs = 0x08;
        c.msr.sysenterEip = 0xFFFF_8000_0000_1000L;
        c.msr.sysenterEsp = 0xFFFF_8000_0000_2000L;
        c.flags.system |= Flags.IF;
        bench.run(SYSENTER);
        assertThat(c.cpl).isZero();
        assertThat(c.codeSize).isEqualTo(8);
        assertThat(c.rip).isEqualTo(0xFFFF_8000_0000_1000L);
        assertThat(c.r[Cpu.RSP]).isEqualTo(0xFFFF_8000_0000_2000L);
        assertThat(c.flags.has(Flags.IF)).isFalse();
        c.r[Cpu.RDX] = 0x4000;
        c.r[Cpu.RCX] = 0x8800;
        bench.run(SYSEXITQ);
        assertThat(c.cpl).isEqualTo(3);
        assertThat(c.rip).isEqualTo(0x4000);
        assertThat(c.r[Cpu.RSP]).isEqualTo(0x8800);
        assertThat(c.seg[SegmentRegister.CS].selector).isEqualTo(0x2B);
        assertThat(c.seg[SegmentRegister.SS].selector).isEqualTo(0x33);
    }

    @Test
    void sysenterNeedsASelectorAndProtectedMode() {
        assertThat(bench.faultOf(SYSENTER)).isEqualTo("#GP(0H)");
        SystemBench real = SystemBench.real();
        real.c.msr.sysenterCs = 8;
        assertThat(real.faultOf(SYSENTER)).isEqualTo("#GP(0H)");
    }
}

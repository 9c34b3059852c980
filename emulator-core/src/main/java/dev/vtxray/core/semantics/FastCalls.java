package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.isa.CpuidFeature;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;

/** System calls that load flat segments without looking at descriptors. */
final class FastCalls {
    /** Present, type 11 (code, readable, accessed), 4-GByte limit. */
    private static final int FLAT_CODE = SegmentRegister.P | SegmentRegister.S | SegmentRegister.G | 0xB;
    /** Present, type 3 (data, writable, accessed), 4-GByte limit, 32-bit. */
    private static final int FLAT_DATA =
            SegmentRegister.P | SegmentRegister.S | SegmentRegister.G | SegmentRegister.DB | 0x3;

    private static final int FLAT_LIMIT = -1;

    /** RFLAGS bits that SYSRET loads. */
    private static final long SYSRET_FLAGS = 0x3C_7FD7;

    private FastCalls() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("SYSCALL",  "0F 05", "").o64().needs(CpuidFeature.SYSCALL).ends().does(FastCalls::syscall);
        rows.row("SYSRET",   "0F 07", "").o64().needs(CpuidFeature.SYSCALL).ends().does(FastCalls::sysret);
        rows.row("SYSENTER", "0F 34", "")      .needs(CpuidFeature.SEP)    .ends().does(FastCalls::sysenter);
        rows.row("SYSEXIT",  "0F 35", "")      .needs(CpuidFeature.SEP)    .ends().does(FastCalls::sysexit);
        // @formatter:on
    }

    private static void loadFlat(Cpu c, int codeSelector, int stackSelector, int cpl, boolean is64Bit) {
        int dpl = cpl << SegmentRegister.DPL_SHIFT;
        int mode = is64Bit ? SegmentRegister.L : SegmentRegister.DB;
        c.seg[SegmentRegister.CS].set(codeSelector, 0, FLAT_LIMIT, FLAT_CODE | dpl | mode);
        c.seg[SegmentRegister.SS].set(stackSelector, 0, FLAT_LIMIT, FLAT_DATA | dpl);
        c.cpl = cpl;
        c.contextChanged();
    }

    private static void checkSystemCallEnabled(Cpu c) {
        if ((c.efer & Control.EFER_SCE) == 0) {
            throw GuestFault.undefinedOpcode();
        }
    }

    static void syscall(Cpu c, Insn i) {
        checkSystemCallEnabled(c);
        int selector = (int) (c.msr.star >>> 32) & 0xFFFC;
        c.r[Cpu.RCX] = SystemOperands.next(c, i);
        c.r[11] = c.flags.get() & ~Flags.RF;
        c.flags.set(c.flags.get() & ~(c.msr.fmask | Flags.RF));
        loadFlat(c, selector, selector + 8, 0, true);
        c.rip = c.msr.lstar;
    }

    static void sysret(Cpu c, Insn i) {
        checkSystemCallEnabled(c);
        c.requirePrivilege();
        boolean to64Bit = i.size == 8;
        if (to64Bit && !c.isCanonical(c.r[Cpu.RCX])) {
            throw GuestFault.generalProtection();
        }
        int selector = (int) (c.msr.star >>> 48) | 3;
        SystemOperands.loadFlags(c, c.r[11] & SYSRET_FLAGS);
        loadFlat(c, to64Bit ? selector + 16 : selector, selector + 8, 3, to64Bit);
        c.rip = to64Bit ? c.r[Cpu.RCX] : c.r[Cpu.RCX] & 0xFFFF_FFFFL;
    }

    static void sysenter(Cpu c, Insn i) {
        int selector = (int) c.msr.sysenterCs & 0xFFFC;
        if (!c.protectedMode() || selector == 0) {
            throw GuestFault.generalProtection();
        }
        c.flags.system &= ~(Flags.VM | Flags.IF);
        loadFlat(c, selector, selector + 8, 0, c.longMode);
        long mask = c.ripMask();
        c.r[Cpu.RSP] = c.msr.sysenterEsp & mask;
        c.rip = c.msr.sysenterEip & mask;
    }

    static void sysexit(Cpu c, Insn i) {
        int base = (int) c.msr.sysenterCs & 0xFFFC;
        if (!c.protectedMode() || base == 0) {
            throw GuestFault.generalProtection();
        }
        c.requirePrivilege();
        boolean to64Bit = i.size == 8;
        if (to64Bit && !(c.isCanonical(c.r[Cpu.RCX]) && c.isCanonical(c.r[Cpu.RDX]))) {
            throw GuestFault.generalProtection();
        }
        int selector = base + (to64Bit ? 32 : 16) | 3;
        loadFlat(c, selector, selector + 8, 3, to64Bit);
        long mask = c.ripMask();
        c.r[Cpu.RSP] = c.r[Cpu.RCX] & mask;
        c.rip = c.r[Cpu.RDX] & mask;
    }
}

package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;
import dev.vtxray.core.port.EventGate;
import dev.vtxray.core.port.SecondStage;

/** Far returns and returns from interrupts. */
final class FarReturns {
    /** RFLAGS bits that IRET loads at every privilege and operand size. */
    private static final int IRET_FLAGS = Flags.STATUS | Flags.TF | Flags.DF | Flags.NT;

    private FarReturns() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("RETF", "CA", "Iw")                   .ends().does(FarReturns::retfImmediate);
        rows.row("RETF", "CB", "")                     .ends().does(FarReturns::retf);
        rows.row("IRET", "CF", "").flags("OSZAPCDIN")  .ends().does(FarReturns::iret);
        // @formatter:on
    }

    // RET

    static void retf(Cpu c, Insn i) {
        farReturn(c, i.size, 0);
    }

    /** Releases parameters: of both stacks if the privilege changes. */
    static void retfImmediate(Cpu c, Insn i) {
        farReturn(c, i.size, i.imm & 0xFFFF);
    }

    private static void farReturn(Cpu c, int size, long release) {
        long offset = c.loadStack(0, size);
        int selector = (int) c.loadStack(size, size) & 0xFFFF;
        long used = 2L * size + release;
        long rsp = c.r[Cpu.RSP];
        if (!SystemOperands.usesDescriptors(c)) {
            CodeSegments.checkRealOffset(c, offset);
            c.setStackPointer(rsp + used);
            CodeSegments.enterReal(c, selector, offset);
            return;
        }
        long descriptor = CodeSegments.descriptor(c, selector);
        CodeSegments.checkReturn(c, selector, SegmentRegister.accessOf(descriptor));
        CodeSegments.checkOffset(c, descriptor, offset);
        if ((selector & 3) == c.cpl) {
            long mask = c.stackMask;
            CodeSegments.enter(c, selector, descriptor, c.cpl, offset);
            c.r[Cpu.RSP] = rsp & ~mask | rsp + used & mask;
        } else {
            long outerRsp = c.loadStack(used, size);
            int outerSs = (int) c.loadStack(used + size, size) & 0xFFFF;
            CodeSegments.enterWithStack(c, selector, descriptor, offset, outerSs, outerRsp + release);
        }
    }

    // IRET

    /** NMIs are unblocked even if the return then faults (SDM, Handling Multiple NMIs). */
    static void iret(Cpu c, Insn i) {
        c.nmiUnblockedByIret = false;
        try {
            returnFromInterrupt(c, i.size);
        } catch (GuestFault | SecondStage.Taken notDone) {
            unblockNmi(c);
            throw notDone;
        }
        unblockNmi(c);
    }

    private static void unblockNmi(Cpu c) {
        EventGate gate = c.eventGate;
        c.nmiUnblockedByIret = gate == null ? c.endNmiBlocking() : gate.endNmiBlocking(c);
        if (c.nmiUnblockedByIret) {
            c.attend();
        }
    }

    private static void returnFromInterrupt(Cpu c, int size) {
        if (c.virtual8086() && c.flags.iopl() < 3) {
            throw GuestFault.generalProtection();
        }
        boolean real = !SystemOperands.usesDescriptors(c);
        if (!real && c.flags.has(Flags.NT)) {
            // Deviation: outside IA-32e mode this would be a return to another task; there is no task switch yet.
            throw GuestFault.generalProtection();
        }
        long offset = c.loadStack(0, size);
        int selector = (int) c.loadStack(size, size) & 0xFFFF;
        long flags = c.loadStack(2L * size, size);
        long mask = flagsWritten(c, size);
        if (real) {
            CodeSegments.checkRealOffset(c, offset);
            c.setStackPointer(c.r[Cpu.RSP] + 3L * size);
            CodeSegments.enterReal(c, selector, offset);
        } else if ((flags & Flags.VM) != 0 && size == 4 && c.cpl == 0 && !c.longMode) {
            returnToVirtual8086(c, offset, selector, flags);
            return;
        } else {
            returnProtected(c, size, offset, selector);
        }
        SystemOperands.loadFlags(c, c.flags.get() & ~mask | flags & mask);
    }

    private static void returnProtected(Cpu c, int size, long offset, int selector) {
        long descriptor = CodeSegments.descriptor(c, selector);
        CodeSegments.checkReturn(c, selector, SegmentRegister.accessOf(descriptor));
        CodeSegments.checkOffset(c, descriptor, offset);
        if (c.codeSize == 8 || (selector & 3) != c.cpl) {
            long rsp = c.loadStack(3L * size, size);
            int stackSelector = (int) c.loadStack(4L * size, size) & 0xFFFF;
            CodeSegments.enterWithStack(c, selector, descriptor, offset, stackSelector, rsp);
        } else {
            long rsp = c.r[Cpu.RSP];
            long mask = c.stackMask;
            CodeSegments.enter(c, selector, descriptor, c.cpl, offset);
            c.r[Cpu.RSP] = rsp & ~mask | rsp + 3L * size & mask;
        }
    }

    private static long flagsWritten(Cpu c, int size) {
        boolean wide = size > 2;
        int written = IRET_FLAGS | (wide ? Flags.RF | Flags.AC | Flags.ID : 0);
        if (c.cpl <= c.flags.iopl()) {
            written |= Flags.IF;
        }
        if (c.cpl == 0) {
            written |= Flags.IOPL | (wide && c.protectedMode() ? Flags.VIF | Flags.VIP : 0);
        }
        return written;
    }

    private static void returnToVirtual8086(Cpu c, long offset, int selector, long flags) {
        long rsp = c.loadStack(12, 4);
        int[] selectors = new int[6];
        selectors[SegmentRegister.SS] = (int) c.loadStack(16, 4) & 0xFFFF;
        selectors[SegmentRegister.ES] = (int) c.loadStack(20, 4) & 0xFFFF;
        selectors[SegmentRegister.DS] = (int) c.loadStack(24, 4) & 0xFFFF;
        selectors[SegmentRegister.FS] = (int) c.loadStack(28, 4) & 0xFFFF;
        selectors[SegmentRegister.GS] = (int) c.loadStack(32, 4) & 0xFFFF;
        selectors[SegmentRegister.CS] = selector;
        for (int k = 0; k < selectors.length; k++) {
            c.seg[k].set(selectors[k], (long) selectors[k] << 4, 0xFFFF, 0xF3);
        }
        c.cpl = 3;
        SystemOperands.loadFlags(c, flags);
        c.contextChanged();
        c.r[Cpu.RSP] = rsp;
        c.rip = offset & 0xFFFF;
    }
}

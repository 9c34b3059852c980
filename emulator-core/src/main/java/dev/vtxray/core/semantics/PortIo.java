package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;
import dev.vtxray.core.port.SensitiveOp;

/**
 * Port input and output.
 *
 * <p>The interceptor's operand is the port. For the string forms it is asked before each iteration.
 */
final class PortIo {
    private static final int IO_MAP_BASE = 102;
    private static final int TSS_MINIMUM_LIMIT = 103;
    private static final int TSS_TYPES = SegmentRegister.S | SegmentRegister.TYPE;
    private static final int TSS_BUSY = 0xB;

    private PortIo() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("IN",   "E4", "AL,Ib") .sensitive(SensitiveOp.IN)  .does(PortIo::inImmediate);
        rows.row("IN",   "E5", "eAX,Ib").sensitive(SensitiveOp.IN)  .does(PortIo::inImmediate);
        rows.row("IN",   "EC", "AL,DX") .sensitive(SensitiveOp.IN)  .does(PortIo::inDx);
        rows.row("IN",   "ED", "eAX,DX").sensitive(SensitiveOp.IN)  .does(PortIo::inDx);
        rows.row("OUT",  "E6", "Ib,AL") .sensitive(SensitiveOp.OUT) .does(PortIo::outImmediate);
        rows.row("OUT",  "E7", "Ib,eAX").sensitive(SensitiveOp.OUT) .does(PortIo::outImmediate);
        rows.row("OUT",  "EE", "DX,AL") .sensitive(SensitiveOp.OUT) .does(PortIo::outDx);
        rows.row("OUT",  "EF", "DX,eAX").sensitive(SensitiveOp.OUT) .does(PortIo::outDx);
        rows.row("INS",  "6C", "Yb,DX") .sensitive(SensitiveOp.INS) .does(PortIo::ins);
        rows.row("INS",  "6D", "Yz,DX") .sensitive(SensitiveOp.INS) .does(PortIo::ins);
        rows.row("OUTS", "6E", "DX,Xb") .sensitive(SensitiveOp.OUTS).does(PortIo::outs);
        rows.row("OUTS", "6F", "DX,Xz") .sensitive(SensitiveOp.OUTS).does(PortIo::outs);
        // @formatter:on
    }

    // IN and OUT

    static void inImmediate(Cpu c, Insn i) {
        in(c, i, (int) i.imm & 0xFF);
    }

    static void inDx(Cpu c, Insn i) {
        in(c, i, dx(c));
    }

    static void outImmediate(Cpu c, Insn i) {
        out(c, i, (int) i.imm & 0xFF);
    }

    static void outDx(Cpu c, Insn i) {
        out(c, i, dx(c));
    }

    private static int dx(Cpu c) {
        return (int) c.r[Cpu.RDX] & 0xFFFF;
    }

    private static void in(Cpu c, Insn i, int port) {
        checkPermission(c, port, i.dstSize);
        if (c.taken(SensitiveOp.IN, i, port)) {
            return;
        }
        i.storeDst(c, c.io.in(port, i.dstSize));
        c.advance(i);
    }

    private static void out(Cpu c, Insn i, int port) {
        checkPermission(c, port, i.srcSize);
        if (c.taken(SensitiveOp.OUT, i, port)) {
            return;
        }
        c.advance(i);
        write(c, port, i.srcSize, i.loadSrc(c));
    }

    private static void write(Cpu c, int port, int size, long value) {
        c.io.out(port, size, value);
        c.probe.portWritten(c, port, size, (int) value);
    }

    // INS and OUTS

    static void ins(Cpu c, Insn i) {
        repeat(c, i, PortIo::insOnce);
    }

    static void outs(Cpu c, Insn i) {
        repeat(c, i, PortIo::outsOnce);
    }

    /** One iteration of a string instruction. */
    private interface Iteration {
        /** Does it with its index register, and tells whether it was done here: false if it was taken over. */
        boolean done(Cpu c, Insn i);
    }

    /**
     * Repeats while the count in rCX and the budget last. Each iteration is one retired instruction, the first of which
     * the engine has charged. When the budget is used up RIP stays at the instruction.
     */
    private static void repeat(Cpu c, Insn i, Iteration iteration) {
        if (i.rep == Insn.NO_REP) {
            if (iteration.done(c, i)) {
                c.advance(i);
            }
            return;
        }
        c.rip = SystemOperands.start(c, i);
        while ((c.r[Cpu.RCX] & i.addressMask) != 0) {
            if (!iteration.done(c, i)) {
                return;
            }
            SystemOperands.setAddressRegister(c, i, Cpu.RCX, c.r[Cpu.RCX] - 1);
            if ((c.r[Cpu.RCX] & i.addressMask) != 0) {
                if (c.budget <= 0) {
                    c.pauseRepetition();
                    return;
                }
                c.budget--;
            }
        }
        c.advance(i);
    }

    private static boolean insOnce(Cpu c, Insn i) {
        int port = dx(c);
        int size = i.dstSize;
        checkPermission(c, port, size);
        if (c.taken(SensitiveOp.INS, i, port)) {
            return false;
        }
        long la = c.linear(SegmentRegister.ES, c.r[Cpu.RDI] & i.addressMask, size, true);
        c.mmu.probeStore(la, size);
        c.mmu.store(la, size, c.io.in(port, size));
        step(c, i, Cpu.RDI, size);
        return true;
    }

    private static boolean outsOnce(Cpu c, Insn i) {
        int port = dx(c);
        int size = i.srcSize;
        checkPermission(c, port, size);
        if (c.taken(SensitiveOp.OUTS, i, port)) {
            return false;
        }
        long value = c.load(i, c.r[Cpu.RSI] & i.addressMask, size);
        write(c, port, size, value);
        step(c, i, Cpu.RSI, size);
        return true;
    }

    private static void step(Cpu c, Insn i, int register, int size) {
        SystemOperands.setAddressRegister(c, i, register, c.r[register] + (c.flags.has(Flags.DF) ? -size : size));
    }

    // permission

    /** IOPL, and beyond it the I/O permission bit map of the TSS (SDM, Input/Output, "Protected-Mode I/O"). */
    private static void checkPermission(Cpu c, int port, int size) {
        if (!c.protectedMode() || c.cpl <= c.flags.iopl() && !c.virtual8086()) {
            return;
        }
        long limit = c.tr.limit & 0xFFFF_FFFFL;
        if ((c.tr.access & TSS_TYPES) != TSS_BUSY || limit < TSS_MINIMUM_LIMIT) {
            throw GuestFault.generalProtection();
        }
        long at = c.mmu.loadSystem(c.wrap(c.tr.base + IO_MAP_BASE), 2) + port / 8;
        if (at + 1 > limit) {
            throw GuestFault.generalProtection();
        }
        long bits = c.mmu.loadSystem(c.wrap(c.tr.base + at), 2) >>> (port & 7);
        if ((bits & (1 << size) - 1) != 0) {
            throw GuestFault.generalProtection();
        }
    }
}

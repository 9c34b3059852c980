package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.isa.CpuidFeature;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;

/**
 * Exchanges, with and without comparison (SDM, Instruction Set Reference, "XCHG", "XADD", "CMPXCHG",
 * "CMPXCHG8B/CMPXCHG16B"). CPUs take turns between instructions, so every one of them is atomic without further ado.
 */
final class Atomics {
    private Atomics() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("XCHG",      "86",       "Eb,Gb") .lock()                                       .does(Atomics::xchg);
        rows.row("XCHG",      "87",       "Ev,Gv") .lock()                                       .does(Atomics::xchg);
        rows.row("XCHG",      "90+r",     "Zv,rAX")                                              .does(Atomics::xchg);
        rows.row("CMPXCHG",   "0F B0",    "Eb,Gb") .lock().flags("OSZAPC")                       .does(Atomics::cmpxchg);
        rows.row("CMPXCHG",   "0F B1",    "Ev,Gv") .lock().flags("OSZAPC")                       .does(Atomics::cmpxchg);
        rows.row("XADD",      "0F C0",    "Eb,Gb") .lock().flags("OSZAPC")                       .does(Atomics::xadd);
        rows.row("XADD",      "0F C1",    "Ev,Gv") .lock().flags("OSZAPC")                       .does(Atomics::xadd);
        rows.row("CMPXCHG8B", "0F C7 /1", "M")     .lock().flags("Z").needs(CpuidFeature.CX8)    .does(Atomics::cmpxchgWide);
        // @formatter:on
    }

    static void xchg(Cpu c, Insn i) {
        long destination = i.loadDstForUpdate(c);
        long source = i.loadSrc(c);
        i.storeDst(c, source);
        i.storeSrcRegister(c, destination);
    }

    static void xadd(Cpu c, Insn i) {
        long destination = i.loadDstForUpdate(c);
        long a = destination << i.align;
        long b = i.loadSrc(c) << i.align;
        long sum = a + b;
        if (i.dstMem) {
            i.storeDst(c, sum >>> i.align);
            i.storeSrcRegister(c, destination);
        } else {
            // The sum stays where both operands are the same register.
            i.storeSrcRegister(c, destination);
            i.storeDst(c, sum >>> i.align);
        }
        c.flags.setArithmetic(i.align, a & b | (a | b) & ~sum, sum);
    }

    static void cmpxchg(Cpu c, Insn i) {
        long destination = i.loadDstForUpdate(c);
        long accumulator = c.r[Cpu.RAX] & i.dstMask;
        if (accumulator == destination) {
            i.storeDst(c, i.loadSrc(c));
        } else {
            // Memory is written in any case, a register only on success (a 32-bit one keeps its upper half).
            if (i.dstMem) {
                i.storeDst(c, destination);
            }
            long keep = i.size >= 4 ? 0 : ~i.dstMask;
            c.r[Cpu.RAX] = c.r[Cpu.RAX] & keep | destination;
        }
        long a = accumulator << i.align;
        long b = destination << i.align;
        long difference = a - b;
        c.flags.setArithmetic(i.align, ~a & b | (~a | b) & difference, difference);
    }

    /** CMPXCHG8B, with REX.W CMPXCHG16B. */
    static void cmpxchgWide(Cpu c, Insn i) {
        if (i.size == 8) {
            cmpxchg16b(c, i);
        } else {
            cmpxchg8b(c, i);
        }
    }

    private static void cmpxchg8b(Cpu c, Insn i) {
        long offset = i.offset(c);
        long old = c.loadForUpdate(i, offset, 8);
        boolean equal = old == pair(c, Cpu.RDX, Cpu.RAX);
        c.store(i, offset, 8, equal ? pair(c, Cpu.RCX, Cpu.RBX) : old);
        if (!equal) {
            c.r[Cpu.RAX] = old & 0xFFFF_FFFFL;
            c.r[Cpu.RDX] = old >>> 32;
        }
        c.flags.setZero(equal);
    }

    private static long pair(Cpu c, int high, int low) {
        return c.r[high] << 32 | c.r[low] & 0xFFFF_FFFFL;
    }

    private static void cmpxchg16b(Cpu c, Insn i) {
        long offset = i.offset(c);
        if ((c.linear(i.seg, offset, 16, true) & 15) != 0) {
            throw GuestFault.generalProtection();
        }
        // Aligned to 16 bytes both halves lie in one page: once the first may be written, so may the second.
        long low = c.loadForUpdate(i, offset, 8);
        long high = c.loadForUpdate(i, offset + 8 & i.addressMask, 8);
        boolean equal = low == c.r[Cpu.RAX] && high == c.r[Cpu.RDX];
        c.store(i, offset, 8, equal ? c.r[Cpu.RBX] : low);
        c.store(i, offset + 8 & i.addressMask, 8, equal ? c.r[Cpu.RCX] : high);
        if (!equal) {
            c.r[Cpu.RAX] = low;
            c.r[Cpu.RDX] = high;
        }
        c.flags.setZero(equal);
    }
}

package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.isa.CpuidFeature;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;

/** Bit tests, bit scans, bit counts and byte-swapping moves (SDM, Instruction Set Reference). */
final class BitOperations {
    private BitOperations() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("BT",     "0F A3",    "Ev,Gv")       .flags("C").undefined("OSAP") .does(BitOperations::bt);
        rows.row("BTS",    "0F AB",    "Ev,Gv").lock().flags("C").undefined("OSAP") .does(BitOperations::bts);
        rows.row("BTR",    "0F B3",    "Ev,Gv").lock().flags("C").undefined("OSAP") .does(BitOperations::btr);
        rows.row("BTC",    "0F BB",    "Ev,Gv").lock().flags("C").undefined("OSAP") .does(BitOperations::btc);
        rows.row("BT",     "0F BA /4", "Ev,Ib")       .flags("C").undefined("OSAP") .does(BitOperations::bt);
        rows.row("BTS",    "0F BA /5", "Ev,Ib").lock().flags("C").undefined("OSAP") .does(BitOperations::bts);
        rows.row("BTR",    "0F BA /6", "Ev,Ib").lock().flags("C").undefined("OSAP") .does(BitOperations::btr);
        rows.row("BTC",    "0F BA /7", "Ev,Ib").lock().flags("C").undefined("OSAP") .does(BitOperations::btc);
        rows.row("BSF",    "0F BC",    "Gv,Ev").flags("Z").undefined("OSAPC")       .does(BitOperations::bsf);
        rows.row("BSR",    "0F BD",    "Gv,Ev").flags("Z").undefined("OSAPC")       .does(BitOperations::bsr);
        rows.row("TZCNT",  "F3 0F BC", "Gv,Ev").needs(CpuidFeature.BMI1)
                                               .flags("ZC").undefined("OSAP")       .does(BitOperations::tzcnt);
        rows.row("LZCNT",  "F3 0F BD", "Gv,Ev").needs(CpuidFeature.LZCNT)
                                               .flags("ZC").undefined("OSAP")       .does(BitOperations::lzcnt);
        rows.row("POPCNT", "F3 0F B8", "Gv,Ev").needs(CpuidFeature.POPCNT)
                                               .flags("OSZAPC")                     .does(BitOperations::popcnt);
        rows.row("MOVBE",  "0F 38 F0", "Gv,Mv").needs(CpuidFeature.MOVBE)           .does(BitOperations::movbe);
        rows.row("MOVBE",  "0F 38 F1", "Mv,Gv").needs(CpuidFeature.MOVBE)           .does(BitOperations::movbe);
        // @formatter:on
    }

    // one bit of a register or of a bit string in memory

    static void bt(Cpu c, Insn i) {
        long word = i.dstMem ? c.load(i, wordOffset(c, i), i.size) : i.loadDst(c);
        c.flags.setCarry((word & bit(c, i)) != 0);
    }

    static void bts(Cpu c, Insn i) {
        long offset = wordOffset(c, i);
        long word = loadForUpdate(c, i, offset);
        long bit = bit(c, i);
        store(c, i, offset, word | bit);
        c.flags.setCarry((word & bit) != 0);
    }

    static void btr(Cpu c, Insn i) {
        long offset = wordOffset(c, i);
        long word = loadForUpdate(c, i, offset);
        long bit = bit(c, i);
        store(c, i, offset, word & ~bit);
        c.flags.setCarry((word & bit) != 0);
    }

    static void btc(Cpu c, Insn i) {
        long offset = wordOffset(c, i);
        long word = loadForUpdate(c, i, offset);
        long bit = bit(c, i);
        store(c, i, offset, word ^ bit);
        c.flags.setCarry((word & bit) != 0);
    }

    /** The bit that is meant, inside its word. */
    private static long bit(Cpu c, Insn i) {
        return 1L << (i.loadSrc(c) & 8 * i.size - 1);
    }

    /**
     * Offset of the word that holds the bit: a register names any bit of the string around the memory operand, before or
     * behind it; an immediate only one of the operand itself.
     */
    private static long wordOffset(Cpu c, Insn i) {
        if (!i.dstMem) {
            return 0;
        }
        long index = i.src == Insn.ZERO ? 0 : c.r[i.src] << i.align >> i.align;
        return i.offset(c) + (index >> 3 & -i.size) & i.addressMask;
    }

    private static long loadForUpdate(Cpu c, Insn i, long offset) {
        return i.dstMem ? c.loadForUpdate(i, offset, i.size) : i.loadDst(c);
    }

    private static void store(Cpu c, Insn i, long offset, long value) {
        if (i.dstMem) {
            c.store(i, offset, i.size, value);
        } else {
            i.storeDst(c, value);
        }
    }

    // scans and counts

    // Of a source of zero BSF and BSR leave the destination alone, as every processor does.

    static void bsf(Cpu c, Insn i) {
        long source = i.loadSrc(c);
        if (source != 0) {
            i.storeDst(c, Long.numberOfTrailingZeros(source));
        }
        c.flags.setZero(source == 0);
    }

    static void bsr(Cpu c, Insn i) {
        long source = i.loadSrc(c);
        if (source != 0) {
            i.storeDst(c, 63 - Long.numberOfLeadingZeros(source));
        }
        c.flags.setZero(source == 0);
    }

    static void tzcnt(Cpu c, Insn i) {
        long source = i.loadSrc(c);
        count(c, i, Math.min(Long.numberOfTrailingZeros(source), 8 * i.size), source == 0);
    }

    static void lzcnt(Cpu c, Insn i) {
        long source = i.loadSrc(c);
        count(c, i, Long.numberOfLeadingZeros(source) - i.align, source == 0);
    }

    private static void count(Cpu c, Insn i, int zeros, boolean carry) {
        i.storeDst(c, zeros);
        c.flags.setStatus(
                c.flags.status() & ~(Flags.CF | Flags.ZF) | (carry ? Flags.CF : 0) | (zeros == 0 ? Flags.ZF : 0));
    }

    static void popcnt(Cpu c, Insn i) {
        long source = i.loadSrc(c);
        i.storeDst(c, Long.bitCount(source));
        c.flags.setStatus(source == 0 ? Flags.ZF : 0);
    }

    static void movbe(Cpu c, Insn i) {
        if (i.rep != Insn.NO_REP) {
            // F2 makes another instruction of it (CRC32), F3 none; 66 chooses the operand size as usual.
            throw GuestFault.undefinedOpcode();
        }
        i.storeDst(c, Long.reverseBytes(i.loadSrc(c)) >>> i.align);
    }
}

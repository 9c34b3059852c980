package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.Vector;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;

/** What 64-bit mode gave up: decimal arithmetic, BOUND and SALC (SDM, Instruction Set Reference). */
final class Decimal {
    private static final int BYTE = 56;

    private Decimal() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("DAA",   "27", "")    .i64().flags("SZAPC").undefined("O")    .does(Decimal::daa);
        rows.row("DAS",   "2F", "")    .i64().flags("SZAPC").undefined("O")    .does(Decimal::das);
        rows.row("AAA",   "37", "")    .i64().flags("AC").undefined("OSZP")    .does(Decimal::aaa);
        rows.row("AAS",   "3F", "")    .i64().flags("AC").undefined("OSZP")    .does(Decimal::aas);
        rows.row("AAM",   "D4", "Ib")  .i64().flags("SZP").undefined("OAC")    .does(Decimal::aam);
        rows.row("AAD",   "D5", "Ib")  .i64().flags("SZP").undefined("OAC")    .does(Decimal::aad);
        rows.row("SALC",  "D6", "")    .i64()                                  .does(Decimal::salc);
        rows.row("BOUND", "62", "Gv,M").i64()                                  .does(Decimal::bound);
        // @formatter:on
    }

    static void daa(Cpu c, Insn i) {
        int al = al(c);
        boolean adjustLow = (al & 0xF) > 9 || c.flags.af();
        boolean adjustHigh = al > 0x99 || c.flags.cf();
        packed(c, al + (adjustLow ? 6 : 0) + (adjustHigh ? 0x60 : 0), adjustLow, adjustHigh);
    }

    static void das(Cpu c, Insn i) {
        int al = al(c);
        boolean adjustLow = (al & 0xF) > 9 || c.flags.af();
        boolean adjustHigh = al > 0x99 || c.flags.cf();
        // A borrow out of the low adjustment counts even where the high digit needs none.
        boolean carry = adjustHigh || adjustLow && al < 6;
        packed(c, al - (adjustLow ? 6 : 0) - (adjustHigh ? 0x60 : 0), adjustLow, carry);
    }

    private static void packed(Cpu c, int al, boolean halfCarry, boolean carry) {
        setAl(c, al);
        c.flags.setLogic(BYTE, al);
        setCarries(c, halfCarry, carry);
    }

    static void aaa(Cpu c, Insn i) {
        unpacked(c, 0x106);
    }

    static void aas(Cpu c, Insn i) {
        unpacked(c, -0x106);
    }

    private static void unpacked(Cpu c, int adjustment) {
        int ax = (int) c.r[Cpu.RAX] & 0xFFFF;
        boolean adjust = (ax & 0xF) > 9 || c.flags.af();
        int adjusted = adjust ? ax + adjustment : ax;
        setAx(c, adjusted & 0xFF0F);
        c.flags.setLogic(BYTE, adjusted & 0xF);
        setCarries(c, adjust, adjust);
    }

    static void aam(Cpu c, Insn i) {
        int base = (int) i.imm & 0xFF;
        if (base == 0) {
            throw GuestFault.of(Vector.DE);
        }
        int al = al(c);
        setAx(c, al / base << 8 | al % base);
        c.flags.setLogic(BYTE, al % base);
    }

    static void aad(Cpu c, Insn i) {
        int ah = (int) c.r[Cpu.RAX] >> 8 & 0xFF;
        int al = al(c) + ah * (int) i.imm & 0xFF;
        setAx(c, al);
        c.flags.setLogic(BYTE, al);
    }

    /** AL becomes a copy of CF in every bit. */
    static void salc(Cpu c, Insn i) {
        setAl(c, c.flags.cf() ? 0xFF : 0);
    }

    static void bound(Cpu c, Insn i) {
        long offset = i.offset(c);
        long index = signed(i, c.r[i.dst]);
        long lower = signed(i, c.load(i, offset, i.size));
        long upper = signed(i, c.load(i, offset + i.size & i.addressMask, i.size));
        if (index < lower || index > upper) {
            throw GuestFault.of(Vector.BR);
        }
    }

    private static long signed(Insn i, long value) {
        return value << i.align >> i.align;
    }

    private static int al(Cpu c) {
        return (int) c.r[Cpu.RAX] & 0xFF;
    }

    private static void setAl(Cpu c, int value) {
        c.r[Cpu.RAX] = c.r[Cpu.RAX] & ~0xFFL | value & 0xFF;
    }

    private static void setAx(Cpu c, int value) {
        c.r[Cpu.RAX] = c.r[Cpu.RAX] & ~0xFFFFL | value & 0xFFFF;
    }

    private static void setCarries(Cpu c, boolean halfCarry, boolean carry) {
        int others = c.flags.status() & ~(Flags.AF | Flags.CF);
        c.flags.setStatus(others | (halfCarry ? Flags.AF : 0) | (carry ? Flags.CF : 0));
    }
}

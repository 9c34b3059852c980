package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;
import dev.vtxray.core.semantics.Conditions.Condition;

/** Moves of data, with and without a change of width or a condition. */
final class Moves {
    private Moves() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("MOV",    "88",      "Eb,Gb" ).forms(MoveForms.MOV).does(Moves::mov);
        rows.row("MOV",    "89",      "Ev,Gv" ).forms(MoveForms.MOV).does(Moves::mov);
        rows.row("MOV",    "8A",      "Gb,Eb" ).forms(MoveForms.MOV).does(Moves::mov);
        rows.row("MOV",    "8B",      "Gv,Ev" ).forms(MoveForms.MOV).does(Moves::mov);
        rows.row("MOV",    "A0",      "AL,Ob" ).forms(MoveForms.MOV).does(Moves::mov);
        rows.row("MOV",    "A1",      "rAX,Ov").forms(MoveForms.MOV).does(Moves::mov);
        rows.row("MOV",    "A2",      "Ob,AL" ).forms(MoveForms.MOV).does(Moves::mov);
        rows.row("MOV",    "A3",      "Ov,rAX").forms(MoveForms.MOV).does(Moves::mov);
        rows.row("MOV",    "B0+r",    "Zb,Ib" ).forms(MoveForms.MOV).does(Moves::mov);
        rows.row("MOV",    "B8+r",    "Zv,Iv" ).forms(MoveForms.MOV).does(Moves::mov);
        rows.row("MOV",    "C6 /0",   "Eb,Ib" ).forms(MoveForms.MOV).does(Moves::mov);
        rows.row("MOV",    "C7 /0",   "Ev,Iz" ).forms(MoveForms.MOV).does(Moves::mov);
        rows.row("LEA",    "8D",      "Gv,M"  ).forms(MoveForms.LEA).does(Moves::lea);
        rows.row("MOVZX",  "0F B6",   "Gv,Eb" ).forms(MoveForms.MOVZX).does(Moves::movzx);
        rows.row("MOVZX",  "0F B7",   "Gv,Ew" ).forms(MoveForms.MOVZX).does(Moves::movzx);
        rows.row("MOVSX",  "0F BE",   "Gv,Eb" ).forms(MoveForms.MOVSX).does(Moves::movsx);
        rows.row("MOVSX",  "0F BF",   "Gv,Ew" ).forms(MoveForms.MOVSX).does(Moves::movsx);
        rows.row("MOVSXD", "63",      "Gv,Ed" ).o64().forms(MoveForms.MOVSX).does(Moves::movsx);
        rows.row("BSWAP",  "0F C8+r", "Zy"    ).does(Moves::bswap);
        rows.row("CBW",    "98",      ""      ).does(Moves::cbw);
        rows.row("CWD",    "99",      ""      ).does(Moves::cwd);
        rows.row("XLAT",   "D7",      ""      ).does(Moves::xlat);
        // @formatter:on
        for (int number = 0; number < 16; number++) {
            Condition condition = Conditions.TESTS[number];
            String suffix = Conditions.NAMES[number];
            rows.row("CMOV" + suffix, "0F %02X".formatted(0x40 + number), "Gv,Ev")
                    .needs(dev.vtxray.core.isa.CpuidFeature.CMOV)
                    .forms(MoveForms.CMOV[number])
                    .does((c, i) -> cmov(c, i, condition));
            rows.row("SET" + suffix, "0F %02X".formatted(0x90 + number), "Eb").does((c, i) -> set(c, i, condition));
        }
    }

    static void mov(Cpu c, Insn i) {
        i.storeDst(c, i.loadSrc(c));
    }

    static void lea(Cpu c, Insn i) {
        long offset = i.offset(c);
        i.storeDst(c, offset);
    }

    static void movzx(Cpu c, Insn i) {
        i.storeDst(c, i.loadSrc(c));
    }

    static void movsx(Cpu c, Insn i) {
        int shift = 64 - 8 * i.srcSize;
        i.storeDst(c, i.loadSrc(c) << shift >> shift);
    }

    /** The source is read, and may fault, whether the condition holds or not; a 32-bit destination loses its upper half. */
    private static void cmov(Cpu c, Insn i, Condition condition) {
        long value = i.loadSrc(c);
        i.storeDst(c, condition.holds(c.flags) ? value : i.loadDst(c));
    }

    private static void set(Cpu c, Insn i, Condition condition) {
        i.storeDst(c, condition.holds(c.flags) ? 1 : 0);
    }

    static void bswap(Cpu c, Insn i) {
        long value = Long.reverseBytes(i.loadDst(c));
        i.storeDst(c, i.dstSize == 8 ? value : value >>> 32);
    }

    /** CBW, CWDE, CDQE: sign-extends the lower half of rAX into all of it. */
    static void cbw(Cpu c, Insn i) {
        int shift = 64 - 4 * i.size;
        long value = c.r[Cpu.RAX] << shift >> shift;
        c.r[Cpu.RAX] = merge(c.r[Cpu.RAX], value, i.size);
    }

    /** CWD, CDQ, CQO: fills rDX with the sign of rAX. */
    static void cwd(Cpu c, Insn i) {
        long sign = c.r[Cpu.RAX] << i.align >> 63;
        c.r[Cpu.RDX] = merge(c.r[Cpu.RDX], sign, i.size);
    }

    private static long merge(long old, long value, int size) {
        return switch (size) {
            case 8 -> value;
            case 4 -> value & 0xFFFF_FFFFL;
            default -> old & ~0xFFFFL | value & 0xFFFFL;
        };
    }

    static void xlat(Cpu c, Insn i) {
        long offset = c.r[Cpu.RBX] + (c.r[Cpu.RAX] & 0xFF) & i.addressMask;
        long value = c.load(i, offset, 1);
        c.r[Cpu.RAX] = c.r[Cpu.RAX] & ~0xFFL | value;
    }
}

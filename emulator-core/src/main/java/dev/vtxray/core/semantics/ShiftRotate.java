package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;

/**
 * Shifts and rotates (SDM, Instruction Set Reference, "SAL/SAR/SHL/SHR", "RCL/RCR/ROL/ROR", "SHLD", "SHRD").
 *
 * <p>The overflow flag is defined for a count of 1 only. For larger counts it is computed by the same rule from the
 * result, as processors do.
 */
final class ShiftRotate {
    private ShiftRotate() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("ROL",  "C0 /0", "Eb,Ib").flags("C").undefined("O")        .forms(ShiftForms.ROL).does(ShiftRotate::rol);
        rows.row("ROR",  "C0 /1", "Eb,Ib").flags("C").undefined("O")        .forms(ShiftForms.ROR).does(ShiftRotate::ror);
        rows.row("RCL",  "C0 /2", "Eb,Ib").flags("C").undefined("O")        .does(ShiftRotate::rcl);
        rows.row("RCR",  "C0 /3", "Eb,Ib").flags("C").undefined("O")        .does(ShiftRotate::rcr);
        rows.row("SHL",  "C0 /4", "Eb,Ib").flags("SZPC").undefined("OA")    .forms(ShiftForms.SHL).does(ShiftRotate::shl);
        rows.row("SHR",  "C0 /5", "Eb,Ib").flags("SZPC").undefined("OA")    .forms(ShiftForms.SHR).does(ShiftRotate::shr);
        rows.row("SHL",  "C0 /6", "Eb,Ib").flags("SZPC").undefined("OA")    .forms(ShiftForms.SHL).does(ShiftRotate::shl);
        rows.row("SAR",  "C0 /7", "Eb,Ib").flags("SZPC").undefined("OA")    .forms(ShiftForms.SAR).does(ShiftRotate::sar);
        rows.row("ROL",  "C1 /0", "Ev,Ib").flags("C").undefined("O")        .forms(ShiftForms.ROL).does(ShiftRotate::rol);
        rows.row("ROR",  "C1 /1", "Ev,Ib").flags("C").undefined("O")        .forms(ShiftForms.ROR).does(ShiftRotate::ror);
        rows.row("RCL",  "C1 /2", "Ev,Ib").flags("C").undefined("O")        .does(ShiftRotate::rcl);
        rows.row("RCR",  "C1 /3", "Ev,Ib").flags("C").undefined("O")        .does(ShiftRotate::rcr);
        rows.row("SHL",  "C1 /4", "Ev,Ib").flags("SZPC").undefined("OA")    .forms(ShiftForms.SHL).does(ShiftRotate::shl);
        rows.row("SHR",  "C1 /5", "Ev,Ib").flags("SZPC").undefined("OA")    .forms(ShiftForms.SHR).does(ShiftRotate::shr);
        rows.row("SHL",  "C1 /6", "Ev,Ib").flags("SZPC").undefined("OA")    .forms(ShiftForms.SHL).does(ShiftRotate::shl);
        rows.row("SAR",  "C1 /7", "Ev,Ib").flags("SZPC").undefined("OA")    .forms(ShiftForms.SAR).does(ShiftRotate::sar);
        rows.row("ROL",  "D0 /0", "Eb,1") .flags("OC")                      .forms(ShiftForms.ROL).does(ShiftRotate::rol);
        rows.row("ROR",  "D0 /1", "Eb,1") .flags("OC")                      .forms(ShiftForms.ROR).does(ShiftRotate::ror);
        rows.row("RCL",  "D0 /2", "Eb,1") .flags("OC")                      .does(ShiftRotate::rcl);
        rows.row("RCR",  "D0 /3", "Eb,1") .flags("OC")                      .does(ShiftRotate::rcr);
        rows.row("SHL",  "D0 /4", "Eb,1") .flags("OSZPC").undefined("A")    .forms(ShiftForms.SHL).does(ShiftRotate::shl);
        rows.row("SHR",  "D0 /5", "Eb,1") .flags("OSZPC").undefined("A")    .forms(ShiftForms.SHR).does(ShiftRotate::shr);
        rows.row("SHL",  "D0 /6", "Eb,1") .flags("OSZPC").undefined("A")    .forms(ShiftForms.SHL).does(ShiftRotate::shl);
        rows.row("SAR",  "D0 /7", "Eb,1") .flags("OSZPC").undefined("A")    .forms(ShiftForms.SAR).does(ShiftRotate::sar);
        rows.row("ROL",  "D1 /0", "Ev,1") .flags("OC")                      .forms(ShiftForms.ROL).does(ShiftRotate::rol);
        rows.row("ROR",  "D1 /1", "Ev,1") .flags("OC")                      .forms(ShiftForms.ROR).does(ShiftRotate::ror);
        rows.row("RCL",  "D1 /2", "Ev,1") .flags("OC")                      .does(ShiftRotate::rcl);
        rows.row("RCR",  "D1 /3", "Ev,1") .flags("OC")                      .does(ShiftRotate::rcr);
        rows.row("SHL",  "D1 /4", "Ev,1") .flags("OSZPC").undefined("A")    .forms(ShiftForms.SHL).does(ShiftRotate::shl);
        rows.row("SHR",  "D1 /5", "Ev,1") .flags("OSZPC").undefined("A")    .forms(ShiftForms.SHR).does(ShiftRotate::shr);
        rows.row("SHL",  "D1 /6", "Ev,1") .flags("OSZPC").undefined("A")    .forms(ShiftForms.SHL).does(ShiftRotate::shl);
        rows.row("SAR",  "D1 /7", "Ev,1") .flags("OSZPC").undefined("A")    .forms(ShiftForms.SAR).does(ShiftRotate::sar);
        rows.row("ROL",  "D2 /0", "Eb,CL").flags("C").undefined("O")        .forms(ShiftForms.ROL).does(ShiftRotate::rol);
        rows.row("ROR",  "D2 /1", "Eb,CL").flags("C").undefined("O")        .forms(ShiftForms.ROR).does(ShiftRotate::ror);
        rows.row("RCL",  "D2 /2", "Eb,CL").flags("C").undefined("O")        .does(ShiftRotate::rcl);
        rows.row("RCR",  "D2 /3", "Eb,CL").flags("C").undefined("O")        .does(ShiftRotate::rcr);
        rows.row("SHL",  "D2 /4", "Eb,CL").flags("SZPC").undefined("OA")    .forms(ShiftForms.SHL).does(ShiftRotate::shl);
        rows.row("SHR",  "D2 /5", "Eb,CL").flags("SZPC").undefined("OA")    .forms(ShiftForms.SHR).does(ShiftRotate::shr);
        rows.row("SHL",  "D2 /6", "Eb,CL").flags("SZPC").undefined("OA")    .forms(ShiftForms.SHL).does(ShiftRotate::shl);
        rows.row("SAR",  "D2 /7", "Eb,CL").flags("SZPC").undefined("OA")    .forms(ShiftForms.SAR).does(ShiftRotate::sar);
        rows.row("ROL",  "D3 /0", "Ev,CL").flags("C").undefined("O")        .forms(ShiftForms.ROL).does(ShiftRotate::rol);
        rows.row("ROR",  "D3 /1", "Ev,CL").flags("C").undefined("O")        .forms(ShiftForms.ROR).does(ShiftRotate::ror);
        rows.row("RCL",  "D3 /2", "Ev,CL").flags("C").undefined("O")        .does(ShiftRotate::rcl);
        rows.row("RCR",  "D3 /3", "Ev,CL").flags("C").undefined("O")        .does(ShiftRotate::rcr);
        rows.row("SHL",  "D3 /4", "Ev,CL").flags("SZPC").undefined("OA")    .forms(ShiftForms.SHL).does(ShiftRotate::shl);
        rows.row("SHR",  "D3 /5", "Ev,CL").flags("SZPC").undefined("OA")    .forms(ShiftForms.SHR).does(ShiftRotate::shr);
        rows.row("SHL",  "D3 /6", "Ev,CL").flags("SZPC").undefined("OA")    .forms(ShiftForms.SHL).does(ShiftRotate::shl);
        rows.row("SAR",  "D3 /7", "Ev,CL").flags("SZPC").undefined("OA")    .forms(ShiftForms.SAR).does(ShiftRotate::sar);
        rows.row("SHLD", "0F A4", "Ev,Gv,Ib").flags("SZPC").undefined("OA") .does(ShiftRotate::shldImmediate);
        rows.row("SHLD", "0F A5", "Ev,Gv,CL").flags("SZPC").undefined("OA") .does(ShiftRotate::shldCl);
        rows.row("SHRD", "0F AC", "Ev,Gv,Ib").flags("SZPC").undefined("OA") .does(ShiftRotate::shrdImmediate);
        rows.row("SHRD", "0F AD", "Ev,Gv,CL").flags("SZPC").undefined("OA") .does(ShiftRotate::shrdCl);
        // @formatter:on
    }

    // A count of zero leaves the flags alone, but the destination is still written: a 32-bit register loses its upper
    // half, and memory has to be writable.

    static void shl(Cpu c, Insn i) {
        int count = count(i, i.loadSrc(c));
        long value = i.loadDstForUpdate(c);
        i.storeDst(c, value << count);
        setShlFlags(c.flags, i, value, count);
    }

    static void shr(Cpu c, Insn i) {
        int count = count(i, i.loadSrc(c));
        long value = i.loadDstForUpdate(c);
        i.storeDst(c, value >>> count);
        setShrFlags(c.flags, i, value, count);
    }

    static void sar(Cpu c, Insn i) {
        int count = count(i, i.loadSrc(c));
        long value = i.loadDstForUpdate(c) << i.align >> i.align;
        i.storeDst(c, value >> count);
        setSarFlags(c.flags, i, value, count);
    }

    static void rol(Cpu c, Insn i) {
        int count = count(i, i.loadSrc(c));
        long result = rotateLeft(i, i.loadDstForUpdate(c), count);
        i.storeDst(c, result);
        setRolFlags(c.flags, i, result, count);
    }

    static void ror(Cpu c, Insn i) {
        int count = count(i, i.loadSrc(c));
        long result = rotateLeft(i, i.loadDstForUpdate(c), -count);
        i.storeDst(c, result);
        setRorFlags(c.flags, i, result, count);
    }

    static void setShlFlags(Flags flags, Insn i, long value, int count) {
        if (count != 0) {
            long result = value << count;
            boolean carry = value << i.align << count - 1 < 0;
            flags.setLogic(i.align, result);
            flags.setCarryOverflow(carry, carry ^ isNegative(i, result));
        }
    }

    static void setShrFlags(Flags flags, Insn i, long value, int count) {
        if (count != 0) {
            long result = value >>> count;
            flags.setLogic(i.align, result);
            flags.setCarryOverflow((value >>> count - 1 & 1) != 0, topBitsDiffer(i, result));
        }
    }

    static void setSarFlags(Flags flags, Insn i, long value, int count) {
        if (count != 0) {
            flags.setLogic(i.align, value >> count);
            flags.setCarryOverflow((value >> count - 1 & 1) != 0, false);
        }
    }

    /** The zero-extended value, rotated within its width; a negative count rotates right. */
    static long rotateLeft(Insn i, long value, int count) {
        int bits = bits(i);
        int places = count & bits - 1;
        return value << places | value >>> bits - places;
    }

    static void setRolFlags(Flags flags, Insn i, long result, int count) {
        if (count != 0) {
            boolean carry = (result & 1) != 0;
            flags.setCarryOverflow(carry, carry ^ isNegative(i, result));
        }
    }

    static void setRorFlags(Flags flags, Insn i, long result, int count) {
        if (count != 0) {
            flags.setCarryOverflow(isNegative(i, result), topBitsDiffer(i, result));
        }
    }

    static void rcl(Cpu c, Insn i) {
        int bits = bits(i);
        int count = count(i, i.loadSrc(c)) % (bits + 1);
        long value = i.loadDstForUpdate(c);
        if (count == 0) {
            i.storeDst(c, value);
            return;
        }
        // Two steps to the right, because a shift by 64 is none in Java.
        long result = value << count | c.flags.carry() << count - 1 | value >>> bits - count >>> 1;
        i.storeDst(c, result);
        boolean carry = (value >>> bits - count & 1) != 0;
        c.flags.setCarryOverflow(carry, carry ^ isNegative(i, result));
    }

    static void rcr(Cpu c, Insn i) {
        int bits = bits(i);
        int count = count(i, i.loadSrc(c)) % (bits + 1);
        long value = i.loadDstForUpdate(c);
        if (count == 0) {
            i.storeDst(c, value);
            return;
        }
        long result = value >>> count | c.flags.carry() << bits - count | value << bits - count << 1;
        i.storeDst(c, result);
        c.flags.setCarryOverflow((value >>> count - 1 & 1) != 0, topBitsDiffer(i, result));
    }

    static void shldImmediate(Cpu c, Insn i) {
        shld(c, i, count(i, i.imm));
    }

    static void shldCl(Cpu c, Insn i) {
        shld(c, i, count(i, c.r[Cpu.RCX]));
    }

    static void shrdImmediate(Cpu c, Insn i) {
        shrd(c, i, count(i, i.imm));
    }

    static void shrdCl(Cpu c, Insn i) {
        shrd(c, i, count(i, c.r[Cpu.RCX]));
    }

    private static void shld(Cpu c, Insn i, int count) {
        long value = i.loadDstForUpdate(c);
        if (count == 0) {
            i.storeDst(c, value);
            return;
        }
        int bits = bits(i);
        // Beyond 16 places a 16-bit operand is undefined; processors rotate the pair.
        boolean beyond = count > bits;
        long upper = beyond ? i.loadSrc(c) : value;
        long lower = beyond ? value : i.loadSrc(c);
        int places = beyond ? count - bits : count;
        long result = upper << places | lower >>> bits - places;
        i.storeDst(c, result);
        boolean carry = upper << i.align << places - 1 < 0;
        c.flags.setLogic(i.align, result);
        c.flags.setCarryOverflow(carry, isNegative(i, result ^ value));
    }

    private static void shrd(Cpu c, Insn i, int count) {
        long value = i.loadDstForUpdate(c);
        if (count == 0) {
            i.storeDst(c, value);
            return;
        }
        int bits = bits(i);
        boolean beyond = count > bits;
        long lower = beyond ? i.loadSrc(c) : value;
        long upper = beyond ? value : i.loadSrc(c);
        int places = beyond ? count - bits : count;
        long result = lower >>> places | upper << bits - places;
        i.storeDst(c, result);
        c.flags.setLogic(i.align, result);
        c.flags.setCarryOverflow((lower >>> places - 1 & 1) != 0, topBitsDiffer(i, result));
    }

    private static int bits(Insn i) {
        return 8 * i.size;
    }

    /** The count is masked to 5 bits, for 64-bit operands to 6. */
    static int count(Insn i, long value) {
        return (int) value & (i.size == 8 ? 63 : 31);
    }

    private static boolean isNegative(Insn i, long value) {
        return value << i.align < 0;
    }

    /** Whether the sign changed in the last step to the right: the two topmost bits of the result differ. */
    private static boolean topBitsDiffer(Insn i, long result) {
        return (result ^ result << 1) << i.align < 0;
    }
}

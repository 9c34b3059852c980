package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.Vector;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;
import dev.vtxray.core.memory.Bytes;

/** Multiplication and division (SDM, Instruction Set Reference, "MUL", "IMUL", "DIV", "IDIV"). */
final class MultiplyDivide {
    private static final long LOW_HALF = 0xFFFF_FFFFL;

    private MultiplyDivide() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("MUL",  "F6 /4", "Eb")      .flags("OC").undefined("SZAP")  .does(MultiplyDivide::mul);
        rows.row("MUL",  "F7 /4", "Ev")      .flags("OC").undefined("SZAP")  .does(MultiplyDivide::mul);
        rows.row("IMUL", "F6 /5", "Eb")      .flags("OC").undefined("SZAP")  .does(MultiplyDivide::imul);
        rows.row("IMUL", "F7 /5", "Ev")      .flags("OC").undefined("SZAP")  .does(MultiplyDivide::imul);
        rows.row("IMUL", "0F AF", "Gv,Ev")   .flags("OC").undefined("SZAP")  .does(MultiplyDivide::imulRegister);
        rows.row("IMUL", "69",    "Gv,Ev,Iz").flags("OC").undefined("SZAP")  .does(MultiplyDivide::imulImmediate);
        rows.row("IMUL", "6B",    "Gv,Ev,Ib").flags("OC").undefined("SZAP")  .does(MultiplyDivide::imulImmediate);
        rows.row("DIV",  "F6 /6", "Eb")      .undefined("OSZAPC")            .does(MultiplyDivide::div);
        rows.row("DIV",  "F7 /6", "Ev")      .undefined("OSZAPC")            .does(MultiplyDivide::div);
        rows.row("IDIV", "F6 /7", "Eb")      .undefined("OSZAPC")            .does(MultiplyDivide::idiv);
        rows.row("IDIV", "F7 /7", "Ev")      .undefined("OSZAPC")            .does(MultiplyDivide::idiv);
        // @formatter:on
    }

    // multiplication

    static void mul(Cpu c, Insn i) {
        long a = accumulator(c, i);
        long b = i.loadDst(c);
        long low = a * b;
        long high = i.size == 8 ? unsignedHigh(a, b) : low >>> 8 * i.size;
        storeWide(c, i, high, low);
        setProductFlags(c, i, low, high != 0);
    }

    static void imul(Cpu c, Insn i) {
        long a = signed(i, accumulator(c, i));
        long b = signed(i, i.loadDst(c));
        long low = a * b;
        long high = i.size == 8 ? Math.multiplyHigh(a, b) : low >> 8 * i.size;
        storeWide(c, i, high, low);
        setProductFlags(c, i, low, isTruncated(i, high, low));
    }

    static void imulRegister(Cpu c, Insn i) {
        multiplySigned(c, i, c.r[i.dst], i.loadSrc(c));
    }

    static void imulImmediate(Cpu c, Insn i) {
        multiplySigned(c, i, i.loadSrc(c), i.imm);
    }

    private static void multiplySigned(Cpu c, Insn i, long first, long second) {
        long a = signed(i, first);
        long b = signed(i, second);
        long low = a * b;
        long high = i.size == 8 ? Math.multiplyHigh(a, b) : low >> 8 * i.size;
        i.storeDst(c, low);
        setProductFlags(c, i, low, isTruncated(i, high, low));
    }

    /** CF and OF tell that the product needs its upper half; SF, ZF and PF (undefined) follow the lower half. */
    private static void setProductFlags(Cpu c, Insn i, long low, boolean wide) {
        c.flags.setLogic(i.align, low);
        c.flags.setCarryOverflow(wide, wide);
    }

    /** Whether the upper half is more than the sign of the lower one. */
    private static boolean isTruncated(Insn i, long high, long low) {
        return high != signed(i, low) >> 63;
    }

    /** Upper 64 bits of an unsigned product. */
    static long unsignedHigh(long a, long b) {
        return Math.multiplyHigh(a, b) + (a >> 63 & b) + (b >> 63 & a);
    }

    // division

    static void div(Cpu c, Insn i) {
        long divisor = i.loadDst(c);
        if (i.size == 8) {
            divideWide(c, divisor);
            return;
        }
        long dividend = dividend(c, i);
        if (divisor == 0 || Long.divideUnsigned(dividend, divisor) >>> 8 * i.size != 0) {
            throw divideError();
        }
        storeWide(c, i, Long.remainderUnsigned(dividend, divisor), Long.divideUnsigned(dividend, divisor));
    }

    private static void divideWide(Cpu c, long divisor) {
        long high = c.r[Cpu.RDX];
        long low = c.r[Cpu.RAX];
        if (Long.compareUnsigned(high, divisor) >= 0) {
            throw divideError();
        }
        long quotient = quotient(high, low, divisor);
        c.r[Cpu.RAX] = quotient;
        c.r[Cpu.RDX] = low - quotient * divisor;
    }

    static void idiv(Cpu c, Insn i) {
        long divisor = signed(i, i.loadDst(c));
        if (i.size == 8) {
            divideWideSigned(c, divisor);
            return;
        }
        long dividend = signedDividend(c, i);
        if (divisor == 0 || signed(i, dividend / divisor) != dividend / divisor) {
            throw divideError();
        }
        storeWide(c, i, dividend % divisor, dividend / divisor);
    }

    private static void divideWideSigned(Cpu c, long divisor) {
        long high = c.r[Cpu.RDX];
        long low = c.r[Cpu.RAX];
        boolean negativeDividend = high < 0;
        boolean negativeQuotient = negativeDividend != divisor < 0;
        if (negativeDividend) {
            high = ~high + (low == 0 ? 1 : 0);
            low = -low;
        }
        long magnitude = Math.abs(divisor);
        if (Long.compareUnsigned(high, magnitude) >= 0) {
            throw divideError();
        }
        long quotient = quotient(high, low, magnitude);
        // The most negative quotient is one further from zero than the most positive one.
        if (Long.compareUnsigned(quotient, negativeQuotient ? Long.MIN_VALUE : Long.MAX_VALUE) > 0) {
            throw divideError();
        }
        long remainder = low - quotient * magnitude;
        c.r[Cpu.RAX] = negativeQuotient ? -quotient : quotient;
        c.r[Cpu.RDX] = negativeDividend ? -remainder : remainder;
    }

    /**
     * Quotient of the unsigned 128-bit number {@code high:low} and a divisor above {@code high}: schoolbook division in
     * 32-bit digits (Knuth, The Art of Computer Programming, 4.3.1, algorithm D).
     */
    static long quotient(long high, long low, long divisor) {
        if (high == 0) {
            return Long.divideUnsigned(low, divisor);
        }
        int shift = Long.numberOfLeadingZeros(divisor);
        long normalized = divisor << shift;
        long rest = high << shift | low >>> 1 >>> 63 - shift;
        long tail = low << shift;
        long first = digit(rest, tail >>> 32, normalized);
        rest = (rest << 32 | tail >>> 32) - first * normalized;
        return first << 32 | digit(rest, tail & LOW_HALF, normalized);
    }

    /** One 32-bit digit: the quotient of {@code rest * 2^32 + next} and a divisor above {@code rest} with bit 63 set. */
    private static long digit(long rest, long next, long divisor) {
        long estimate = Long.divideUnsigned(rest, divisor >>> 32);
        long left = rest - estimate * (divisor >>> 32);
        // The estimate ignores the divisor's lower half and is at most two too large.
        while (left >>> 32 == 0
                && (estimate >>> 32 != 0
                        || Long.compareUnsigned(estimate * (divisor & LOW_HALF), left << 32 | next) > 0)) {
            estimate--;
            left += divisor >>> 32;
        }
        return estimate;
    }

    private static GuestFault divideError() {
        return GuestFault.of(Vector.DE);
    }

    // the accumulator and its extension

    private static long accumulator(Cpu c, Insn i) {
        return c.r[Cpu.RAX] & Bytes.mask(i.size);
    }

    private static long signed(Insn i, long value) {
        return value << i.align >> i.align;
    }

    /** AX, DX:AX or EDX:EAX. */
    private static long dividend(Cpu c, Insn i) {
        return switch (i.size) {
            case 1 -> c.r[Cpu.RAX] & 0xFFFF;
            case 2 -> (c.r[Cpu.RDX] & 0xFFFF) << 16 | c.r[Cpu.RAX] & 0xFFFF;
            default -> c.r[Cpu.RDX] << 32 | c.r[Cpu.RAX] & LOW_HALF;
        };
    }

    private static long signedDividend(Cpu c, Insn i) {
        int unused = 64 - 16 * i.size;
        return dividend(c, i) << unused >> unused;
    }

    /** Writes a double-width result: AH:AL for bytes, otherwise rDX:rAX. */
    private static void storeWide(Cpu c, Insn i, long high, long low) {
        switch (i.size) {
            case 1 -> c.r[Cpu.RAX] = c.r[Cpu.RAX] & ~0xFFFFL | (high & 0xFF) << 8 | low & 0xFF;
            case 2 -> {
                c.r[Cpu.RAX] = c.r[Cpu.RAX] & ~0xFFFFL | low & 0xFFFF;
                c.r[Cpu.RDX] = c.r[Cpu.RDX] & ~0xFFFFL | high & 0xFFFF;
            }
            case 4 -> {
                c.r[Cpu.RAX] = low & LOW_HALF;
                c.r[Cpu.RDX] = high & LOW_HALF;
            }
            default -> {
                c.r[Cpu.RAX] = low;
                c.r[Cpu.RDX] = high;
            }
        }
    }
}

package dev.vtxray.core.cpu;

/**
 * RFLAGS, with the six status flags kept as the result that they follow from.
 *
 * <p>{@code result} is the last result, sign-extended to 64 bits: ZF, SF and PF follow from it. {@code carries} holds the
 * carry out of the operand's top bit in bit 63, the carry into the top bit in bit 62 and the carry out of bit 3 in bit 3:
 * CF is bit 63, OF the exclusive or of bits 63 and 62, AF bit 3. For combinations that no result has (POPF may load
 * ZF with SF), bits 15:8 of {@code carries} are exclusive-ored to the low byte before parity is taken and bit 0 inverts SF.
 */
public final class Flags {
    public static final int CF = 1;
    public static final int PF = 1 << 2;
    public static final int AF = 1 << 4;
    public static final int ZF = 1 << 6;
    public static final int SF = 1 << 7;
    public static final int TF = 1 << 8;
    public static final int IF = 1 << 9;
    public static final int DF = 1 << 10;
    public static final int OF = 1 << 11;
    public static final int IOPL = 3 << 12;
    public static final int NT = 1 << 14;
    public static final int RF = 1 << 16;
    public static final int VM = 1 << 17;
    public static final int AC = 1 << 18;
    public static final int VIF = 1 << 19;
    public static final int VIP = 1 << 20;
    public static final int ID = 1 << 21;

    /** The status flags: those that arithmetic writes. */
    public static final int STATUS = CF | PF | AF | ZF | SF | OF;

    /** Bits of RFLAGS that exist, without bit 1, which is always one. */
    public static final int DEFINED = STATUS | TF | IF | DF | IOPL | NT | RF | VM | AC | VIF | VIP | ID;

    private static final long CARRY_OUT = 1L << 63;
    private static final long CARRY_IN = 1L << 62;
    private static final long HALF_CARRY = 1L << 3;
    private static final long SIGN_INVERTED = 1;

    /** Sign-extended result that ZF, SF and PF follow from. */
    public long result = 1;
    /** Carries that CF, OF and AF follow from. */
    public long carries;
    /** All bits of RFLAGS that are not status flags, with bit 1 set. */
    public int system = 2;

    /** RFLAGS bits from the letters O, S, Z, A, P, C, D, I, N (NT). */
    public static int mask(String letters) {
        int mask = 0;
        for (char letter : letters.toCharArray()) {
            mask |= switch (letter) {
                case 'O' -> OF;
                case 'S' -> SF;
                case 'Z' -> ZF;
                case 'A' -> AF;
                case 'P' -> PF;
                case 'C' -> CF;
                case 'D' -> DF;
                case 'I' -> IF;
                case 'N' -> NT;
                default -> throw new IllegalArgumentException("no RFLAGS bit has the letter " + letter);
            };
        }
        return mask;
    }

    public boolean cf() {
        return carries < 0;
    }

    /** CF as 0 or 1. */
    public long carry() {
        return carries >>> 63;
    }

    public boolean of() {
        return (carries ^ carries << 1) < 0;
    }

    public boolean af() {
        return (carries & HALF_CARRY) != 0;
    }

    public boolean zf() {
        return result == 0;
    }

    public boolean sf() {
        return (result ^ carries << 63) < 0;
    }

    public boolean pf() {
        long low = result ^ carries >>> 8;
        low ^= low >>> 4;
        return (0x9669 >>> (low & 15) & 1) != 0;
    }

    /**
     * Flags of an addition or subtraction.
     *
     * @param align   64 minus the operand's width in bits
     * @param carry   carry (or borrow) vector, left-aligned: bit 63 is the one out of the top bit
     * @param aligned result, left-aligned
     */
    public void setArithmetic(int align, long carry, long aligned) {
        result = aligned >> align;
        carries = carry & (CARRY_OUT | CARRY_IN) | carry >>> align & HALF_CARRY;
    }

    /** Flags of the sum of two operands and a carry (0 or 1); bits of them beyond the operands' width do not count. */
    public void setSum(int align, long a, long b, long carry) {
        long x = a << align;
        long y = b << align;
        long sum = x + y + (carry << align);
        setArithmetic(align, x & y | (x | y) & ~sum, sum);
    }

    /** Flags of {@code a - b - borrow}; bits of the operands beyond their width do not count. */
    public void setDifference(int align, long a, long b, long borrow) {
        long x = a << align;
        long y = b << align;
        long difference = x - y - (borrow << align);
        setArithmetic(align, ~x & y | (~x | y) & difference, difference);
    }

    /** Flags of a logical operation: CF and OF clear, AF (undefined) clear. */
    public void setLogic(int align, long value) {
        result = value << align >> align;
        carries = 0;
    }

    /** Sets CF and OF and leaves the others. */
    public void setCarryOverflow(boolean cf, boolean of) {
        carries = carries & ~(CARRY_OUT | CARRY_IN) | (cf ? CARRY_OUT : 0) | (cf != of ? CARRY_IN : 0);
    }

    /** Sets CF and leaves the others. */
    public void setCarry(boolean cf) {
        setCarryOverflow(cf, of());
    }

    /** Makes ZF what it is told and leaves the others. */
    public void setZero(boolean zf) {
        setStatus(status() & ~ZF | (zf ? ZF : 0));
    }

    /** The status flags at their places in RFLAGS. */
    public int status() {
        return (cf() ? CF : 0)
                | (pf() ? PF : 0)
                | (af() ? AF : 0)
                | (zf() ? ZF : 0)
                | (sf() ? SF : 0)
                | (of() ? OF : 0);
    }

    /** Loads the status flags from their places in RFLAGS; other bits are ignored. */
    public void setStatus(int value) {
        boolean cf = (value & CF) != 0;
        boolean of = (value & OF) != 0;
        result = (value & ZF) != 0 ? 0 : 1;
        carries = (cf ? CARRY_OUT : 0)
                | (cf != of ? CARRY_IN : 0)
                | ((value & AF) != 0 ? HALF_CARRY : 0)
                | ((value & SF) != 0 ? SIGN_INVERTED : 0);
        if (pf() != ((value & PF) != 0)) {
            carries |= 1 << 8;
        }
    }

    /** RFLAGS as a whole. */
    public int get() {
        return system | status();
    }

    /** Loads RFLAGS as a whole; reserved bits are forced to their values. */
    public void set(long value) {
        setStatus((int) value);
        system = (int) value & DEFINED & ~STATUS | 2;
    }

    public boolean has(int bit) {
        return (system & bit) != 0;
    }

    /** I/O privilege level, 0-3. */
    public int iopl() {
        return system >> 12 & 3;
    }
}

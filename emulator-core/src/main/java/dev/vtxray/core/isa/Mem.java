package dev.vtxray.core.isa;

import org.jspecify.annotations.Nullable;

/**
 * A memory operand. Begin with a factory that says the width, then add what the address needs:
 * {@code Mem.qword(Reg.RAX).index(Reg.RCX, 8).disp(16).segment(Reg.FS)}.
 *
 * <p>A label alone is addressed relative to RIP in 64-bit code and absolutely elsewhere.
 *
 * @param size    width in bytes (1, 2, 4, 6 for a far pointer 16:32, 8, 10 for 16:64, 16), or 0 where the other operands
 *                say it
 * @param base    base register, or null
 * @param index   index register, or null
 * @param scale   1, 2, 4 or 8
 * @param disp    displacement; added to the label's address if there is a label
 * @param segment segment override, or null for the default segment
 * @param label   label that is addressed, or null
 */
public record Mem(
        int size,
        @Nullable Reg base,
        @Nullable Reg index,
        int scale,
        long disp,
        @Nullable Reg segment,
        @Nullable String label)
        implements Operand {

    public Mem {
        checkAddressRegister(base, "base");
        checkAddressRegister(index, "index");
        if (base != null && index != null && base.size() != index.size()) {
            throw new IllegalArgumentException("base " + base + " and index " + index + " differ in width");
        }
        if (index != null && base != null && base.kind() == Reg.Kind.POINTER) {
            throw new IllegalArgumentException("no index can be added to " + base);
        }
        if (index != null && index.size() != 2 && index.number() == 4) {
            throw new IllegalArgumentException(index + " cannot be an index; make it the base");
        }
        if (Integer.bitCount(scale) != 1 || scale < 1 || scale > 8) {
            throw new IllegalArgumentException("scale " + scale + "; 1, 2, 4 or 8 exist");
        }
        if (segment != null && segment.kind() != Reg.Kind.SEGMENT) {
            throw new IllegalArgumentException(segment + " is no segment register");
        }
    }

    private static void checkAddressRegister(@Nullable Reg register, String role) {
        boolean isPointer = register != null && register.kind() == Reg.Kind.POINTER && role.equals("base");
        if (register != null && !isPointer && (register.kind() != Reg.Kind.GENERAL || register.size() == 1)) {
            throw new IllegalArgumentException(register + " cannot be a " + role + " register");
        }
    }

    public static Mem byteAt(Reg base) {
        return of(1, base);
    }

    public static Mem byteAt(String label) {
        return of(1, label);
    }

    public static Mem byteAt(long address) {
        return of(1, address);
    }

    public static Mem word(Reg base) {
        return of(2, base);
    }

    public static Mem word(String label) {
        return of(2, label);
    }

    public static Mem wordAt(long address) {
        return of(2, address);
    }

    public static Mem dword(Reg base) {
        return of(4, base);
    }

    public static Mem dword(String label) {
        return of(4, label);
    }

    public static Mem dwordAt(long address) {
        return of(4, address);
    }

    public static Mem qword(Reg base) {
        return of(8, base);
    }

    public static Mem qword(String label) {
        return of(8, label);
    }

    public static Mem qwordAt(long address) {
        return of(8, address);
    }

    /** A far pointer 16:32. */
    public static Mem fword(Reg base) {
        return of(6, base);
    }

    /** A far pointer 16:32. */
    public static Mem fword(String label) {
        return of(6, label);
    }

    /** A far pointer 16:32. */
    public static Mem fwordAt(long address) {
        return of(6, address);
    }

    public static Mem unsized(Reg base) {
        return of(0, base);
    }

    public static Mem unsized(String label) {
        return of(0, label);
    }

    public static Mem unsizedAt(long address) {
        return of(0, address);
    }

    /** Memory at a register. */
    public static Mem of(int size, Reg base) {
        return new Mem(size, base, null, 1, 0, null, null);
    }

    /** Memory at a label. */
    public static Mem of(int size, String label) {
        return new Mem(size, null, null, 1, 0, null, label);
    }

    /** Memory at an offset. */
    public static Mem of(int size, long address) {
        return new Mem(size, null, null, 1, address, null, null);
    }

    public Mem index(Reg register, int scale) {
        return new Mem(size, base, register, scale, disp, segment, label);
    }

    public Mem disp(long displacement) {
        return new Mem(size, base, index, scale, displacement, segment, label);
    }

    public Mem segment(Reg register) {
        return new Mem(size, base, index, scale, disp, register, label);
    }

    /** Whether neither register nor label is part of the address. */
    boolean isAbsolute() {
        return base == null && index == null && label == null;
    }

    /** The default segment: SS if the base is a stack register, else DS. */
    Reg defaultSegment() {
        boolean stack = base != null
                && base.kind() == Reg.Kind.GENERAL
                && (base.number() == 5 || base.number() == 4 && base.size() > 2);
        return stack ? Reg.SS : Reg.DS;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(Disassembler.widthName(size));
        if (segment != null) {
            text.append(segment).append(':');
        }
        String plus = "[";
        for (Object part : new @Nullable Object[] {label, base, index}) {
            if (part != null) {
                text.append(plus).append(part);
                plus = "+";
            }
        }
        if (index != null) {
            text.append('*').append(scale);
        }
        if (disp != 0 || plus.equals("[")) {
            text.append(plus).append("0x").append(Long.toHexString(disp));
        }
        return text.append(']').toString();
    }
}

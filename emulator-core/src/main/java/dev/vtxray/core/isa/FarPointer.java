package dev.vtxray.core.isa;

import org.jspecify.annotations.Nullable;

/**
 * A far pointer in the instruction (ptr16:16 or ptr16:32).
 *
 * @param offsetSize width of the offset in bytes, 2 or 4
 * @param selector   segment selector, 16 bits
 * @param offset     offset in the segment; added to the label's address if there is a label
 * @param label      label to point to, or null
 */
public record FarPointer(int offsetSize, int selector, long offset, @Nullable String label) implements Operand {
    public FarPointer {
        if (offsetSize != 2 && offsetSize != 4) {
            throw new IllegalArgumentException("far pointer with an offset of " + offsetSize + " bytes; 2 or 4 exist");
        }
    }

    /** ptr16:32. */
    public FarPointer(int selector, long offset) {
        this(4, selector, offset, null);
    }

    /** ptr16:32 to a label. */
    public static FarPointer to(int selector, String label) {
        return new FarPointer(4, selector, 0, label);
    }

    /** ptr16:16. */
    public static FarPointer ptr16(int selector, long offset) {
        return new FarPointer(2, selector, offset, null);
    }

    /** ptr16:16 to a label. */
    public static FarPointer ptr16(int selector, String label) {
        return new FarPointer(2, selector, 0, label);
    }

    @Override
    public String toString() {
        String target = label == null ? "0x" + Long.toHexString(offset) : label;
        return "0x" + Integer.toHexString(selector) + ":" + target;
    }
}

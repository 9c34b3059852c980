package dev.vtxray.core.isa;

/**
 * An immediate; for a branch, the absolute address of its target.
 *
 * @param value signed or unsigned, as wide as the other operands ask
 */
public record Imm(long value) implements Operand {
    public static Imm of(long value) {
        return new Imm(value);
    }

    @Override
    public String toString() {
        return "0x" + Long.toHexString(value);
    }
}

package dev.vtxray.core.isa;

/**
 * The address of a label: target of a branch, or an immediate.
 *
 * @param name a name that {@link Assembler#label} defines, before or after
 */
public record LabelRef(String name) implements Operand {
    public static LabelRef of(String name) {
        return new LabelRef(name);
    }

    @Override
    public String toString() {
        return name;
    }
}

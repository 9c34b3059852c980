package dev.vtxray.apic.virtual;

/**
 * What an operation leads to. Outcomes are shared, immutable objects: of two with the same kind and value there is only one.
 */
public final class Outcome {
    /** The kinds of outcome. */
    public enum Kind {
        /** The guest goes on. */
        NOTHING,
        /** The guest goes on; a pending virtual interrupt is recognized. */
        INTERRUPT_RECOGNIZED,
        /** The virtual TPR fell below the TPR threshold. */
        TPR_BELOW_THRESHOLD,
        /** An EOI was virtualized whose vector (the value) the virtualization software wants to hear of. */
        VIRTUALIZED_EOI,
        /** A write to the page offset that is the value is done, but not what it should cause. */
        APIC_WRITE
    }

    /** See {@link Kind#NOTHING}. */
    public static final Outcome NOTHING = new Outcome(Kind.NOTHING, 0);

    /** See {@link Kind#INTERRUPT_RECOGNIZED}. */
    public static final Outcome INTERRUPT_RECOGNIZED = new Outcome(Kind.INTERRUPT_RECOGNIZED, 0);

    /** See {@link Kind#TPR_BELOW_THRESHOLD}. */
    public static final Outcome TPR_BELOW_THRESHOLD = new Outcome(Kind.TPR_BELOW_THRESHOLD, 0);

    private static final int REGISTER_SPACE = 0x400;
    private static final Outcome[] VIRTUALIZED_EOI = ofAllValues(Kind.VIRTUALIZED_EOI, 256);
    private static final Outcome[] APIC_WRITE = ofAllValues(Kind.APIC_WRITE, REGISTER_SPACE);

    private final Kind kind;
    private final int value;

    private Outcome(Kind kind, int value) {
        this.kind = kind;
        this.value = value;
    }

    private static Outcome[] ofAllValues(Kind kind, int count) {
        Outcome[] outcomes = new Outcome[count];
        for (int i = 0; i < count; i++) {
            outcomes[i] = new Outcome(kind, i);
        }
        return outcomes;
    }

    /** The outcome of a virtualized EOI of this vector (0-255). */
    public static Outcome virtualizedEoi(int vector) {
        return VIRTUALIZED_EOI[vector];
    }

    /** The outcome of a write at this page offset (0-3FFH). */
    public static Outcome apicWrite(int offset) {
        return APIC_WRITE[offset];
    }

    /** What happened. */
    public Kind kind() {
        return kind;
    }

    /** The vector of a virtualized EOI, the page offset of an APIC write, otherwise 0. */
    public int value() {
        return value;
    }

    @Override
    public String toString() {
        return switch (kind) {
            case VIRTUALIZED_EOI, APIC_WRITE -> kind + "(" + Integer.toHexString(value) + "H)";
            default -> kind.toString();
        };
    }
}

package dev.vtxray.apic;

/** What a local APIC tells the machine around it. */
public interface ApicListener {
    /** Listens to nothing. */
    ApicListener NONE = new ApicListener() {};

    /**
     * An EOI message: a level-triggered interrupt was completed and EOI broadcasts are not suppressed. I/O APICs listen.
     *
     * @param vector the vector completed, 16-255
     */
    default void endOfInterrupt(int vector) {}

    /**
     * IA32_APIC_BASE was written, or reset: the page of registers is now at {@link LocalApic#baseAddress()}, if
     * {@link LocalApic#mode()} has such a page at all. CPUID.1:EDX[9] reads 0 while the APIC is disabled.
     */
    default void baseChanged(LocalApic apic) {}

    /** The answer of {@link LocalApic#nextDeadline()} may have changed. */
    default void deadlineChanged(LocalApic apic) {}
}

package dev.vtxray.apic.virtual;

/** What the virtualization software has set. The operations ask at the moment when they need an answer. */
public interface VirtualApicSettings {
    /** The parts of APIC virtualization in use. */
    ApicVirtualization features();

    /** The TPR threshold, 0-15. */
    int tprThreshold();

    /** Whether the virtualization software wants to hear of a virtualized EOI of this vector. */
    boolean reportsVirtualizedEoi(int vector);

    /** Whether it waits for the moment when the guest could take an interrupt: no virtual interrupt is recognized then. */
    boolean awaitsInterruptWindow();
}

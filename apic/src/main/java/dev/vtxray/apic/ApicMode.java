package dev.vtxray.apic;

/**
 * How a local APIC is reached, as EN and EXTD of IA32_APIC_BASE select it (SDM, Advanced Programmable Interrupt Controller
 * (APIC), x2APIC State Transitions).
 */
public enum ApicMode {
    /** Globally disabled: neither the page nor the MSRs are there, and no interrupt is accepted. */
    DISABLED,
    /** Registers are in a page of memory, APIC IDs have 8 bits. */
    XAPIC,
    /** Registers are MSRs, APIC IDs have 32 bits. */
    X2APIC;

    /** Whether a write of IA32_APIC_BASE may lead from this mode to {@code next}. */
    boolean mayBecome(ApicMode next) {
        return switch (this) {
            case DISABLED -> next != X2APIC;
            case XAPIC -> true;
            case X2APIC -> next != XAPIC;
        };
    }
}

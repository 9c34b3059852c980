package dev.vtxray.apic.virtual;

/** What becomes of an access to the APIC-access page. */
public enum ApicAccess {
    /** It goes to the virtual-APIC page. */
    VIRTUALIZED,
    /** It does not take place; the virtualization software hears of it. */
    ACCESS_TAKEN
}

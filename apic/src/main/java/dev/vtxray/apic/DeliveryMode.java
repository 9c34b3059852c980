package dev.vtxray.apic;

/**
 * Bits 10:8 of the interrupt command register and of LVT entries; the order is that of the manual's numbers (SDM, Advanced
 * Programmable Interrupt Controller (APIC), Interrupt Command Register, and Local Vector Table).
 */
public enum DeliveryMode {
    FIXED,
    LOWEST_PRIORITY,
    /** System-management interrupt. Machines of this library have no system-management mode: it is dropped. */
    SMI,
    RESERVED,
    NMI,
    INIT,
    START_UP,
    /** An interrupt of an 8259-type controller. Reserved in an interrupt command. */
    EXT_INT;

    private static final DeliveryMode[] BY_NUMBER = values();

    /** The mode in bits 10:8 of a register. */
    static DeliveryMode in(int register) {
        return BY_NUMBER[register >>> 8 & 7];
    }

    /** Whether the message carries a vector that the receiver's IRR takes. */
    boolean requestsVector() {
        return this == FIXED || this == LOWEST_PRIORITY;
    }
}

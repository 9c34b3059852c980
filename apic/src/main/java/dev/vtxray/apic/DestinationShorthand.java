package dev.vtxray.apic;

/** Bits 19:18 of the interrupt command register; the order is that of the manual's numbers. */
public enum DestinationShorthand {
    NO_SHORTHAND,
    SELF,
    ALL_INCLUDING_SELF,
    ALL_EXCLUDING_SELF;

    private static final DestinationShorthand[] BY_NUMBER = values();

    /** The shorthand in bits 19:18 of a register. */
    static DestinationShorthand in(int register) {
        return BY_NUMBER[register >>> 18 & 3];
    }
}

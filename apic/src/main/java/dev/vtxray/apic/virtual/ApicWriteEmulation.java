package dev.vtxray.apic.virtual;

import static dev.vtxray.apic.virtual.VirtualApicPage.SELF_IPI;
import static dev.vtxray.apic.virtual.VirtualApicPage.VEOI;
import static dev.vtxray.apic.virtual.VirtualApicPage.VICR_HI;
import static dev.vtxray.apic.virtual.VirtualApicPage.VICR_LO;
import static dev.vtxray.apic.virtual.VirtualApicPage.VTPR;

/**
 * What a virtualized write causes when the operation that made it has ended (SDM, APIC Virtualization and Virtual
 * Interrupts, APIC-Write Emulation, and Virtualizing MSR-Based APIC Accesses).
 */
final class ApicWriteEmulation {
    private static final int LOWEST_LEGAL_VECTOR = 16;

    /**
     * The bits of an interrupt command that decide whether it is a self-IPI: reserved bits 31:20, 17:16 and 13, delivery
     * status 12, shorthand 19:18, trigger mode 15, delivery mode 10:8.
     */
    private static final int SELF_IPI_PATTERN_MASK = 0xFFFF_B700;

    /** Shorthand "self", edge-triggered, fixed, nothing else. */
    private static final int SELF_IPI_PATTERN = 1 << 18;

    private ApicWriteEmulation() {}

    /** One of the ways in which the processor responds; {@code offset} is the page offset of the write. */
    @FunctionalInterface
    interface Response {
        Outcome respond(VirtualApic apic, int offset);
    }

    static Outcome taskPriority(VirtualApic apic, int offset) {
        VirtualApicPage page = apic.page();
        page.setRegister(VTPR, page.register(VTPR) & 0xFF);
        return apic.tprVirtualization();
    }

    static Outcome endOfInterrupt(VirtualApic apic, int offset) {
        if (!apic.settings().features().virtualInterruptDelivery()) {
            return Outcome.apicWrite(offset);
        }
        apic.page().setRegister(VEOI, 0);
        return apic.eoiVirtualization();
    }

    static Outcome interruptCommandLow(VirtualApic apic, int offset) {
        int command = apic.page().register(VICR_LO);
        int vector = command & 0xFF;
        boolean isSelfIpi = (command & SELF_IPI_PATTERN_MASK) == SELF_IPI_PATTERN && vector >= LOWEST_LEGAL_VECTOR;
        return isSelfIpi && apic.settings().features().virtualInterruptDelivery()
                ? apic.selfIpiVirtualization(vector)
                : Outcome.apicWrite(offset);
    }

    static Outcome interruptCommandHigh(VirtualApic apic, int offset) {
        VirtualApicPage page = apic.page();
        page.setRegister(VICR_HI, page.register(VICR_HI) & 0xFF00_0000);
        return Outcome.NOTHING;
    }

    static Outcome selfIpi(VirtualApic apic, int offset) {
        int vector = apic.page().register(SELF_IPI) & 0xFF;
        return vector >= LOWEST_LEGAL_VECTOR ? apic.selfIpiVirtualization(vector) : Outcome.apicWrite(offset);
    }

    /** The virtualization software does what the write should cause. */
    static Outcome apicWrite(VirtualApic apic, int offset) {
        return Outcome.apicWrite(offset);
    }
}

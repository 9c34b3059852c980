package dev.vtxray.apic.virtual;

import static dev.vtxray.apic.virtual.VirtualApicPage.SELF_IPI;
import static dev.vtxray.apic.virtual.VirtualApicPage.VEOI;
import static dev.vtxray.apic.virtual.VirtualApicPage.VICR_HI;
import static dev.vtxray.apic.virtual.VirtualApicPage.VICR_LO;
import static dev.vtxray.apic.virtual.VirtualApicPage.VTPR;

/**
 * How the processor responds to a virtualized write when the operation that made it has ended (SDM, APIC Virtualization
 * and Virtual Interrupts, APIC-Write Emulation, and Virtualizing MSR-Based APIC Accesses).
 */
enum ApicWriteResponse {
    /** Bytes 3:1 of the virtual TPR are cleared, then it is virtualized. */
    TPR_VIRTUALIZATION {
        @Override
        Outcome respond(VirtualApic apic, int offset) {
            VirtualApicPage page = apic.page();
            page.setRegister(VTPR, page.register(VTPR) & 0xFF);
            return apic.tprVirtualization();
        }
    },

    /** Virtual-interrupt delivery virtualizes the EOI; without it the virtualization software does. */
    EOI_VIRTUALIZATION {
        @Override
        Outcome respond(VirtualApic apic, int offset) {
            if (!apic.settings().features().virtualInterruptDelivery()) {
                return Outcome.apicWrite(offset);
            }
            apic.page().setRegister(VEOI, 0);
            return apic.eoiVirtualization();
        }
    },

    /** Virtual-interrupt delivery virtualizes a self-IPI; every other command is the virtualization software's. */
    INTERRUPT_COMMAND {
        @Override
        Outcome respond(VirtualApic apic, int offset) {
            int command = apic.page().register(VICR_LO);
            boolean isSelfIpi = (command & SELF_IPI_PATTERN_MASK) == SELF_IPI_PATTERN && isLegalVector(command & 0xFF);
            return isSelfIpi && apic.settings().features().virtualInterruptDelivery()
                    ? apic.selfIpiVirtualization(command & 0xFF)
                    : Outcome.apicWrite(offset);
        }
    },

    /** Bytes 2:0 of the high half of the virtual interrupt command are cleared. */
    CLEAR_RESERVED_BYTES {
        @Override
        Outcome respond(VirtualApic apic, int offset) {
            VirtualApicPage page = apic.page();
            page.setRegister(VICR_HI, page.register(VICR_HI) & 0xFF00_0000);
            return Outcome.NOTHING;
        }
    },

    /** A self-IPI with a legal vector is virtualized. */
    SELF_IPI_VIRTUALIZATION {
        @Override
        Outcome respond(VirtualApic apic, int offset) {
            int vector = apic.page().register(SELF_IPI) & 0xFF;
            return isLegalVector(vector) ? apic.selfIpiVirtualization(vector) : Outcome.apicWrite(offset);
        }
    },

    /** The virtualization software does what the write should cause. */
    APIC_WRITE {
        @Override
        Outcome respond(VirtualApic apic, int offset) {
            return Outcome.apicWrite(offset);
        }
    };

    /**
     * The bits of an interrupt command that decide whether it is a self-IPI: reserved bits 31:20, 17:16 and 13,
     * delivery status 12, shorthand 19:18, trigger mode 15, delivery mode 10:8.
     */
    private static final int SELF_IPI_PATTERN_MASK = 0xFFFF_B700;

    /** Shorthand "self", edge-triggered, fixed, nothing else. */
    private static final int SELF_IPI_PATTERN = 1 << 18;

    /** Responds to a write at this page offset, which the page already holds. */
    abstract Outcome respond(VirtualApic apic, int offset);

    private static boolean isLegalVector(int vector) {
        return vector >= 16;
    }
}

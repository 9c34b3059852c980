package dev.vtxray.apic.virtual;

/**
 * Which parts of APIC virtualization are in use.
 *
 * @param tprShadow                the task priority lives in the virtual-APIC page; without it nothing is virtualized
 * @param registerVirtualization   most registers can be read, and are written, in the virtual-APIC page
 * @param virtualInterruptDelivery virtual interrupts are evaluated and delivered
 */
public record ApicVirtualization(
        boolean tprShadow, boolean registerVirtualization, boolean virtualInterruptDelivery) {
    /** Bits of {@link #parts()}: the parts, as rows of tables name them. */
    static final int TPR_SHADOW = 1;

    static final int REGISTER_VIRTUALIZATION = 1 << 1;
    static final int VIRTUAL_INTERRUPT_DELIVERY = 1 << 2;

    /** The parts in use, one bit each; 0 without the TPR shadow. */
    int parts() {
        return tprShadow
                ? TPR_SHADOW
                        | (registerVirtualization ? REGISTER_VIRTUALIZATION : 0)
                        | (virtualInterruptDelivery ? VIRTUAL_INTERRUPT_DELIVERY : 0)
                : 0;
    }
}

package dev.vtxray.testkit.hypervisor;

/** How a hypervisor gets a virtual interrupt to a virtual CPU on another processor. */
public enum InterruptDelivery {
    /** An ordinary interrupt makes that processor leave the guest; its hypervisor code then does the rest. */
    EXTERNAL_INTERRUPT,
    /** A posted-interrupt descriptor and its notification vector; needs virtual-interrupt delivery. */
    POSTED
}

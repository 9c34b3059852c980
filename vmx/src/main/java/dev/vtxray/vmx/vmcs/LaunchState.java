package dev.vtxray.vmx.vmcs;

/** Whether VMLAUNCH or VMRESUME may enter with a VMCS. SDM, Software Use of the VMCS and Related Structures. */
public enum LaunchState {
    CLEAR,
    LAUNCHED
}

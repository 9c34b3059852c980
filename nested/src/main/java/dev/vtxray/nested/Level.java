package dev.vtxray.nested;

/** Who runs: the host, the guest hypervisor, or its guest. */
public enum Level {
    L0,
    L1,
    L2
}

package dev.vtxray.testkit.experiment;

/** Who runs: L0 the host hypervisor, L1 its guest hypervisor, L2 the guest of L1. */
public enum Level {
    L0,
    L1,
    L2
}

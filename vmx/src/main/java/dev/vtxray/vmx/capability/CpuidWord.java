package dev.vtxray.vmx.capability;

/** A register of a CPUID leaf that holds feature bits. */
public enum CpuidWord {
    LEAF_1_ECX,
    LEAF_1_EDX,
    /** Leaf 7, subleaf 0. */
    LEAF_7_EBX,
    /** Leaf 7, subleaf 0. */
    LEAF_7_ECX,
    /** Leaf 0DH, subleaf 1. */
    LEAF_D_1_EAX,
    LEAF_80000001_ECX,
    LEAF_80000001_EDX
}

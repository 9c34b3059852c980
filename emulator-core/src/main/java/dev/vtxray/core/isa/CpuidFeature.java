package dev.vtxray.core.isa;

/** CPUID feature flags that gate instructions: leaf, register (0 EAX .. 3 EDX) and bit. */
public enum CpuidFeature {
    // @formatter:off
    /** Always there. */
    BASE       (0,          0, 0),
    TSC        (1,          3, 4),
    MSR        (1,          3, 5),
    CX8        (1,          3, 8),
    SEP        (1,          3, 11),
    CMOV       (1,          3, 15),
    CLFSH      (1,          3, 19),
    SSE2       (1,          3, 26),
    MONITOR    (1,          2, 3),
    CX16       (1,          2, 13),
    PCID       (1,          2, 17),
    MOVBE      (1,          2, 22),
    POPCNT     (1,          2, 23),
    XSAVE      (1,          2, 26),
    RDRAND     (1,          2, 30),
    FSGSBASE   (7,          1, 0),
    BMI1       (7,          1, 3),
    INVPCID    (7,          1, 10),
    RDSEED     (7,          1, 18),
    SMAP       (7,          1, 20),
    LAHF64     (0x80000001, 2, 0),
    LZCNT      (0x80000001, 2, 5),
    PREFETCHW  (0x80000001, 2, 8),
    SYSCALL    (0x80000001, 3, 11),
    RDTSCP     (0x80000001, 3, 27);
    // @formatter:on

    private final int leaf;
    private final int register;
    private final int bit;

    CpuidFeature(int leaf, int register, int bit) {
        this.leaf = leaf;
        this.register = register;
        this.bit = bit;
    }

    public int leaf() {
        return leaf;
    }

    /** 0 EAX, 1 EBX, 2 ECX, 3 EDX. */
    public int register() {
        return register;
    }

    public int bit() {
        return bit;
    }
}

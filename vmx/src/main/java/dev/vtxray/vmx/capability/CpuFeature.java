package dev.vtxray.vmx.capability;

import static dev.vtxray.vmx.capability.CpuidWord.LEAF_1_ECX;
import static dev.vtxray.vmx.capability.CpuidWord.LEAF_1_EDX;
import static dev.vtxray.vmx.capability.CpuidWord.LEAF_7_EBX;
import static dev.vtxray.vmx.capability.CpuidWord.LEAF_7_ECX;
import static dev.vtxray.vmx.capability.CpuidWord.LEAF_80000001_ECX;
import static dev.vtxray.vmx.capability.CpuidWord.LEAF_80000001_EDX;
import static dev.vtxray.vmx.capability.CpuidWord.LEAF_D_1_EAX;

/**
 * A feature that CPUID enumerates: the word and bit where it does, and the CR4 bits that exist with it.
 *
 * <p>SDM, CPUID; Control Registers. OSXSAVE and OSPKE are not here: CPUID copies them from CR4.
 */
public enum CpuFeature {
    // @formatter:off
    FPU(                 LEAF_1_EDX,          0),
    VME(                 LEAF_1_EDX,          1, 0x000003),
    DE(                  LEAF_1_EDX,          2, 0x000008),
    PSE(                 LEAF_1_EDX,          3, 0x000010),
    TSC(                 LEAF_1_EDX,          4, 0x000004),
    MSR(                 LEAF_1_EDX,          5),
    PAE(                 LEAF_1_EDX,          6, 0x000020),
    MCE(                 LEAF_1_EDX,          7, 0x000040),
    CX8(                 LEAF_1_EDX,          8),
    APIC(                LEAF_1_EDX,          9),
    SEP(                 LEAF_1_EDX,         11),
    MTRR(                LEAF_1_EDX,         12),
    PGE(                 LEAF_1_EDX,         13, 0x000080),
    MCA(                 LEAF_1_EDX,         14),
    CMOV(                LEAF_1_EDX,         15),
    PAT(                 LEAF_1_EDX,         16),
    PSE36(               LEAF_1_EDX,         17),
    CLFSH(               LEAF_1_EDX,         19),
    DS(                  LEAF_1_EDX,         21),
    ACPI(                LEAF_1_EDX,         22),
    MMX(                 LEAF_1_EDX,         23),
    FXSR(                LEAF_1_EDX,         24, 0x000200),
    SSE(                 LEAF_1_EDX,         25, 0x000400),
    SSE2(                LEAF_1_EDX,         26),
    SS(                  LEAF_1_EDX,         27),
    HTT(                 LEAF_1_EDX,         28),
    TM(                  LEAF_1_EDX,         29),
    PBE(                 LEAF_1_EDX,         31),

    SSE3(                LEAF_1_ECX,          0),
    PCLMULQDQ(           LEAF_1_ECX,          1),
    DTES64(              LEAF_1_ECX,          2),
    MONITOR(             LEAF_1_ECX,          3),
    DS_CPL(              LEAF_1_ECX,          4),
    VMX(                 LEAF_1_ECX,          5, 0x002000),
    SMX(                 LEAF_1_ECX,          6, 0x004000),
    EIST(                LEAF_1_ECX,          7),
    TM2(                 LEAF_1_ECX,          8),
    SSSE3(               LEAF_1_ECX,          9),
    FMA(                 LEAF_1_ECX,         12),
    CX16(                LEAF_1_ECX,         13),
    XTPR(                LEAF_1_ECX,         14),
    PDCM(                LEAF_1_ECX,         15),
    PCID(                LEAF_1_ECX,         17, 0x020000),
    DCA(                 LEAF_1_ECX,         18),
    SSE4_1(              LEAF_1_ECX,         19),
    SSE4_2(              LEAF_1_ECX,         20),
    X2APIC(              LEAF_1_ECX,         21),
    MOVBE(               LEAF_1_ECX,         22),
    POPCNT(              LEAF_1_ECX,         23),
    TSC_DEADLINE(        LEAF_1_ECX,         24),
    AES(                 LEAF_1_ECX,         25),
    XSAVE(               LEAF_1_ECX,         26, 0x040000),
    AVX(                 LEAF_1_ECX,         28),
    F16C(                LEAF_1_ECX,         29),
    RDRAND(              LEAF_1_ECX,         30),

    FSGSBASE(            LEAF_7_EBX,          0, 0x010000),
    TSC_ADJUST(          LEAF_7_EBX,          1),
    SGX(                 LEAF_7_EBX,          2),
    BMI1(                LEAF_7_EBX,          3),
    HLE(                 LEAF_7_EBX,          4),
    AVX2(                LEAF_7_EBX,          5),
    SMEP(                LEAF_7_EBX,          7, 0x100000),
    BMI2(                LEAF_7_EBX,          8),
    ERMS(                LEAF_7_EBX,          9),
    INVPCID(             LEAF_7_EBX,         10),
    RTM(                 LEAF_7_EBX,         11),
    PQM(                 LEAF_7_EBX,         12),
    DEPRECATED_FPU_CS_DS(LEAF_7_EBX,         13),
    MPX(                 LEAF_7_EBX,         14),
    PQE(                 LEAF_7_EBX,         15),
    AVX512F(             LEAF_7_EBX,         16),
    AVX512DQ(            LEAF_7_EBX,         17),
    RDSEED(              LEAF_7_EBX,         18),
    ADX(                 LEAF_7_EBX,         19),
    SMAP(                LEAF_7_EBX,         20, 0x200000),
    CLFLUSHOPT(          LEAF_7_EBX,         23),
    CLWB(                LEAF_7_EBX,         24),
    INTEL_PT(            LEAF_7_EBX,         25),
    AVX512CD(            LEAF_7_EBX,         28),
    AVX512BW(            LEAF_7_EBX,         30),
    AVX512VL(            LEAF_7_EBX,         31),

    UMIP(                LEAF_7_ECX,          2, 0x000800),
    PKU(                 LEAF_7_ECX,          3, 0x400000),
    LA57(                LEAF_7_ECX,         16, 0x001000),

    LAHF64(              LEAF_80000001_ECX,   0),
    LZCNT(               LEAF_80000001_ECX,   5),
    PREFETCHW(           LEAF_80000001_ECX,   8),

    SYSCALL(             LEAF_80000001_EDX,  11),
    NX(                  LEAF_80000001_EDX,  20),
    PAGE1GB(             LEAF_80000001_EDX,  26),
    RDTSCP(              LEAF_80000001_EDX,  27),
    LM(                  LEAF_80000001_EDX,  29),

    XSAVEOPT(            LEAF_D_1_EAX,        0),
    XSAVEC(              LEAF_D_1_EAX,        1),
    XGETBV_ECX1(         LEAF_D_1_EAX,        2),
    XSAVES(              LEAF_D_1_EAX,        3);
    // @formatter:on

    private final CpuidWord word;
    private final int bit;
    private final long cr4Bits;

    CpuFeature(CpuidWord word, int bit) {
        this(word, bit, 0);
    }

    CpuFeature(CpuidWord word, int bit, long cr4Bits) {
        this.word = word;
        this.bit = bit;
        this.cr4Bits = cr4Bits;
    }

    /** The register of the CPUID leaf that enumerates this feature. */
    public CpuidWord word() {
        return word;
    }

    /** The word with only this feature's bit set. */
    public int mask() {
        return 1 << bit;
    }

    /** The CR4 bits that software can set where the feature exists; 0 for most. */
    public long cr4Bits() {
        return cr4Bits;
    }
}

package dev.vtxray.nested.cost;

/** An operation that has a cost. Its key is the first column of the data file. */
public enum Cost {
    // @formatter:off
    EXIT_HALF(              "exit-half",               "hardware VM exit"),
    ENTRY_HALF(             "entry-half",              "hardware VM entry"),
    EXIT_ENTRY_PAIR(        "exit-entry-pair",         "hardware VM exit and entry"),
    L0_NULL_EXIT(           "l0-null-exit",            "software of L0 in a null exit"),
    L0_DEVICE_EXIT(         "l0-device-exit",          "in-kernel device exit, extra"),
    USER_SPACE_ROUND_TRIP(  "user-space-round-trip",   "round trip to user space, extra"),
    EMULATED_VMCS_ACCESS(   "emulated-vmcs-access",    "emulated VMREAD or VMWRITE, extra"),
    VMREAD(                 "vmread",                  "VMREAD without an exit"),
    VMWRITE(                "vmwrite",                 "VMWRITE without an exit"),
    VMPTRLD(                "vmptrld",                 "VMPTRLD"),
    VMCLEAR(                "vmclear",                 "VMCLEAR"),
    INVVPID_SINGLE(         "invvpid-single",          "INVVPID, single context"),
    INVEPT_SINGLE(          "invept-single",           "INVEPT, single context"),
    NESTED_ENTRY(           "nested-entry",            "nested entry: checks, vmcs12 to vmcs02"),
    NESTED_EXIT(            "nested-exit",             "nested exit: vmcs02 to vmcs12, host state"),
    SHADOW_VMCS_SYNC(       "shadow-vmcs-sync",        "shadow VMCS copied both ways"),
    RDMSR(                  "rdmsr",                   "RDMSR"),
    WRMSR(                  "wrmsr",                   "WRMSR"),
    MOV_CR3(                "mov-cr3",                 "MOV to CR3"),
    MOV_CR0_CR4(            "mov-cr0-cr4",             "MOV to CR0 or CR4"),
    MOV_CR8_TPR_SHADOW(     "mov-cr8-tpr-shadow",      "MOV to CR8 with TPR shadow"),
    CPUID(                  "cpuid",                   "CPUID"),
    NATIVE_IPI(             "native-ipi",              "native IPI, sender to handler"),
    VIRTUALIZED_APIC_ACCESS("virtualized-apic-access", "xAPIC access virtualized without an exit"),
    EPT_VIOLATION_RESIDENT( "ept-violation-resident",  "EPT violation, page resident"),
    PAGE_WALK_ACCESS(       "page-walk-access",        "memory access of a page walk"),
    COPIED_BYTE_CACHED(     "copied-byte-cached",      "byte copied, cached"),
    COPIED_BYTE_DRAM(       "copied-byte-dram",        "byte copied, DRAM");
    // @formatter:on

    private final String key;
    private final String description;

    Cost(String key, String description) {
        this.key = key;
        this.description = description;
    }

    public String key() {
        return key;
    }

    /** What it is, in a few words for a table. */
    public String description() {
        return description;
    }

    /** Whether it depends on the software of L0, so that the data file has a row per {@link SoftwareGeneration}. */
    boolean dependsOnSoftware() {
        return this == NESTED_ENTRY || this == NESTED_EXIT;
    }

    /** The first column of its row in the data file. */
    String rowKey(SoftwareGeneration software) {
        return dependsOnSoftware() ? key + "/" + software.key() : key;
    }
}

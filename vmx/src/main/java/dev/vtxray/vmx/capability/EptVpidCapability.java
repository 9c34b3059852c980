package dev.vtxray.vmx.capability;

/**
 * The bits of IA32_VMX_EPT_VPID_CAP. SDM, VMX Capability Reporting Facility, VPID and EPT Capabilities.
 */
public enum EptVpidCapability {
    // @formatter:off
    EXECUTE_ONLY(                         0),
    PAGE_WALK_LENGTH_4(                   6),
    PAGE_WALK_LENGTH_5(                   7),
    UNCACHEABLE(                          8),
    WRITE_BACK(                          14),
    PAGES_2M(                            16),
    PAGES_1G(                            17),
    INVEPT(                              20),
    ACCESSED_AND_DIRTY(                  21),
    ADVANCED_EXIT_INFORMATION(           22),
    SUPERVISOR_SHADOW_STACK(             23),
    INVEPT_SINGLE_CONTEXT(               25),
    INVEPT_ALL_CONTEXT(                  26),
    INVVPID(                             32),
    INVVPID_INDIVIDUAL_ADDRESS(          40),
    INVVPID_SINGLE_CONTEXT(              41),
    INVVPID_ALL_CONTEXT(                 42),
    INVVPID_SINGLE_CONTEXT_KEEP_GLOBALS( 43);
    // @formatter:on

    private final int bit;

    EptVpidCapability(int bit) {
        this.bit = bit;
    }

    /** The MSR with only this bit set. */
    public long mask() {
        return 1L << bit;
    }
}

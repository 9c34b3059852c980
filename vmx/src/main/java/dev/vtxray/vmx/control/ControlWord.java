package dev.vtxray.vmx.control;

/**
 * A word of VMX controls and the capability MSRs that say which of its bits may or must be 1.
 *
 * <p>SDM, VMX Capability Reporting Facility.
 */
public enum ControlWord {
    // @formatter:off
    PIN_BASED(                0x481, 0x48D),
    PRIMARY_PROCESSOR_BASED(  0x482, 0x48E),
    SECONDARY_PROCESSOR_BASED(0x48B, 0x48B),
    VM_EXIT(                  0x483, 0x48F),
    VM_ENTRY(                 0x484, 0x490),
    VM_FUNCTION(              0x491, 0x491);
    // @formatter:on

    private final int msr;
    private final int trueMsr;

    ControlWord(int msr, int trueMsr) {
        this.msr = msr;
        this.trueMsr = trueMsr;
    }

    /** The capability MSR that forces the default1 class of bits to 1. */
    public int msr() {
        return msr;
    }

    /** The TRUE capability MSR, or {@link #msr()} where a word has no default1 bits. */
    public int trueMsr() {
        return trueMsr;
    }
}

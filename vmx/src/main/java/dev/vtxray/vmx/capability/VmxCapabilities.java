package dev.vtxray.vmx.capability;

import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.SupportedControls;
import dev.vtxray.vmx.control.VmxControl;
import dev.vtxray.vmx.vmcs.VmcsFieldSet;
import java.util.Arrays;

/**
 * The VMX capability MSRs of one processor, 480H to 491H, with the questions that they answer. Immutable.
 *
 * <p>SDM, VMX Capability Reporting Facility.
 */
public final class VmxCapabilities implements SupportedControls {
    // @formatter:off
    public static final int VMX_BASIC        = 0x480;
    public static final int VMX_MISC         = 0x485;
    public static final int CR0_FIXED0       = 0x486;
    public static final int CR0_FIXED1       = 0x487;
    public static final int CR4_FIXED0       = 0x488;
    public static final int CR4_FIXED1       = 0x489;
    public static final int VMCS_ENUM        = 0x48A;
    public static final int PROCBASED_CTLS2  = 0x48B;
    public static final int EPT_VPID_CAP     = 0x48C;
    public static final int TRUE_PIN_CTLS    = 0x48D;
    public static final int TRUE_ENTRY_CTLS  = 0x490;
    public static final int VMX_VMFUNC       = 0x491;
    // @formatter:on

    static final int FIRST = VMX_BASIC;
    static final int COUNT = VMX_VMFUNC - VMX_BASIC + 1;

    private final long[] msrs;
    private final VmcsFieldSet fields;

    /**
     * Capabilities with these values. IA32_VMX_VMCS_ENUM is not among the inputs that count: it is computed.
     *
     * <p>Deviation: real processors up to Skylake report a VMCS_ENUM below the index of their preemption-timer or
     * TSC-multiplier field. Software that probes for the highest index expects the true maximum, so it is reported.
     *
     * @param msrs the values of MSRs 480H to 491H, 0 for one that does not exist
     * @throws IllegalArgumentException if the values contradict each other; the message says which and why
     */
    VmxCapabilities(long[] msrs) {
        this.msrs = msrs.clone();
        if (supports(ControlWord.VM_FUNCTION, 1) && !supports(SecondaryControl.ENABLE_VM_FUNCTIONS)) {
            throw new IllegalArgumentException("MSR 491H is not 0 although \"enable VM functions\" is not supported");
        }
        this.fields = new VmcsFieldSet(this);
        this.msrs[VMCS_ENUM - FIRST] = (long) fields.highestIndex() << 1;
        CapabilityConsistency.require(this);
    }

    /**
     * The value of a capability MSR.
     *
     * @param msr 480H to 491H; 0 is the value of one that does not exist
     * @throws IllegalArgumentException if the number is outside that range
     */
    public long msr(int msr) {
        if (msr < FIRST || msr >= FIRST + COUNT) {
            throw new IllegalArgumentException(
                    "MSR %XH is no VMX capability MSR; those are 480H to 491H".formatted(msr));
        }
        return msrs[msr - FIRST];
    }

    /** Whether RDMSR of this MSR succeeds. */
    public boolean exists(int msr) {
        if (msr < FIRST || msr >= FIRST + COUNT) {
            return false;
        }
        boolean secondary = supports(PrimaryControl.ACTIVATE_SECONDARY_CONTROLS);
        return switch (msr) {
            case PROCBASED_CTLS2 -> secondary;
            case EPT_VPID_CAP -> supports(SecondaryControl.ENABLE_EPT) || supports(SecondaryControl.ENABLE_VPID);
            case VMX_VMFUNC -> supports(SecondaryControl.ENABLE_VM_FUNCTIONS);
            default -> msr < TRUE_PIN_CTLS || msr > TRUE_ENTRY_CTLS || hasTrueControls();
        };
    }

    /** The bits of a control word that must be 1. */
    public int allowed0(ControlWord word) {
        return word == ControlWord.VM_FUNCTION ? 0 : (int) msr(reportingMsr(word));
    }

    /** The bits of a control word that may be 1. */
    public int allowed1(ControlWord word) {
        long value = msr(reportingMsr(word));
        return (int) (word == ControlWord.VM_FUNCTION ? value : value >>> 32);
    }

    @Override
    public boolean supports(VmxControl control) {
        return supports(control.word(), control.mask());
    }

    private boolean supports(ControlWord word, int mask) {
        return (allowed1(word) & mask) != 0;
    }

    /** Whether the processor has this capability of EPT or VPID. */
    public boolean has(EptVpidCapability capability) {
        return (msr(EPT_VPID_CAP) & capability.mask()) != 0;
    }

    /** The fields that VMREAD and VMWRITE find. */
    public VmcsFieldSet fields() {
        return fields;
    }

    /** The VMCS revision identifier. */
    public int revision() {
        return (int) msr(VMX_BASIC) & 0x7FFF_FFFF;
    }

    /** How many bytes of a VMXON or VMCS region software must allocate. */
    public int regionSize() {
        return (int) (msr(VMX_BASIC) >> 32) & 0x1FFF;
    }

    /** Whether the addresses of VMX structures are limited to 32 bits. */
    public boolean limitsAddressesTo32Bits() {
        return bit(VMX_BASIC, 48);
    }

    /** Whether VM exits of INS and OUTS give instruction information. */
    public boolean reportsInsOutsInformation() {
        return bit(VMX_BASIC, 54);
    }

    /** Whether the TRUE capability MSRs exist. */
    public boolean hasTrueControls() {
        return bit(VMX_BASIC, 55);
    }

    /** Whether any hardware exception can be injected with or without an error code. */
    public boolean injectsAnyErrorCode() {
        return bit(VMX_BASIC, 56);
    }

    /** X: the preemption timer counts down when bit X of the TSC changes. */
    public int preemptionTimerShift() {
        return (int) msr(VMX_MISC) & 0x1F;
    }

    /** Whether VM exits copy IA32_EFER.LMA into the VM-entry control "IA-32e mode guest". */
    public boolean exitsStoreEferLma() {
        return bit(VMX_MISC, 5);
    }

    /**
     * Whether a VM entry can start in an activity state.
     *
     * @param state 0 active, 1 HLT, 2 shutdown, 3 wait-for-SIPI; others are never supported
     */
    public boolean supportsActivityState(int state) {
        return state == 0 || state > 0 && state <= 3 && bit(VMX_MISC, 5 + state);
    }

    @Override
    public int cr3TargetCount() {
        return (int) (msr(VMX_MISC) >> 16) & 0x1FF;
    }

    /** The recommended maximum of entries in an MSR list. */
    public int maxMsrListEntries() {
        return 512 * (((int) (msr(VMX_MISC) >> 25) & 7) + 1);
    }

    /** Whether VMWRITE can change VM-exit information fields. */
    public boolean writesExitInformation() {
        return bit(VMX_MISC, 29);
    }

    /** Whether a software event can be injected with instruction length 0. */
    public boolean injectsWithZeroLength() {
        return bit(VMX_MISC, 30);
    }

    /**
     * These capabilities without some controls, and without everything that needs them. What else a lost control
     * implies (EPT and VPID capabilities, VMX_MISC bits) goes too.
     *
     * @throws IllegalArgumentException if a control cannot be taken out because it must be 1
     */
    public VmxCapabilities without(VmxControl... controls) {
        CapabilityEditor editor = new CapabilityEditor(msrs);
        for (VmxControl control : controls) {
            editor.remove(control);
        }
        return editor.build();
    }

    /** These capabilities without some capabilities of EPT and VPID. */
    public VmxCapabilities without(EptVpidCapability... capabilities) {
        long[] edited = msrs.clone();
        for (EptVpidCapability capability : capabilities) {
            edited[EPT_VPID_CAP - FIRST] &= ~capability.mask();
        }
        return new VmxCapabilities(edited);
    }

    /** These capabilities with another set of CR4 bits that may be 1 in VMX operation. */
    public VmxCapabilities withCr4Fixed1(long cr4Fixed1) {
        long[] edited = msrs.clone();
        edited[CR4_FIXED1 - FIRST] = cr4Fixed1;
        return new VmxCapabilities(edited);
    }

    private int reportingMsr(ControlWord word) {
        return hasTrueControls() ? word.trueMsr() : word.msr();
    }

    private boolean bit(int msr, int bit) {
        return (msr(msr) >> bit & 1) != 0;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof VmxCapabilities capabilities && Arrays.equals(msrs, capabilities.msrs);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(msrs);
    }
}

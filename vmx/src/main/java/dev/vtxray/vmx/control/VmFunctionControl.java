package dev.vtxray.vmx.control;

/**
 * VM-function controls: which leaves of VMFUNC do not exit. They count as 0 unless
 * {@link SecondaryControl#ENABLE_VM_FUNCTIONS} is 1.
 *
 * <p>SDM, Virtual Machine Control Structures, VM-Function Controls.
 */
public enum VmFunctionControl implements VmxControl {
    // @formatter:off
    EPTP_SWITCHING( 0, "EPTP switching");
    // @formatter:on

    private final int bit;
    private final String manualName;

    VmFunctionControl(int bit, String manualName) {
        this.bit = bit;
        this.manualName = manualName;
    }

    @Override
    public ControlWord word() {
        return ControlWord.VM_FUNCTION;
    }

    @Override
    public int bit() {
        return bit;
    }

    @Override
    public String manualName() {
        return manualName;
    }
}

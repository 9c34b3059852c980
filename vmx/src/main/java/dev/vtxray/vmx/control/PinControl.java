package dev.vtxray.vmx.control;

/**
 * Pin-based VM-execution controls: how the processor treats asynchronous events.
 *
 * <p>SDM, Virtual Machine Control Structures, Pin-Based VM-Execution Controls.
 */
public enum PinControl implements VmxControl {
    // @formatter:off
    EXTERNAL_INTERRUPT_EXITING(    0, "external-interrupt exiting"),
    NMI_EXITING(                   3, "NMI exiting"),
    VIRTUAL_NMIS(                  5, "virtual NMIs"),
    ACTIVATE_VMX_PREEMPTION_TIMER( 6, "activate VMX-preemption timer"),
    PROCESS_POSTED_INTERRUPTS(     7, "process posted interrupts");
    // @formatter:on

    private final int bit;
    private final String manualName;

    PinControl(int bit, String manualName) {
        this.bit = bit;
        this.manualName = manualName;
    }

    @Override
    public ControlWord word() {
        return ControlWord.PIN_BASED;
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

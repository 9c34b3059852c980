package dev.vtxray.vmx.control;

/**
 * VM-exit controls: what an exit saves and loads.
 *
 * <p>SDM, Virtual Machine Control Structures, VM-Exit Controls.
 */
public enum ExitControl implements VmxControl {
    // @formatter:off
    SAVE_DEBUG_CONTROLS(             2, "save debug controls"),
    HOST_ADDRESS_SPACE_SIZE(         9, "host address-space size"),
    LOAD_IA32_PERF_GLOBAL_CTRL(     12, "load IA32 PERF GLOBAL CTRL"),
    ACKNOWLEDGE_INTERRUPT_ON_EXIT(  15, "acknowledge interrupt on exit"),
    SAVE_IA32_PAT(                  18, "save IA32 PAT"),
    LOAD_IA32_PAT(                  19, "load IA32 PAT"),
    SAVE_IA32_EFER(                 20, "save IA32 EFER"),
    LOAD_IA32_EFER(                 21, "load IA32 EFER"),
    SAVE_VMX_PREEMPTION_TIMER_VALUE(22, "save VMX-preemption timer value"),
    CLEAR_IA32_BNDCFGS(             23, "clear IA32 BNDCFGS"),
    CONCEAL_VMX_FROM_PT(            24, "conceal VMX from PT"),
    CLEAR_IA32_RTIT_CTL(            25, "clear IA32 RTIT CTL"),
    CLEAR_IA32_LBR_CTL(             26, "clear IA32 LBR CTL"),
    CLEAR_UINV(                     27, "clear UINV"),
    LOAD_CET_STATE(                 28, "load CET state"),
    LOAD_PKRS(                      29, "load PKRS"),
    SAVE_IA32_PERF_GLOBAL_CTRL(     30, "save IA32 PERF GLOBAL CTRL"),
    ACTIVATE_SECONDARY_CONTROLS(    31, "activate secondary controls");
    // @formatter:on

    private final int bit;
    private final String manualName;

    ExitControl(int bit, String manualName) {
        this.bit = bit;
        this.manualName = manualName;
    }

    @Override
    public ControlWord word() {
        return ControlWord.VM_EXIT;
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

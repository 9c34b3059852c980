package dev.vtxray.vmx.control;

/**
 * VM-entry controls: what an entry loads, and into which mode.
 *
 * <p>SDM, Virtual Machine Control Structures, VM-Entry Controls.
 */
public enum EntryControl implements VmxControl {
    // @formatter:off
    LOAD_DEBUG_CONTROLS(               2, "load debug controls"),
    IA32E_MODE_GUEST(                  9, "IA-32e mode guest"),
    ENTRY_TO_SMM(                     10, "entry to SMM"),
    DEACTIVATE_DUAL_MONITOR_TREATMENT(11, "deactivate dual-monitor treatment"),
    LOAD_IA32_PERF_GLOBAL_CTRL(       13, "load IA32 PERF GLOBAL CTRL"),
    LOAD_IA32_PAT(                    14, "load IA32 PAT"),
    LOAD_IA32_EFER(                   15, "load IA32 EFER"),
    LOAD_IA32_BNDCFGS(                16, "load IA32 BNDCFGS"),
    CONCEAL_VMX_FROM_PT(              17, "conceal VMX from PT"),
    LOAD_IA32_RTIT_CTL(               18, "load IA32 RTIT CTL"),
    LOAD_UINV(                        19, "load UINV"),
    LOAD_CET_STATE(                   20, "load CET state"),
    LOAD_GUEST_IA32_LBR_CTL(          21, "load guest IA32 LBR CTL"),
    LOAD_PKRS(                        22, "load PKRS"),
    LOAD_FRED(                        23, "load FRED"),
    LOAD_IA32_SPEC_CTRL(              24, "load IA32 SPEC CTRL"),
    ALLOW_SEAM_GUEST_TELEMETRY(       25, "allow SEAM-guest telemetry");
    // @formatter:on

    private final int bit;
    private final String manualName;

    EntryControl(int bit, String manualName) {
        this.bit = bit;
        this.manualName = manualName;
    }

    @Override
    public ControlWord word() {
        return ControlWord.VM_ENTRY;
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

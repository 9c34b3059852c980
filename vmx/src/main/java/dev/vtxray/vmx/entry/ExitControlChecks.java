package dev.vtxray.vmx.entry;

import static dev.vtxray.vmx.control.ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE;
import static dev.vtxray.vmx.control.PinControl.ACTIVATE_VMX_PREEMPTION_TIMER;
import static dev.vtxray.vmx.entry.Condition.ALWAYS;
import static dev.vtxray.vmx.entry.Conditions.bitsAre0;
import static dev.vtxray.vmx.entry.Conditions.isNot0;
import static dev.vtxray.vmx.entry.Conditions.lastByteOfMsrArea;
import static dev.vtxray.vmx.entry.Conditions.off;
import static dev.vtxray.vmx.entry.Conditions.physicalAddress;
import static dev.vtxray.vmx.entry.Conditions.requiredControls;
import static dev.vtxray.vmx.entry.Conditions.supportedControls;
import static dev.vtxray.vmx.vmcs.VmcsField.VM_EXIT_MSR_LOAD_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.VM_EXIT_MSR_LOAD_COUNT;
import static dev.vtxray.vmx.vmcs.VmcsField.VM_EXIT_MSR_STORE_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.VM_EXIT_MSR_STORE_COUNT;

import dev.vtxray.vmx.control.ControlWord;
import java.util.List;

/**
 * The checks on VM-exit control fields. SDM, VM Entries, Checks on VMX Controls.
 */
final class ExitControlChecks {
    // @formatter:off
    static final List<VmEntryCheck> ROWS = List.of(
        check("CTRL-EXIT-01",      ALWAYS,                             requiredControls(ControlWord.VM_EXIT)),
        check("CTRL-EXIT-02",      ALWAYS,                             supportedControls(ControlWord.VM_EXIT)),
        check("CTRL-EXIT-04",      off(ACTIVATE_VMX_PREEMPTION_TIMER), off(SAVE_VMX_PREEMPTION_TIMER_VALUE)),
        check("CTRL-EXIT-STORE-1", isNot0(VM_EXIT_MSR_STORE_COUNT),    bitsAre0(VM_EXIT_MSR_STORE_ADDRESS, 3, 0)),
        check("CTRL-EXIT-STORE-2", isNot0(VM_EXIT_MSR_STORE_COUNT),    physicalAddress(VM_EXIT_MSR_STORE_ADDRESS)),
        check("CTRL-EXIT-STORE-3", isNot0(VM_EXIT_MSR_STORE_COUNT),    lastByteOfMsrArea(VM_EXIT_MSR_STORE_ADDRESS, VM_EXIT_MSR_STORE_COUNT)),
        check("CTRL-EXIT-LOAD-1",  isNot0(VM_EXIT_MSR_LOAD_COUNT),     bitsAre0(VM_EXIT_MSR_LOAD_ADDRESS, 3, 0)),
        check("CTRL-EXIT-LOAD-2",  isNot0(VM_EXIT_MSR_LOAD_COUNT),     physicalAddress(VM_EXIT_MSR_LOAD_ADDRESS)),
        check("CTRL-EXIT-LOAD-3",  isNot0(VM_EXIT_MSR_LOAD_COUNT),     lastByteOfMsrArea(VM_EXIT_MSR_LOAD_ADDRESS, VM_EXIT_MSR_LOAD_COUNT)));
    // @formatter:on

    private ExitControlChecks() {}

    private static VmEntryCheck check(String id, Condition when, Condition must) {
        return new VmEntryCheck(id, CheckSection.EXIT_CONTROLS, EntryOutcome.INVALID_CONTROLS, when, must);
    }
}

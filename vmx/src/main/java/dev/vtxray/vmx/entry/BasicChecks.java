package dev.vtxray.vmx.entry;

import dev.vtxray.vmx.control.VmInstructionError;
import java.util.List;

/**
 * The checks that VMLAUNCH and VMRESUME make before they look at a field, and those made while MSRs are loaded. They
 * are carried out there; the rows name them for reports. SDM, VM Entries, Basic VM-Entry Checks; Loading MSRs.
 */
final class BasicChecks {
    // @formatter:off
    static final List<VmEntryCheck> ROWS = List.of(
        basic("BASIC-01", EntryOutcome.INVALID_OPCODE,     "the processor is in VMX operation and CR0.PE is 1"),
        basic("BASIC-02", EntryOutcome.INVALID_OPCODE,     "it is neither in virtual-8086 mode nor in compatibility mode"),
        basic("BASIC-03", EntryOutcome.VM_EXIT,            "it is in VMX root operation"),
        basic("BASIC-04", EntryOutcome.GENERAL_PROTECTION, "CPL is 0"),
        basic("BASIC-05", EntryOutcome.FAIL_INVALID,       "there is a current VMCS"),
        basic("BASIC-06", EntryOutcome.FAIL_INVALID,       "the current VMCS is no shadow VMCS"),
        basic("BASIC-07", failValid(VmInstructionError.ENTRY_BLOCKED_BY_MOV_SS), "events are not blocked by MOV SS"),
        basic("BASIC-08", failValid(VmInstructionError.VMLAUNCH_NOT_CLEAR),      "if VMLAUNCH: the launch state is clear"),
        basic("BASIC-09", failValid(VmInstructionError.VMRESUME_NOT_LAUNCHED),   "if VMRESUME: the launch state is launched"));

    static final List<VmEntryCheck> MSR_LOADING = List.of(
        msrLoad("MSRLOAD-01", "the entry loads neither IA32_FS_BASE nor IA32_GS_BASE"),
        msrLoad("MSRLOAD-02", "the entry loads no x2APIC MSR (800H to 8FFH)"),
        msrLoad("MSRLOAD-03", "outside SMM the entry does not load IA32_SMM_MONITOR_CTL"),
        msrLoad("MSRLOAD-04", "the entry does not load an MSR that this processor excludes"),
        msrLoad("MSRLOAD-05", "bits 63:32 of the entry are 0"),
        msrLoad("MSRLOAD-06", "WRMSR of the value would not cause #GP"),
        msrLoad("MSRLOAD-07", "there are no more entries than VMX_MISC[27:25] recommends"));
    // @formatter:on

    private BasicChecks() {}

    private static VmEntryCheck basic(String id, EntryOutcome outcome, String rule) {
        return new VmEntryCheck(id, CheckSection.BASIC, outcome, Condition.ALWAYS, Condition.ALWAYS.as(rule));
    }

    private static VmEntryCheck msrLoad(String id, String rule) {
        Condition must = Condition.ALWAYS.as(rule);
        return new VmEntryCheck(id, CheckSection.MSR_LOADING, EntryOutcome.MSR_LOAD_FAILURE, Condition.ALWAYS, must);
    }

    private static EntryOutcome failValid(VmInstructionError error) {
        return EntryOutcome.failValid(error);
    }
}

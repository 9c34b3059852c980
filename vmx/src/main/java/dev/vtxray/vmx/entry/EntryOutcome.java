package dev.vtxray.vmx.entry;

import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.VmInstructionError;

/**
 * How a VM entry ends when a check fails.
 *
 * @param kind          what the hardware does
 * @param number        the VM-instruction error of VMfailValid, the basic exit reason of an entry failure, else 0
 * @param qualification the exit qualification of an entry failure, else 0
 */
public record EntryOutcome(Kind kind, int number, int qualification) {
    // @formatter:off
    static final EntryOutcome INVALID_OPCODE      = new EntryOutcome(Kind.INVALID_OPCODE, 0, 0);
    static final EntryOutcome GENERAL_PROTECTION  = new EntryOutcome(Kind.GENERAL_PROTECTION, 0, 0);
    static final EntryOutcome VM_EXIT             = new EntryOutcome(Kind.VM_EXIT, 0, 0);
    static final EntryOutcome FAIL_INVALID        = new EntryOutcome(Kind.FAIL_INVALID, 0, 0);
    static final EntryOutcome INVALID_CONTROLS    = failValid(VmInstructionError.ENTRY_INVALID_CONTROLS);
    static final EntryOutcome INVALID_HOST_STATE  = failValid(VmInstructionError.ENTRY_INVALID_HOST_STATE);
    static final EntryOutcome INVALID_GUEST_STATE = invalidGuestState(0);
    static final EntryOutcome INVALID_PDPTES      = invalidGuestState(2);
    static final EntryOutcome NMI_BLOCKED_BY_STI  = invalidGuestState(3);
    static final EntryOutcome INVALID_LINK        = invalidGuestState(4);
    /** The qualification is the 1-based index of the entry, which only the processing of the list knows. */
    static final EntryOutcome MSR_LOAD_FAILURE    =
            new EntryOutcome(Kind.ENTRY_FAILURE, ExitReason.ENTRY_FAIL_MSR_LOAD.number(), 0);
    // @formatter:on

    /** What the hardware does. */
    public enum Kind {
        /** #UD. */
        INVALID_OPCODE,
        /** #GP(0). */
        GENERAL_PROTECTION,
        /** The instruction exits to the hypervisor above. */
        VM_EXIT,
        /** VMfailInvalid: CF is 1. */
        FAIL_INVALID,
        /** VMfailValid: ZF is 1, and the current VMCS holds the error. */
        FAIL_VALID,
        /** Host state is loaded as for a VM exit, with bit 31 of the exit reason set. */
        ENTRY_FAILURE
    }

    static EntryOutcome failValid(VmInstructionError error) {
        return new EntryOutcome(Kind.FAIL_VALID, error.number(), 0);
    }

    private static EntryOutcome invalidGuestState(int qualification) {
        return new EntryOutcome(Kind.ENTRY_FAILURE, ExitReason.ENTRY_FAIL_GUEST_STATE.number(), qualification);
    }

    /** The outcome in words, such as {@code "exit 33, invalid guest state, qualification 0"}. */
    public String text() {
        return switch (kind) {
            case INVALID_OPCODE -> "#UD";
            case GENERAL_PROTECTION -> "#GP(0)";
            case VM_EXIT -> "VM exit";
            case FAIL_INVALID -> "VMfailInvalid";
            case FAIL_VALID -> {
                VmInstructionError error = VmInstructionError.byNumber(number);
                yield "VMfailValid, error %d%s".formatted(number, error == null ? "" : ", " + error.text());
            }
            case ENTRY_FAILURE ->
                number == ExitReason.ENTRY_FAIL_GUEST_STATE.number()
                        ? "exit %d, invalid guest state, qualification %d".formatted(number, qualification)
                        : "exit %d, MSR loading, qualification 1-based index of the entry".formatted(number);
        };
    }
}

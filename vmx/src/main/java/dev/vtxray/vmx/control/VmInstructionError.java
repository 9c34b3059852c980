package dev.vtxray.vmx.control;

import org.jspecify.annotations.Nullable;

/**
 * The numbers that VMfailValid leaves in the VM-instruction error field.
 *
 * <p>SDM, VMX Instruction Reference, VM Instruction Error Numbers. The numbers 14, 21 and 27 are not used.
 */
public enum VmInstructionError {
    // @formatter:off
    VMCALL_IN_ROOT(                            1, "VMCALL in VMX root operation"),
    VMCLEAR_INVALID_ADDRESS(                   2, "VMCLEAR of a misaligned address or one beyond the physical-address width"),
    VMCLEAR_VMXON_POINTER(                     3, "VMCLEAR of the VMXON pointer"),
    VMLAUNCH_NOT_CLEAR(                        4, "VMLAUNCH with a VMCS whose launch state is not clear"),
    VMRESUME_NOT_LAUNCHED(                     5, "VMRESUME with a VMCS whose launch state is not launched"),
    VMRESUME_AFTER_VMXOFF(                     6, "VMRESUME after VMXOFF and VMXON in between"),
    ENTRY_INVALID_CONTROLS(                    7, "VM entry with an invalid control field"),
    ENTRY_INVALID_HOST_STATE(                  8, "VM entry with an invalid host-state field"),
    VMPTRLD_INVALID_ADDRESS(                   9, "VMPTRLD of a misaligned address or one beyond the physical-address width"),
    VMPTRLD_VMXON_POINTER(                    10, "VMPTRLD of the VMXON pointer"),
    VMPTRLD_INCORRECT_REVISION(               11, "VMPTRLD of a region with a wrong revision identifier or unsupported shadow indicator"),
    UNSUPPORTED_COMPONENT(                    12, "VMREAD or VMWRITE of a field that does not exist"),
    VMWRITE_READ_ONLY_COMPONENT(              13, "VMWRITE of a read-only field"),
    VMXON_IN_ROOT(                            15, "VMXON in VMX root operation"),
    ENTRY_INVALID_EXECUTIVE_VMCS(             16, "VM entry with an invalid executive-VMCS pointer"),
    ENTRY_EXECUTIVE_VMCS_NOT_LAUNCHED(        17, "VM entry with an executive VMCS that was not launched"),
    ENTRY_EXECUTIVE_VMCS_NOT_VMXON_POINTER(   18, "VM entry whose executive-VMCS pointer is not the VMXON pointer"),
    VMCALL_NOT_CLEAR(                         19, "VMCALL with a VMCS whose launch state is not clear"),
    VMCALL_INVALID_EXIT_CONTROLS(             20, "VMCALL with invalid VM-exit controls"),
    VMCALL_INCORRECT_MSEG_REVISION(           22, "VMCALL with a wrong MSEG revision identifier"),
    VMXOFF_UNDER_DUAL_MONITOR(                23, "VMXOFF under dual-monitor treatment"),
    VMCALL_INVALID_SMM_MONITOR(               24, "VMCALL with invalid SMM-monitor features"),
    ENTRY_INVALID_EXECUTIVE_VMCS_CONTROLS(    25, "VM entry with invalid VM-execution controls in the executive VMCS"),
    ENTRY_BLOCKED_BY_MOV_SS(                  26, "VM entry with events blocked by MOV SS"),
    INVALID_INVALIDATION_OPERAND(             28, "invalid operand to INVEPT or INVVPID");
    // @formatter:on

    private static final @Nullable VmInstructionError[] BY_NUMBER = indexByNumber();

    private final int number;
    private final String text;

    VmInstructionError(int number, String text) {
        this.number = number;
        this.text = text;
    }

    /** The error with this number, or null if the manual names none. */
    public static @Nullable VmInstructionError byNumber(int number) {
        return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    }

    /** The value of the VM-instruction error field. */
    public int number() {
        return number;
    }

    /** What went wrong, in words. */
    public String text() {
        return text;
    }

    private static @Nullable VmInstructionError[] indexByNumber() {
        @Nullable VmInstructionError[] byNumber = new VmInstructionError[INVALID_INVALIDATION_OPERAND.number + 1];
        for (VmInstructionError error : values()) {
            byNumber[error.number] = error;
        }
        return byNumber;
    }
}

package dev.vtxray.vmx.entry;

import static dev.vtxray.vmx.control.EntryControl.DEACTIVATE_DUAL_MONITOR_TREATMENT;
import static dev.vtxray.vmx.control.EntryControl.ENTRY_TO_SMM;
import static dev.vtxray.vmx.control.InterruptionType.HARDWARE_EXCEPTION;
import static dev.vtxray.vmx.control.InterruptionType.NMI;
import static dev.vtxray.vmx.control.InterruptionType.OTHER_EVENT;
import static dev.vtxray.vmx.control.InterruptionType.RESERVED;
import static dev.vtxray.vmx.control.SecondaryControl.UNRESTRICTED_GUEST;
import static dev.vtxray.vmx.entry.Condition.ALWAYS;
import static dev.vtxray.vmx.entry.Condition.that;
import static dev.vtxray.vmx.entry.Conditions.INJECTING;
import static dev.vtxray.vmx.entry.Conditions.OUTSIDE_SMM;
import static dev.vtxray.vmx.entry.Conditions.bitIs0;
import static dev.vtxray.vmx.entry.Conditions.bitIs1;
import static dev.vtxray.vmx.entry.Conditions.bitsAre0;
import static dev.vtxray.vmx.entry.Conditions.injecting;
import static dev.vtxray.vmx.entry.Conditions.isNot0;
import static dev.vtxray.vmx.entry.Conditions.lastByteOfMsrArea;
import static dev.vtxray.vmx.entry.Conditions.off;
import static dev.vtxray.vmx.entry.Conditions.on;
import static dev.vtxray.vmx.entry.Conditions.physicalAddress;
import static dev.vtxray.vmx.entry.Conditions.requiredControls;
import static dev.vtxray.vmx.entry.Conditions.supportedControls;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_CR0;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_CR4;
import static dev.vtxray.vmx.vmcs.VmcsField.PRIMARY_PROC_BASED_VM_EXEC_CONTROLS;
import static dev.vtxray.vmx.vmcs.VmcsField.SECONDARY_PROC_BASED_VM_EXEC_CONTROLS;
import static dev.vtxray.vmx.vmcs.VmcsField.VM_ENTRY_EXCEPTION_ERROR_CODE;
import static dev.vtxray.vmx.vmcs.VmcsField.VM_ENTRY_INSTRUCTION_LENGTH;
import static dev.vtxray.vmx.vmcs.VmcsField.VM_ENTRY_INTERRUPTION_INFO;
import static dev.vtxray.vmx.vmcs.VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.VM_ENTRY_MSR_LOAD_COUNT;

import dev.vtxray.vmx.capability.VmxCapabilities;
import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.InterruptionInfo;
import dev.vtxray.vmx.control.InterruptionType;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.List;

/**
 * The checks on VM-entry control fields. SDM, VM Entries, Checks on VMX Controls.
 */
final class EntryControlChecks {
    private static final VmcsField INFO = VM_ENTRY_INTERRUPTION_INFO;

    /** The exceptions that push an error code: #DF, #TS, #NP, #SS, #GP, #PF and #AC. */
    private static final int VECTORS_WITH_ERROR_CODE = 1 << 8 | 0x1F << 10 | 1 << 17;

    private static final int CR0_PE = 1;

    /** IA32_VMX_BASIC[58]: bit 13 of an injected hardware exception says that it is nested. */
    private static final int NESTED_EXCEPTIONS = 58;

    private static final Condition TYPE_IS_NOT_RESERVED = that("its type is not 1", s -> type(s) != RESERVED, INFO);
    private static final Condition NOT_HARDWARE_EXCEPTION =
            that("its type is not 3 (hardware exception)", s -> type(s) != HARDWARE_EXCEPTION, INFO);
    private static final Condition VECTOR_IS_2 = that("its vector is 2", s -> vector(s) == 2, INFO);
    private static final Condition VECTOR_IS_AT_MOST_31 = that("its vector is at most 31", s -> vector(s) <= 31, INFO);
    private static final Condition MTF_IS_SUPPORTED =
            that("the processor has \"monitor trap flag\"", s -> s.supportsMtf);
    private static final Condition LENGTH_IS_AT_MOST_15 = that(
            "VM_ENTRY_INSTRUCTION_LENGTH is at most 15",
            s -> s.get(VM_ENTRY_INSTRUCTION_LENGTH) <= 15,
            VM_ENTRY_INSTRUCTION_LENGTH);
    private static final Condition LENGTH_IS_NOT_0_OR_MAY_BE =
            isNot0(VM_ENTRY_INSTRUCTION_LENGTH).or(that("VMX_MISC[30] is 1", s -> s.injectsZeroLength));
    private static final Condition DELIVERS_ERROR_CODE = bitIs1(INFO, 11).as("an error code is delivered");
    private static final Condition NO_ERROR_CODE = bitIs0(INFO, 11).as("no error code is delivered");

    private static final Condition REAL_MODE_GUEST =
            on(UNRESTRICTED_GUEST).and(bitIs0(GUEST_CR0, 0).as("CR0.PE is 0"));

    private static final Condition VECTOR_NEEDS_ERROR_CODE = that(
            "its vector pushes an error code outside real mode",
            s -> !s.injectsAnyErrorCode
                    && (!s.isUnrestrictedGuest() || (s.get32(GUEST_CR0) & CR0_PE) != 0)
                    && isOneOf(vector(s), VECTORS_WITH_ERROR_CODE),
            INFO,
            GUEST_CR0,
            SECONDARY_PROC_BASED_VM_EXEC_CONTROLS,
            PRIMARY_PROC_BASED_VM_EXEC_CONTROLS);

    private static final Condition VECTOR_HAS_NO_ERROR_CODE = that(
            "its vector pushes no error code",
            s -> !s.injectsAnyErrorCode && vector(s) <= 31 && !isOneOf(vector(s), VECTORS_WITH_ERROR_CODE),
            INFO);

    /** Vectors 1 and 2 are SYSCALL and SYSENTER, which only FRED delivers as events. */
    private static final Condition OTHER_EVENT_EXISTS = that(
            "it is a pending MTF VM exit (vector 0), or FRED is on and its vector is 1 or 2",
            s -> vector(s) == 0 && s.supportsMtf
                    || (vector(s) == 1 || vector(s) == 2) && (s.get(GUEST_CR4) >> 32 & 1) != 0,
            INFO,
            GUEST_CR4);

    private static final Condition INJECTING_SOFTWARE_EVENT = that(
            "a software interrupt or software exception is injected",
            s -> InterruptionInfo.isValid(s.get32(INFO)) && type(s).isSoftware(),
            INFO);

    private static final Condition NO_NESTED_EXCEPTION_BIT = that(
            "it is no hardware exception, or VMX_BASIC[58] is 0",
            s -> type(s) != HARDWARE_EXCEPTION || (s.vmx.msr(VmxCapabilities.VMX_BASIC) >> NESTED_EXCEPTIONS & 1) == 0,
            INFO);

    // @formatter:off
    static final List<VmEntryCheck> ROWS = List.of(
        check("CTRL-ENTRY-01",     ALWAYS,                                 requiredControls(ControlWord.VM_ENTRY)),
        check("CTRL-ENTRY-02",     ALWAYS,                                 supportedControls(ControlWord.VM_ENTRY)),

        check("CTRL-INJ-01",       INJECTING,                              TYPE_IS_NOT_RESERVED),
        check("CTRL-INJ-02",       injecting(OTHER_EVENT),                 MTF_IS_SUPPORTED),
        check("CTRL-INJ-03",       injecting(NMI),                         VECTOR_IS_2),
        check("CTRL-INJ-04",       injecting(HARDWARE_EXCEPTION),          VECTOR_IS_AT_MOST_31),
        check("CTRL-INJ-05",       injecting(OTHER_EVENT),                 OTHER_EVENT_EXISTS),
        check("CTRL-INJ-06",       injecting(HARDWARE_EXCEPTION).and(VECTOR_NEEDS_ERROR_CODE), DELIVERS_ERROR_CODE),
        check("CTRL-INJ-07",       INJECTING.and(NOT_HARDWARE_EXCEPTION),  NO_ERROR_CODE),
        check("CTRL-INJ-08",       INJECTING.and(REAL_MODE_GUEST),         NO_ERROR_CODE),
        check("CTRL-INJ-09",       injecting(HARDWARE_EXCEPTION).and(VECTOR_HAS_NO_ERROR_CODE), NO_ERROR_CODE),
        check("CTRL-INJ-10",       INJECTING,                              bitsAre0(INFO, 30, 14).and(bitIs0(INFO, 12))),
        check("CTRL-INJ-11",       INJECTING.and(DELIVERS_ERROR_CODE),     bitsAre0(VM_ENTRY_EXCEPTION_ERROR_CODE, 31, 16)),
        check("CTRL-INJ-12",       INJECTING_SOFTWARE_EVENT,               LENGTH_IS_AT_MOST_15),
        check("CTRL-INJ-13",       INJECTING_SOFTWARE_EVENT,               LENGTH_IS_NOT_0_OR_MAY_BE),
        check("CTRL-INJ-14",       INJECTING.and(NO_NESTED_EXCEPTION_BIT), bitIs0(INFO, 13)),
        check("CTRL-ENTRY-LOAD-1", isNot0(VM_ENTRY_MSR_LOAD_COUNT),        bitsAre0(VM_ENTRY_MSR_LOAD_ADDRESS, 3, 0)),
        check("CTRL-ENTRY-LOAD-2", isNot0(VM_ENTRY_MSR_LOAD_COUNT),        physicalAddress(VM_ENTRY_MSR_LOAD_ADDRESS)),
        check("CTRL-ENTRY-LOAD-3", isNot0(VM_ENTRY_MSR_LOAD_COUNT),        lastByteOfMsrArea(VM_ENTRY_MSR_LOAD_ADDRESS, VM_ENTRY_MSR_LOAD_COUNT)),
        check("CTRL-SMM-01",       OUTSIDE_SMM,                            off(ENTRY_TO_SMM).and(off(DEACTIVATE_DUAL_MONITOR_TREATMENT))));
    // @formatter:on

    private EntryControlChecks() {}

    private static VmEntryCheck check(String id, Condition when, Condition must) {
        return new VmEntryCheck(id, CheckSection.ENTRY_CONTROLS, EntryOutcome.INVALID_CONTROLS, when, must);
    }

    private static InterruptionType type(EntryState s) {
        return InterruptionInfo.type(s.get32(INFO));
    }

    private static int vector(EntryState s) {
        return InterruptionInfo.vector(s.get32(INFO));
    }

    private static boolean isOneOf(int vector, int set) {
        return vector <= 31 && (set >>> vector & 1) != 0;
    }
}

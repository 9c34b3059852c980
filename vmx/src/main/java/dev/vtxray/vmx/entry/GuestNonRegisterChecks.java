package dev.vtxray.vmx.entry;

import static dev.vtxray.vmx.control.EntryControl.ENTRY_TO_SMM;
import static dev.vtxray.vmx.control.InterruptionType.EXTERNAL_INTERRUPT;
import static dev.vtxray.vmx.control.InterruptionType.HARDWARE_EXCEPTION;
import static dev.vtxray.vmx.control.InterruptionType.NMI;
import static dev.vtxray.vmx.control.InterruptionType.OTHER_EVENT;
import static dev.vtxray.vmx.control.PinControl.VIRTUAL_NMIS;
import static dev.vtxray.vmx.control.SecondaryControl.VMCS_SHADOWING;
import static dev.vtxray.vmx.entry.Condition.ALWAYS;
import static dev.vtxray.vmx.entry.Condition.that;
import static dev.vtxray.vmx.entry.Conditions.INJECTING;
import static dev.vtxray.vmx.entry.Conditions.OUTSIDE_SMM;
import static dev.vtxray.vmx.entry.Conditions.bitIs0;
import static dev.vtxray.vmx.entry.Conditions.bitIs1;
import static dev.vtxray.vmx.entry.Conditions.bitsAre0;
import static dev.vtxray.vmx.entry.Conditions.injecting;
import static dev.vtxray.vmx.entry.Conditions.is;
import static dev.vtxray.vmx.entry.Conditions.on;
import static dev.vtxray.vmx.entry.Conditions.physicalAddress;
import static dev.vtxray.vmx.entry.EntryOutcome.INVALID_LINK;
import static dev.vtxray.vmx.entry.EntryOutcome.NMI_BLOCKED_BY_STI;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_ACTIVITY_STATE;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_IA32_DEBUGCTL;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_INTERRUPTIBILITY_STATE;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_RFLAGS;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_SS_ACCESS_RIGHTS;
import static dev.vtxray.vmx.vmcs.VmcsField.PRIMARY_PROC_BASED_VM_EXEC_CONTROLS;
import static dev.vtxray.vmx.vmcs.VmcsField.SECONDARY_PROC_BASED_VM_EXEC_CONTROLS;
import static dev.vtxray.vmx.vmcs.VmcsField.VMCS_LINK_POINTER;
import static dev.vtxray.vmx.vmcs.VmcsField.VM_ENTRY_INTERRUPTION_INFO;

import dev.vtxray.vmx.control.InterruptionInfo;
import dev.vtxray.vmx.control.InterruptionType;
import dev.vtxray.vmx.vmcs.VmcsField;
import dev.vtxray.vmx.vmcs.VmcsRegionFormat;
import java.util.List;

/**
 * The checks on guest state outside registers, and on the VMCS link pointer. SDM, VM Entries, Checks on Guest Non-
 * Register State.
 */
final class GuestNonRegisterChecks {
    private static final VmcsField INFO = VM_ENTRY_INTERRUPTION_INFO;
    private static final VmcsField BLOCKING = GUEST_INTERRUPTIBILITY_STATE;
    private static final VmcsField PENDING = GUEST_PENDING_DEBUG_EXCEPTIONS;
    private static final VmcsField LINK = VMCS_LINK_POINTER;

    private static final int DB_VECTOR = 1;
    private static final int MC_VECTOR = 18;

    /** Bits 63:17, 15, 13 and 11:4. No profile has OS bus-lock detection, which would free bit 11. */
    private static final long PENDING_RESERVED = -1L << 17 | 1 << 15 | 1 << 13 | 0xFF0;

    /** Bits 15:13 and 11:0: 0 if bit 16 says that the debug exception hit in an RTM region. */
    private static final long PENDING_NOT_WITH_RTM = 0xEFFF;

    private static final long PENDING_ENABLED_BREAKPOINT = 1 << 12;

    private static final Condition ACTIVE = is(GUEST_ACTIVITY_STATE, 0).as("the activity state is active");
    private static final Condition HLT = is(GUEST_ACTIVITY_STATE, 1).as("the activity state is HLT");
    private static final Condition SHUTDOWN = is(GUEST_ACTIVITY_STATE, 2).as("the activity state is shutdown");
    private static final Condition WAIT_FOR_SIPI =
            is(GUEST_ACTIVITY_STATE, 3).as("the activity state is wait-for-SIPI");
    private static final Condition SS_DPL_IS_0 =
            that("SS.DPL is 0", s -> Segment.SS.dpl(s) == 0, GUEST_SS_ACCESS_RIGHTS);
    private static final Condition ENCLAVE_INTERRUPTION = bitIs1(BLOCKING, 4).as("the interruption was in an enclave");
    private static final Condition BLOCKING_BY_STI = bitIs1(BLOCKING, 0).as("there is blocking by STI");
    private static final Condition NO_BLOCKING_BY_STI = bitIs0(BLOCKING, 0).as("there is no blocking by STI");
    private static final Condition BLOCKING_BY_MOV_SS = bitIs1(BLOCKING, 1).as("there is blocking by MOV SS");
    private static final Condition NO_BLOCKING_BY_MOV_SS = bitIs0(BLOCKING, 1).as("there is no blocking by MOV SS");
    private static final Condition NOT_BOTH_STI_AND_MOV_SS =
            that("there is no blocking by STI and by MOV SS at once", s -> (s.get32(BLOCKING) & 3) != 3, BLOCKING);
    private static final Condition SGX = that("the processor has SGX", s -> s.hasSgx);

    private static final Condition ACTIVITY_STATE_IS_SUPPORTED = that(
            "the activity state is active, or one that VMX_MISC[8:6] offers",
            s -> s.vmx.supportsActivityState(s.get32(GUEST_ACTIVITY_STATE)),
            GUEST_ACTIVITY_STATE);
    private static final Condition EVENT_WAKES_HLT = that(
            "the event is an interrupt, an NMI, a #DB, a machine check or a pending MTF VM exit",
            s -> wakesHlt(s.get32(INFO)),
            INFO);
    private static final Condition EVENT_WAKES_SHUTDOWN =
            that("the event is an NMI or a machine check", s -> wakesShutdown(s.get32(INFO)), INFO);

    private static final Condition PENDING_RESERVED_BITS_ARE_0 = that(
            "bits 63:17, 15, 13 and 11:4 of PENDING_DEBUG_EXCEPTIONS are 0",
            s -> (s.get(PENDING) & PENDING_RESERVED) == 0,
            PENDING);
    private static final Condition BS_IS_1 = bitIs1(PENDING, 14).as("BS (bit 14) of PENDING_DEBUG_EXCEPTIONS is 1");
    private static final Condition BS_IS_0 = bitIs0(PENDING, 14).as("BS (bit 14) of PENDING_DEBUG_EXCEPTIONS is 0");
    private static final Condition RTM_IS_1 = bitIs1(PENDING, 16).as("RTM (bit 16) of PENDING_DEBUG_EXCEPTIONS is 1");
    private static final Condition STEP_IS_HELD =
            that("blocking by STI or MOV SS or HLT holds a step", s -> holdsStep(s), BLOCKING, GUEST_ACTIVITY_STATE);
    private static final Condition SINGLE_STEPPING =
            that("RFLAGS.TF is 1 and IA32_DEBUGCTL.BTF is 0", s -> singleSteps(s), GUEST_RFLAGS, GUEST_IA32_DEBUGCTL);
    private static final Condition NOT_SINGLE_STEPPING =
            that("RFLAGS.TF is 0 or IA32_DEBUGCTL.BTF is 1", s -> !singleSteps(s), GUEST_RFLAGS, GUEST_IA32_DEBUGCTL);
    private static final Condition ADVANCED_DEBUGGING_OF_RTM = that(
            "the processor has RTM, bit 12 is 1, bits 15:13 and 11:0 are 0, and there is no blocking by MOV SS",
            s -> s.hasRtm
                    && (s.get(PENDING) & PENDING_NOT_WITH_RTM) == 0
                    && (s.get(PENDING) & PENDING_ENABLED_BREAKPOINT) != 0
                    && (s.get32(BLOCKING) & 2) == 0,
            PENDING,
            BLOCKING);

    private static final Condition HAS_LINK =
            that("the VMCS link pointer is not all ones", s -> s.get(LINK) != -1, LINK);
    private static final Condition LINK_CAN_BE_READ =
            that("the VMCS link pointer is a usable address", s -> canReadLink(s), LINK);
    private static final Condition LINKED_REVISION_IS_RIGHT = that(
                    "the region that it points at has the revision identifier of the processor",
                    s -> VmcsRegionFormat.revision(s.memory.read32(s.get(LINK))) == s.vmx.revision(),
                    LINK)
            .lookingOutsideVmcs();
    private static final Condition LINKED_SHADOW_INDICATOR_IS_RIGHT = that(
                    "the shadow indicator of that region equals \"VMCS shadowing\"",
                    s -> VmcsRegionFormat.isShadow(s.memory.read32(s.get(LINK))) == VMCS_SHADOWING.in(s.proc2),
                    LINK,
                    SECONDARY_PROC_BASED_VM_EXEC_CONTROLS,
                    PRIMARY_PROC_BASED_VM_EXEC_CONTROLS)
            .lookingOutsideVmcs();
    private static final Condition LINK_IS_NOT_CURRENT = that(
                    "the VMCS link pointer is not the current-VMCS pointer", s -> s.get(LINK) != s.currentVmcsHpa, LINK)
            .lookingOutsideVmcs();

    // @formatter:off
    static final List<VmEntryCheck> ROWS = List.of(
        check("GUEST-ACT-01",  ALWAYS,                                       ACTIVITY_STATE_IS_SUPPORTED),
        check("GUEST-ACT-02",  HLT,                                          SS_DPL_IS_0),
        check("GUEST-ACT-03",  BLOCKING_BY_STI.or(BLOCKING_BY_MOV_SS),       ACTIVE),
        check("GUEST-ACT-04",  INJECTING.and(HLT),                           EVENT_WAKES_HLT),
        check("GUEST-ACT-05",  INJECTING.and(SHUTDOWN),                      EVENT_WAKES_SHUTDOWN),
        check("GUEST-ACT-06",  WAIT_FOR_SIPI,                                bitIs0(INFO, 31).as("no event is injected")),

        check("GUEST-INT-01",  ALWAYS,                                       bitsAre0(BLOCKING, 31, 5)),
        check("GUEST-INT-02",  ALWAYS,                                       NOT_BOTH_STI_AND_MOV_SS),
        check("GUEST-INT-03",  bitIs0(GUEST_RFLAGS, 9).as("RFLAGS.IF is 0"), NO_BLOCKING_BY_STI),
        check("GUEST-INT-04",  injecting(EXTERNAL_INTERRUPT),                NO_BLOCKING_BY_STI.and(NO_BLOCKING_BY_MOV_SS)),
        check("GUEST-INT-05",  injecting(NMI),                               NO_BLOCKING_BY_MOV_SS),
        check("GUEST-INT-06",  injecting(NMI),                               NO_BLOCKING_BY_STI, NMI_BLOCKED_BY_STI),
        check("GUEST-INT-07",  OUTSIDE_SMM,                                  bitIs0(BLOCKING, 2).as("there is no blocking by SMI")),
        check("GUEST-INT-09",  injecting(NMI).and(on(VIRTUAL_NMIS)),         bitIs0(BLOCKING, 3).as("there is no blocking by NMI")),
        check("GUEST-INT-10",  ENCLAVE_INTERRUPTION,                         NO_BLOCKING_BY_MOV_SS.and(SGX)),

        check("GUEST-PDE-01",  ALWAYS,                                       PENDING_RESERVED_BITS_ARE_0),
        check("GUEST-PDE-02",  STEP_IS_HELD.and(SINGLE_STEPPING),            BS_IS_1),
        check("GUEST-PDE-03",  STEP_IS_HELD.and(NOT_SINGLE_STEPPING),        BS_IS_0),
        check("GUEST-PDE-04",  RTM_IS_1,                                     ADVANCED_DEBUGGING_OF_RTM),

        check("GUEST-LINK-01", HAS_LINK,                                     bitsAre0(LINK, 11, 0), INVALID_LINK),
        check("GUEST-LINK-02", HAS_LINK,                                     physicalAddress(LINK), INVALID_LINK),
        check("GUEST-LINK-03", LINK_CAN_BE_READ,                             LINKED_REVISION_IS_RIGHT, INVALID_LINK),
        check("GUEST-LINK-04", LINK_CAN_BE_READ,                             LINKED_SHADOW_INDICATOR_IS_RIGHT, INVALID_LINK),
        check("GUEST-LINK-05", HAS_LINK.and(OUTSIDE_SMM.or(on(ENTRY_TO_SMM))), LINK_IS_NOT_CURRENT, INVALID_LINK));
    // @formatter:on

    private GuestNonRegisterChecks() {}

    private static VmEntryCheck check(String id, Condition when, Condition must) {
        return check(id, when, must, EntryOutcome.INVALID_GUEST_STATE);
    }

    private static VmEntryCheck check(String id, Condition when, Condition must, EntryOutcome outcome) {
        return new VmEntryCheck(id, CheckSection.GUEST_NON_REGISTER, outcome, when, must);
    }

    private static boolean wakesHlt(int info) {
        int vector = InterruptionInfo.vector(info);
        return switch (InterruptionInfo.type(info)) {
            case EXTERNAL_INTERRUPT, NMI -> true;
            case HARDWARE_EXCEPTION -> vector == DB_VECTOR || vector == MC_VECTOR;
            case OTHER_EVENT -> vector == 0;
            default -> false;
        };
    }

    private static boolean wakesShutdown(int info) {
        InterruptionType type = InterruptionInfo.type(info);
        return type == InterruptionType.NMI
                || type == InterruptionType.HARDWARE_EXCEPTION && InterruptionInfo.vector(info) == MC_VECTOR;
    }

    private static boolean holdsStep(EntryState s) {
        return (s.get32(BLOCKING) & 3) != 0 || s.get32(GUEST_ACTIVITY_STATE) == 1;
    }

    private static boolean singleSteps(EntryState s) {
        return (s.get32(GUEST_RFLAGS) & 1 << 8) != 0 && (s.get32(GUEST_IA32_DEBUGCTL) & 1 << 1) == 0;
    }

    private static boolean canReadLink(EntryState s) {
        long link = s.get(LINK);
        return link != -1 && (link & 0xFFF) == 0 && s.isPhysicalAddress(link);
    }
}

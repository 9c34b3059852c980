package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.port.SecondStage;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.EptViolationQualification;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmInstructionError;
import dev.vtxray.vmx.entry.EntryOutcome;
import dev.vtxray.vmx.entry.VmEntryCheck;

/** Exits of L2: reflected to L1, or finished by L0. */
final class L2Exits {
    private static final long PAGE = -4096;
    private static final long ACCESS_BITS = 7;

    private final L0 l0;
    private final L1Exits common;

    L2Exits(L0 l0) {
        this.l0 = l0;
        this.common = new L1Exits(l0);
    }

    void handle(VirtualCpu v, VmExit exit, ExitKey key) {
        if (exit.reason() == ExitReason.EPT_VIOLATION || exit.reason() == ExitReason.EPT_MISCONFIGURATION) {
            memory(v, exit, key);
        } else if (ReflectTable.reflects(exit, v.vmcs12, v.host, v.cpu.r)) {
            reflect(v, exit, key);
        } else {
            l0.counters().countHandled(key);
            GuestEmulation.reinject(v, exit);
            common.handleCommon(v, exit);
        }
    }

    private void reflect(VirtualCpu v, VmExit exit, ExitKey key) {
        l0.counters().countReflected(key);
        NestedExit.leave(l0, v, exit, true);
    }

    private void memory(VirtualCpu v, VmExit exit, ExitKey key) {
        long gpa = exit.guestPhysicalAddress();
        if (!usesEpt(v)) {
            l0.counters().countHandled(key);
            common.memory(v, exit);
            return;
        }
        ShadowEpt tables = v.shadowEpt(v.vmcs12.get(EPT_POINTER));
        int access = (int) (exit.qualification() & ACCESS_BITS);
        switch (tables.resolve(gpa, access == 0 ? SecondStage.READ : access)) {
            case MAPPED -> {
                l0.counters().countHandled(key);
                GuestEmulation.reinject(v, exit);
            }
            case NOT_RAM -> {
                l0.counters().countHandled(key);
                if (L1Exits.isDevice(v, exit, tables.l1Physical())) {
                    common.device(v, exit, gpa & PAGE, tables.l1Physical());
                } else {
                    tables.mapAbsent(gpa);
                    GuestEmulation.reinject(v, exit);
                }
            }
            case VIOLATION -> {
                // Access bits and the validity of the linear address are the hardware's; the rights are EPT12's.
                long kept = ACCESS_BITS
                        | EptViolationQualification.LINEAR_ADDRESS_VALID
                        | EptViolationQualification.FINAL_TRANSLATION;
                long qualification = exit.qualification() & kept | EptViolationQualification.allowed(tables.rights());
                reflect(v, VmExit.eptViolation(exit, qualification), key);
            }
            case MISCONFIGURATION -> reflect(v, VmExit.eptMisconfiguration(exit), key);
        }
    }

    private static boolean usesEpt(VirtualCpu v) {
        return PrimaryControl.ACTIVATE_SECONDARY_CONTROLS.in(v.vmcs12.get32(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS))
                && SecondaryControl.ENABLE_EPT.in(v.vmcs12.get32(SECONDARY_PROC_BASED_VM_EXEC_CONTROLS));
    }

    /** The hardware did not take vmcs02, although vmcs12 passed L0's checks: L1 gets what fits best. */
    void hardwareRefused(VirtualCpu v, VmEntryCheck violated) {
        EntryOutcome outcome = violated.outcome();
        if (outcome.kind() == EntryOutcome.Kind.ENTRY_FAILURE) {
            NestedExit.entryFailure(
                    l0, v, VmExit.entryFailure(ExitReason.ENTRY_FAIL_GUEST_STATE, outcome.qualification()));
            return;
        }
        v.inL2 = false;
        v.vmcs12.set(VM_INSTRUCTION_ERROR, VmInstructionError.ENTRY_INVALID_CONTROLS.number());
        l0.fail("vmcs02 fails " + violated.id() + ": " + violated.rule());
    }
}

package dev.vtxray.vmx;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Event;
import dev.vtxray.core.cpu.EventDelivery;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.InterruptionInfo;
import dev.vtxray.vmx.control.InterruptionType;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.entry.EntryOutcome;
import dev.vtxray.vmx.entry.VmEntryCheck;
import dev.vtxray.vmx.entry.VmEntryChecks;
import dev.vtxray.vmx.vmcs.LaunchState;
import dev.vtxray.vmx.vmcs.Vmcs;
import org.jspecify.annotations.Nullable;

/** VM entry (SDM, VM Entries): checks, guest state, MSR loading, event injection, in that order. */
final class VmEntry {
    private final VmxUnit unit;
    private final Cpu cpu;

    VmEntry(VmxUnit unit) {
        this.unit = unit;
        this.cpu = unit.cpu();
    }

    /**
     * Entry by VMLAUNCH or VMRESUME, after the instruction's own checks.
     *
     * @return the VM-instruction error number to fail with, or 0 if the instruction is done (entered, or failed with an
     *     exit that has been delivered)
     */
    int enterArchitectural(Vmcs vmcs) {
        unit.store().prepareEntry(unit.currentPointer());
        unit.takeControls(vmcs);
        VmEntryCheck violated = VmEntryChecks.firstViolationOfChanges(unit.entryState());
        if (violated == null) {
            load(vmcs, true);
            return 0;
        }
        unit.explainEntry();
        EntryOutcome outcome = violated.outcome();
        if (outcome.kind() == EntryOutcome.Kind.FAIL_VALID) {
            return outcome.number();
        }
        unit.exits()
                .deliverEntryFailure(
                        vmcs, VmExit.entryFailure(ExitReason.ENTRY_FAIL_GUEST_STATE, outcome.qualification()));
        return 0;
    }

    /** Entry by a Java host, which fills the host-state area with values that pass; no VM exit ever loads them. */
    @Nullable
    VmEntryCheck enterHosted(Vmcs vmcs) {
        unit.takeControls(vmcs);
        VmEntryCheck violated = VmEntryChecks.firstViolationOfChanges(unit.entryState());
        if (violated != null) {
            unit.explainEntry();
            return violated;
        }
        load(vmcs, false);
        return null;
    }

    private void load(Vmcs vmcs, boolean architectural) {
        boolean aloneBefore = cpu.mmu.alone;
        int injected = vmcs.get32(VM_ENTRY_INTERRUPTION_INFO);
        boolean vectoring =
                InterruptionInfo.isValid(injected) && InterruptionInfo.type(injected) != InterruptionType.OTHER_EVENT;
        GuestState.load(cpu, vmcs, unit);
        unit.startGuest(vmcs);
        int failingMsr = MsrLists.loadOnEntry(unit, vmcs);
        if (failingMsr != 0) {
            unit.stopGuest();
            unit.exits().deliverEntryFailure(vmcs, VmExit.entryFailure(ExitReason.ENTRY_FAIL_MSR_LOAD, failingMsr));
            return;
        }
        if (architectural) {
            vmcs.setLaunchState(LaunchState.LAUNCHED);
        }
        GuestState.loadNonRegisterState(cpu, vmcs, unit, vectoring);
        if (PinControl.ACTIVATE_VMX_PREEMPTION_TIMER.in(unit.pinControls())) {
            unit.timer().start(vmcs.get(VMX_PREEMPTION_TIMER_VALUE));
        } else {
            unit.timer().stop();
        }
        cpu.contextChanged();
        unit.observer().entered(cpu, vmcs);
        if (InterruptionInfo.isValid(injected)) {
            inject(vmcs, injected);
        }
        cpu.mmu.alone = aloneBefore;
        cpu.attend();
    }

    /** SDM, VM Entries, "Event Injection". */
    private void inject(Vmcs vmcs, int info) {
        InterruptionType type = InterruptionInfo.type(info);
        if (type == InterruptionType.OTHER_EVENT) {
            unit.monitorTrapPending = true;
            return;
        }
        if (type == InterruptionType.NMI && PinControl.VIRTUAL_NMIS.in(unit.pinControls())) {
            unit.virtualNmiBlocking = true;
        }
        int errorCode =
                InterruptionInfo.hasErrorCode(info) ? vmcs.get32(VM_ENTRY_EXCEPTION_ERROR_CODE) : Event.NO_ERROR_CODE;
        int vector = InterruptionInfo.vector(info);
        // An injected #PF leaves CR2 as it is: software has loaded it.
        Event event = new Event(eventType(type), vector, errorCode, vmcs.get32(VM_ENTRY_INSTRUCTION_LENGTH), cpu.cr2);
        EventDelivery.inject(cpu, event);
    }

    private static Event.Type eventType(InterruptionType type) {
        return switch (type) {
            case EXTERNAL_INTERRUPT -> Event.Type.EXTERNAL_INTERRUPT;
            case NMI -> Event.Type.NMI;
            case SOFTWARE_INTERRUPT -> Event.Type.SOFTWARE_INTERRUPT;
            case PRIVILEGED_SOFTWARE_EXCEPTION -> Event.Type.PRIVILEGED_SOFTWARE_EXCEPTION;
            case SOFTWARE_EXCEPTION -> Event.Type.SOFTWARE_EXCEPTION;
            default -> Event.Type.HARDWARE_EXCEPTION;
        };
    }

    /** What the guest's time-stamp counter shows beyond the processor's. */
    static long tscOffset(Vmcs vmcs, int primary) {
        return PrimaryControl.USE_TSC_OFFSETTING.in(primary) ? vmcs.get(TSC_OFFSET) : 0;
    }
}

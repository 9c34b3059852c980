package dev.vtxray.vmx;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.port.BoundaryEvents;
import dev.vtxray.core.port.EventPriority;
import dev.vtxray.vmx.control.InterruptionInfo;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsRegionFormat;

/** The one place where VM exits are delivered (SDM, VM Exits), in the manual's order. */
final class ExitDelivery {
    private static final int ABORT_SAVING_GUEST_MSRS = 1;
    private static final int ABORT_LOADING_HOST_MSRS = 4;

    /** After a VMX abort only a reset helps: no event is taken. */
    private static final BoundaryEvents NOTHING = new BoundaryEvents() {
        @Override
        public boolean take(Cpu cpu, EventPriority priority) {
            return false;
        }

        @Override
        public boolean blocks(Cpu cpu, EventPriority priority) {
            return true;
        }

        @Override
        public long instructionsToNextEvent(Cpu cpu) {
            return Long.MAX_VALUE;
        }
    };

    private final VmxUnit unit;
    private final Cpu cpu;

    ExitDelivery(VmxUnit unit) {
        this.unit = unit;
        this.cpu = unit.cpu();
    }

    /** Leaves the guest; RIP stands where the exit says it is to be saved. */
    void deliver(VmExit exit) {
        Vmcs vmcs = unit.current();
        record(vmcs, exit);
        GuestState.save(cpu, vmcs, unit, exit, GuestState.savedFlags(cpu, exit));
        int info = vmcs.get32(VM_ENTRY_INTERRUPTION_INFO);
        vmcs.set(VM_ENTRY_INTERRUPTION_INFO, info & ~InterruptionInfo.VALID & 0xFFFF_FFFFL);
        cpu.delivering = null;
        if (MsrLists.storeOnExit(unit, vmcs) != 0) {
            abort(vmcs, ABORT_SAVING_GUEST_MSRS);
            return;
        }
        unit.stopGuest();
        unit.observer().exited(cpu, vmcs, exit);
        toHost(vmcs, exit);
    }

    /** A VM entry that failed after its checks on controls and host state: nothing of the guest is saved. */
    void deliverEntryFailure(Vmcs vmcs, VmExit exit) {
        vmcs.set(EXIT_REASON, exit.exitReasonField() & 0xFFFF_FFFFL);
        vmcs.set(EXIT_QUALIFICATION, exit.qualification());
        cpu.current = null;
        unit.observer().exited(cpu, vmcs, exit);
        toHost(vmcs, exit);
    }

    private void toHost(Vmcs vmcs, VmExit exit) {
        RootSoftware host = unit.host();
        if (host != null) {
            host.onExit(exit, unit);
            return;
        }
        unit.store().finishExit(unit.currentPointer());
        HostState.load(cpu, vmcs, unit);
        cpu.contextChanged();
        if (MsrLists.loadOnExit(unit, vmcs) != 0) {
            abort(vmcs, ABORT_LOADING_HOST_MSRS);
        }
        cpu.attend();
    }

    /** SDM, VM Exits, "Recording VM-Exit Information and Updating VM-Entry Control Fields". */
    private static void record(Vmcs vmcs, VmExit exit) {
        vmcs.set(EXIT_REASON, exit.exitReasonField() & 0xFFFF_FFFFL);
        vmcs.set(EXIT_QUALIFICATION, exit.qualification());
        vmcs.set(VM_EXIT_INTERRUPTION_INFO, exit.interruptionInfo() & 0xFFFF_FFFFL);
        vmcs.set(VM_EXIT_INTERRUPTION_ERROR_CODE, exit.interruptionErrorCode() & 0xFFFF_FFFFL);
        vmcs.set(IDT_VECTORING_INFO, exit.idtVectoringInfo() & 0xFFFF_FFFFL);
        vmcs.set(IDT_VECTORING_ERROR_CODE, exit.idtVectoringErrorCode() & 0xFFFF_FFFFL);
        vmcs.set(VM_EXIT_INSTRUCTION_LENGTH, exit.instructionLength());
        vmcs.set(VM_EXIT_INSTRUCTION_INFO, exit.instructionInformation() & 0xFFFF_FFFFL);
        vmcs.set(GUEST_LINEAR_ADDRESS, exit.guestLinearAddress());
        vmcs.set(GUEST_PHYSICAL_ADDRESS, exit.guestPhysicalAddress());
    }

    /** SDM, VM Exits, "VMX Aborts": the processor shuts down and only a reset helps. */
    private void abort(Vmcs vmcs, int indicator) {
        vmcs.setAbortIndicator(indicator);
        if (unit.currentPointer() != VmxUnit.NO_POINTER) {
            VmcsRegionFormat.storeAbortIndicator(indicator, unit.memory(), unit.currentPointer());
        }
        unit.observer().aborted(cpu, vmcs, indicator);
        if (unit.mode() == VmxUnit.Mode.NON_ROOT) {
            unit.stopGuest();
        }
        cpu.boundaryEvents = NOTHING;
        cpu.activity = Activity.SHUTDOWN;
        cpu.attend();
    }
}

package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.InterruptionInfo;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import dev.vtxray.vmx.vmcs.VmcsRegionFormat;

/** A nested exit: L2's state goes to vmcs12, L1 goes on where vmcs12's host state says (SDM, VM Exits, by software). */
final class NestedExit {
    private static final int ABORT_SAVING_GUEST_MSRS = 1;
    private static final int ABORT_LOADING_HOST_MSRS = 4;

    private NestedExit() {}

    /**
     * Leaves L2 for L1.
     *
     * @param exit      the exit as L1 is to see it
     * @param reflected whether an exit of L2 stands for it
     */
    static void leave(L0 l0, VirtualCpu v, VmExit exit, boolean reflected) {
        saveGuestState(v);
        record(v.vmcs12, exit);
        clearInjection(v.vmcs12);
        if (NestedMsrLists.storeOnExit(v) != 0) {
            l0.abort(v, ABORT_SAVING_GUEST_MSRS);
            return;
        }
        l0.guestObserver().exited(v.cpu, v.vmcs12, exit);
        finish(l0, v);
        l0.observer().nestedExit(v.number, exit.reason(), reflected);
        l0.episodes().nestedExit(v.number, exit.reason(), l0.episodes().takeTrigger());
    }

    /** A nested entry that failed on guest state or MSR loading: only the reason and qualification change. */
    static void entryFailure(L0 l0, VirtualCpu v, VmExit exit) {
        v.vmcs12.set(EXIT_REASON, exit.exitReasonField() & 0xFFFF_FFFFL);
        v.vmcs12.set(EXIT_QUALIFICATION, exit.qualification());
        l0.guestObserver().exited(v.cpu, v.vmcs12, exit);
        finish(l0, v);
    }

    private static void finish(L0 l0, VirtualCpu v) {
        v.inL2 = false;
        loadHostState(v);
        if (NestedMsrLists.loadOnExit(l0, v) != 0) {
            l0.abort(v, ABORT_LOADING_HOST_MSRS);
            return;
        }
        if (l0.options().vmcsShadowing()) {
            ShadowedFields.copyToShadow(v.vmcs12, v.shadow);
        }
        if (l0.options().vmcs12InMemory()) {
            VmcsRegionFormat.store(v.vmcs12, v.host.guestView(), v.vmcs12Pointer);
        }
    }

    // L2's state

    private static void saveGuestState(VirtualCpu v) {
        Vmcs from = v.vmcs02;
        Vmcs to = v.vmcs12;
        int exit = to.get32(PRIMARY_VM_EXIT_CONTROLS);
        for (MergeTable.Row row : MergeTable.ROWS) {
            VmcsField field = row.field();
            if (field.group() == VmcsField.Group.GUEST_STATE && isSaved(field, exit)) {
                to.set(field, from.get(field));
            }
        }
        if (v.profile.vmx().exitsStoreEferLma()) {
            long ia32e = EntryControl.IA32E_MODE_GUEST.mask();
            boolean lma = (from.get(GUEST_IA32_EFER) & Control.EFER_LMA) != 0;
            long entry = to.get(VM_ENTRY_CONTROLS) & ~ia32e;
            to.set(VM_ENTRY_CONTROLS, lma ? entry | ia32e : entry);
        }
    }

    private static boolean isSaved(VmcsField field, int exitControls) {
        return switch (field) {
            case VMCS_LINK_POINTER -> false;
            case GUEST_DR7, GUEST_IA32_DEBUGCTL -> ExitControl.SAVE_DEBUG_CONTROLS.in(exitControls);
            case GUEST_IA32_EFER -> ExitControl.SAVE_IA32_EFER.in(exitControls);
            case GUEST_IA32_PAT -> ExitControl.SAVE_IA32_PAT.in(exitControls);
            case VMX_PREEMPTION_TIMER_VALUE -> ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE.in(exitControls);
            default -> true;
        };
    }

    private static void record(Vmcs vmcs12, VmExit exit) {
        vmcs12.set(EXIT_REASON, exit.exitReasonField() & 0xFFFF_FFFFL);
        vmcs12.set(EXIT_QUALIFICATION, exit.qualification());
        vmcs12.set(VM_EXIT_INTERRUPTION_INFO, exit.interruptionInfo() & 0xFFFF_FFFFL);
        vmcs12.set(VM_EXIT_INTERRUPTION_ERROR_CODE, exit.interruptionErrorCode() & 0xFFFF_FFFFL);
        vmcs12.set(IDT_VECTORING_INFO, exit.idtVectoringInfo() & 0xFFFF_FFFFL);
        vmcs12.set(IDT_VECTORING_ERROR_CODE, exit.idtVectoringErrorCode() & 0xFFFF_FFFFL);
        vmcs12.set(VM_EXIT_INSTRUCTION_LENGTH, exit.instructionLength());
        vmcs12.set(VM_EXIT_INSTRUCTION_INFO, exit.instructionInformation() & 0xFFFF_FFFFL);
        vmcs12.set(GUEST_LINEAR_ADDRESS, exit.guestLinearAddress());
        vmcs12.set(GUEST_PHYSICAL_ADDRESS, exit.guestPhysicalAddress());
    }

    private static void clearInjection(Vmcs vmcs12) {
        int info = vmcs12.get32(VM_ENTRY_INTERRUPTION_INFO);
        vmcs12.set(VM_ENTRY_INTERRUPTION_INFO, info & ~InterruptionInfo.VALID & 0xFFFF_FFFFL);
    }

    // L1's state

    private static void loadHostState(VirtualCpu v) {
        Vmcs from = v.vmcs12;
        Vmcs to = v.vmcs01;
        boolean host64 = ExitControl.HOST_ADDRESS_SPACE_SIZE.in(from.get32(PRIMARY_VM_EXIT_CONTROLS));
        loadControlRegisters(v, host64);
        loadSegments(from, to, host64);
        to.set(GUEST_GDTR_BASE, from.get(HOST_GDTR_BASE));
        to.set(GUEST_GDTR_LIMIT, 0xFFFF);
        to.set(GUEST_IDTR_BASE, from.get(HOST_IDTR_BASE));
        to.set(GUEST_IDTR_LIMIT, 0xFFFF);
        to.set(GUEST_RSP, from.get(HOST_RSP));
        to.set(GUEST_RIP, from.get(HOST_RIP));
        to.set(GUEST_RFLAGS, 2);
        to.set(GUEST_INTERRUPTIBILITY_STATE, 0);
        to.set(GUEST_ACTIVITY_STATE, 0);
        to.set(GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
        to.set(VM_ENTRY_INTERRUPTION_INFO, 0);
    }

    private static void loadControlRegisters(VirtualCpu v, boolean host64) {
        Vmcs from = v.vmcs12;
        Vmcs to = v.vmcs01;
        int exit = from.get32(PRIMARY_VM_EXIT_CONTROLS);
        long kept = Control.CR0_NW | Control.CR0_CD | Control.CR0_ET;
        long cr0 = to.get(GUEST_CR0) & kept | from.get(HOST_CR0) & ~kept;
        long cr4 = from.get(HOST_CR4);
        to.set(GUEST_CR0, cr0);
        to.set(CR0_READ_SHADOW, cr0);
        to.set(GUEST_CR3, from.get(HOST_CR3));
        to.set(GUEST_CR4, host64 ? cr4 | Control.CR4_PAE : cr4 & ~Control.CR4_PCIDE);
        to.set(CR4_READ_SHADOW, to.get(GUEST_CR4));
        to.set(GUEST_DR7, Control.DR7_FIXED);
        to.set(GUEST_IA32_DEBUGCTL, 0);
        to.set(GUEST_IA32_SYSENTER_CS, from.get(HOST_IA32_SYSENTER_CS));
        to.set(GUEST_IA32_SYSENTER_ESP, from.get(HOST_IA32_SYSENTER_ESP));
        to.set(GUEST_IA32_SYSENTER_EIP, from.get(HOST_IA32_SYSENTER_EIP));
        long lma = Control.EFER_LMA | Control.EFER_LME;
        long efer = v.vmcs02.get(GUEST_IA32_EFER);
        efer = host64 ? efer | lma : efer & ~lma;
        to.set(GUEST_IA32_EFER, ExitControl.LOAD_IA32_EFER.in(exit) ? from.get(HOST_IA32_EFER) : efer);
        boolean loadsPat = ExitControl.LOAD_IA32_PAT.in(exit);
        to.set(GUEST_IA32_PAT, loadsPat ? from.get(HOST_IA32_PAT) : v.vmcs02.get(GUEST_IA32_PAT));
        long ia32e = EntryControl.IA32E_MODE_GUEST.mask();
        long entry = to.get(VM_ENTRY_CONTROLS) & ~ia32e;
        to.set(VM_ENTRY_CONTROLS, host64 ? entry | ia32e : entry);
    }

    private static void loadSegments(Vmcs from, Vmcs to, boolean host64) {
        segment(to, GUEST_CS_SELECTOR, from.get(HOST_CS_SELECTOR), 0, host64 ? 0xA09B : 0xC09B);
        data(to, GUEST_SS_SELECTOR, from.get(HOST_SS_SELECTOR), 0);
        data(to, GUEST_DS_SELECTOR, from.get(HOST_DS_SELECTOR), 0);
        data(to, GUEST_ES_SELECTOR, from.get(HOST_ES_SELECTOR), 0);
        data(to, GUEST_FS_SELECTOR, from.get(HOST_FS_SELECTOR), from.get(HOST_FS_BASE));
        data(to, GUEST_GS_SELECTOR, from.get(HOST_GS_SELECTOR), from.get(HOST_GS_BASE));
        segment(to, GUEST_TR_SELECTOR, from.get(HOST_TR_SELECTOR), from.get(HOST_TR_BASE), 0x8B);
        to.set(GUEST_TR_LIMIT, 0x67);
        segment(to, GUEST_LDTR_SELECTOR, 0, 0, 0x10000);
        to.set(GUEST_LDTR_LIMIT, 0);
    }

    private static void data(Vmcs to, VmcsField selectorField, long selector, long base) {
        segment(to, selectorField, selector, base, selector == 0 ? 0x10000 : 0xC093);
    }

    /** A segment's fields stand at the same index in the four groups of the guest-state area. */
    private static void segment(Vmcs to, VmcsField selectorField, long selector, long base, int access) {
        int number = selectorField.ordinal() - GUEST_ES_SELECTOR.ordinal();
        to.set(selectorField, selector);
        to.set(VmcsField.at(GUEST_ES_BASE.ordinal() + number), base);
        to.set(VmcsField.at(GUEST_ES_LIMIT.ordinal() + number), 0xFFFF_FFFFL);
        to.set(VmcsField.at(GUEST_ES_ACCESS_RIGHTS.ordinal() + number), access);
    }

    /** General registers are not part of a VMCS; only rSP is, and the CPU gets it from there. */
    static void syncStackPointer(VirtualCpu v) {
        v.running().set(GUEST_RSP, v.cpu.r[Cpu.RSP]);
    }
}

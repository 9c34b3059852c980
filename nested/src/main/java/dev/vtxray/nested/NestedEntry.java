package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.entry.EntryOutcome;
import dev.vtxray.vmx.entry.VmEntryCheck;
import dev.vtxray.vmx.entry.VmEntryChecks;
import dev.vtxray.vmx.vmcs.LaunchState;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsRegionFormat;

/** A nested entry: L1's VMLAUNCH or VMRESUME, carried out by checking vmcs12 and merging it into vmcs02. */
final class NestedEntry implements MergeTable.Sources {
    private static final int[] PASSED_THROUGH = {0xC000_0100, 0xC000_0101, 0xC000_0102};
    private static final int X2APIC_FIRST = 0x800;
    private static final int X2APIC_TPR = 0x808;
    private static final int X2APIC_EOI = 0x80B;
    private static final int X2APIC_SELF_IPI = 0x83F;

    private final L0 l0;
    private final VirtualCpu v;
    private final int primary12;
    private final int secondary12;
    private final long efer;

    private NestedEntry(L0 l0, VirtualCpu v) {
        this.l0 = l0;
        this.v = v;
        primary12 = v.vmcs12.get32(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS);
        secondary12 = PrimaryControl.ACTIVATE_SECONDARY_CONTROLS.in(primary12)
                ? v.vmcs12.get32(SECONDARY_PROC_BASED_VM_EXEC_CONTROLS)
                : 0;
        efer = effectiveEfer();
    }

    /**
     * Enters L2, or fails as the manual says.
     *
     * @return VM-instruction error for L1, or 0 if the instruction is over (entered, or failed with an exit)
     */
    static int enter(L0 l0, VirtualCpu v) {
        if (l0.options().vmcs12InMemory()) {
            LaunchState state = v.vmcs12.launchState();
            VmcsRegionFormat.load(v.vmcs12, v.host.guestView(), v.vmcs12Pointer);
            v.vmcs12.setLaunchState(state);
        }
        boolean longMode = (v.vmcs01.get(GUEST_IA32_EFER) & Control.EFER_LMA) != 0;
        v.entryState12.prepare(v.vmcs12, v.vmcs12Pointer, longMode, false);
        VmEntryCheck violated = VmEntryChecks.firstViolationOfChanges(v.entryState12);
        if (violated != null) {
            EntryOutcome outcome = violated.outcome();
            if (outcome.kind() == EntryOutcome.Kind.FAIL_VALID) {
                return outcome.number();
            }
            l0.counters().countEntry(ExitCounters.NestedEntry.ENTRY_FAILURE_EXIT);
            NestedExit.entryFailure(
                    l0, v, VmExit.entryFailure(ExitReason.ENTRY_FAIL_GUEST_STATE, outcome.qualification()));
            return 0;
        }
        new NestedEntry(l0, v).merge();
        return 0;
    }

    private void merge() {
        MergeTable.merge(this, v.vmcs02);
        boolean tagged = SecondaryControl.ENABLE_VPID.in(secondary12);
        v.forgetTranslationsOfOthers(tagged ? v.vmcs12.get32(VIRTUAL_PROCESSOR_IDENTIFIER) : 0);
        v.inL2 = true;
        int failing = NestedMsrLists.loadOnEntry(l0, v);
        if (failing != 0) {
            l0.counters().countEntry(ExitCounters.NestedEntry.ENTRY_FAILURE_EXIT);
            NestedExit.entryFailure(l0, v, VmExit.entryFailure(ExitReason.ENTRY_FAIL_MSR_LOAD, failing));
            return;
        }
        v.vmcs12.setLaunchState(LaunchState.LAUNCHED);
        l0.counters().countEntry(ExitCounters.NestedEntry.OK);
        l0.episodes().nestedEntry(v.number);
        l0.episodes().takeTrigger();
        l0.observer().entered(v.number, Level.L2);
        l0.guestObserver().entered(v.cpu, v.vmcs12);
    }

    private long effectiveEfer() {
        if (EntryControl.LOAD_IA32_EFER.in(v.vmcs12.get32(VM_ENTRY_CONTROLS))) {
            return v.vmcs12.get(GUEST_IA32_EFER);
        }
        boolean ia32e = EntryControl.IA32E_MODE_GUEST.in(v.vmcs12.get32(VM_ENTRY_CONTROLS));
        long inherited = v.vmcs01.get(GUEST_IA32_EFER) & ~(Control.EFER_LMA | Control.EFER_LME);
        return ia32e ? inherited | Control.EFER_LMA | Control.EFER_LME : inherited;
    }

    // MergeTable.Sources

    @Override
    public Vmcs vmcs01() {
        return v.vmcs01;
    }

    @Override
    public Vmcs vmcs12() {
        return v.vmcs12;
    }

    @Override
    public int secondary12() {
        return secondary12;
    }

    @Override
    public long efer() {
        return efer;
    }

    @Override
    public long toHost(long l1Physical) {
        return v.host.isGuestRam(l1Physical) ? v.host.toHost(l1Physical) : 0;
    }

    @Override
    public long eptp02() {
        return SecondaryControl.ENABLE_EPT.in(secondary12)
                ? v.shadowEpt(v.vmcs12.get(EPT_POINTER)).eptp02()
                : l0.eptp01();
    }

    /** All MSRs exit but a few that L1's bitmap lets through; what L1 wants of the rest is decided at the exit. */
    @Override
    public long msrBitmap() {
        long bitmap = v.vmcs02.get(MSR_BITMAPS_ADDRESS);
        for (int index : PASSED_THROUGH) {
            put(bitmap, index, false, allows(index, false));
            put(bitmap, index, true, allows(index, true));
        }
        boolean x2Apic = SecondaryControl.VIRTUALIZE_X2APIC_MODE.in(secondary12);
        boolean registers = x2Apic && SecondaryControl.APIC_REGISTER_VIRTUALIZATION.in(secondary12);
        for (int index = X2APIC_FIRST; index < X2APIC_FIRST + 0x100; index++) {
            put(bitmap, index, false, (registers || x2Apic && index == X2APIC_TPR) && allows(index, false));
        }
        boolean delivery = x2Apic && SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY.in(secondary12);
        put(bitmap, X2APIC_TPR, true, x2Apic && allows(X2APIC_TPR, true));
        put(bitmap, X2APIC_EOI, true, delivery && allows(X2APIC_EOI, true));
        put(bitmap, X2APIC_SELF_IPI, true, delivery && allows(X2APIC_SELF_IPI, true));
        return bitmap;
    }

    private boolean allows(int index, boolean write) {
        if (!PrimaryControl.USE_MSR_BITMAPS.in(primary12)) {
            return false;
        }
        long word = v.vmcs12.get(MSR_BITMAPS_ADDRESS) + wordOffset(index, write);
        return (v.host.guestView().read32(word) >>> index & 1) == 0;
    }

    private void put(long bitmap, int index, boolean write, boolean allowed) {
        long word = bitmap + wordOffset(index, write);
        int bits = v.host.bytes().read32(word);
        v.host.bytes().write32(word, allowed ? bits & ~(1 << index) : bits | 1 << index);
    }

    private static long wordOffset(int index, boolean write) {
        return (write ? 0x800 : 0) + (index < 0 ? 0x400 : 0) + ((index & 0x1FFF) >>> 5) * 4L;
    }
}

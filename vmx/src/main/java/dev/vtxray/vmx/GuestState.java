package dev.vtxray.vmx;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;

/** The guest-state area: loaded by a VM entry, saved by a VM exit (SDM, VM Entries; VM Exits, "Saving Guest State"). */
final class GuestState {
    /** Bits of the interruptibility state. */
    static final int BLOCKING_BY_STI = 1;

    static final int BLOCKING_BY_MOV_SS = 1 << 1;
    static final int BLOCKING_BY_NMI = 1 << 3;

    /** Bits of the pending debug exceptions. */
    static final long PENDING_ENABLED_BREAKPOINT = 1 << 12;

    static final long PENDING_SINGLE_STEP = 1 << 14;

    private static final long CR0_NOT_LOADED = Control.CR0_ET | Control.CR0_NW | Control.CR0_CD;
    private static final Activity[] ACTIVITIES = Activity.values();

    // ES, CS, SS, DS, FS, GS as the CPU numbers them; then LDTR and TR.
    private static final VmcsField[] SELECTORS = {
        GUEST_ES_SELECTOR,
        GUEST_CS_SELECTOR,
        GUEST_SS_SELECTOR,
        GUEST_DS_SELECTOR,
        GUEST_FS_SELECTOR,
        GUEST_GS_SELECTOR,
        GUEST_LDTR_SELECTOR,
        GUEST_TR_SELECTOR
    };
    private static final VmcsField[] BASES = {
        GUEST_ES_BASE,
        GUEST_CS_BASE,
        GUEST_SS_BASE,
        GUEST_DS_BASE,
        GUEST_FS_BASE,
        GUEST_GS_BASE,
        GUEST_LDTR_BASE,
        GUEST_TR_BASE
    };
    private static final VmcsField[] LIMITS = {
        GUEST_ES_LIMIT,
        GUEST_CS_LIMIT,
        GUEST_SS_LIMIT,
        GUEST_DS_LIMIT,
        GUEST_FS_LIMIT,
        GUEST_GS_LIMIT,
        GUEST_LDTR_LIMIT,
        GUEST_TR_LIMIT
    };
    private static final VmcsField[] ACCESS_RIGHTS = {
        GUEST_ES_ACCESS_RIGHTS, GUEST_CS_ACCESS_RIGHTS, GUEST_SS_ACCESS_RIGHTS, GUEST_DS_ACCESS_RIGHTS,
        GUEST_FS_ACCESS_RIGHTS, GUEST_GS_ACCESS_RIGHTS, GUEST_LDTR_ACCESS_RIGHTS, GUEST_TR_ACCESS_RIGHTS
    };

    private GuestState() {}

    private static SegmentRegister segment(Cpu cpu, int number) {
        return number < 6 ? cpu.seg[number] : number == 6 ? cpu.ldtr : cpu.tr;
    }

    // loading

    /** Loads all registers; activity, interruptibility and pending debug exceptions come with the events. */
    static void load(Cpu cpu, Vmcs vmcs, VmxUnit unit) {
        int entry = unit.entryControls();
        loadControlRegisters(cpu, vmcs, entry, unit);
        for (int i = 0; i < SELECTORS.length; i++) {
            segment(cpu, i)
                    .set(
                            vmcs.get32(SELECTORS[i]),
                            vmcs.get(BASES[i]),
                            vmcs.get32(LIMITS[i]),
                            vmcs.get32(ACCESS_RIGHTS[i]));
        }
        cpu.gdtrBase = vmcs.get(GUEST_GDTR_BASE);
        cpu.gdtrLimit = vmcs.get32(GUEST_GDTR_LIMIT) & 0xFFFF;
        cpu.idtrBase = vmcs.get(GUEST_IDTR_BASE);
        cpu.idtrLimit = vmcs.get32(GUEST_IDTR_LIMIT) & 0xFFFF;
        cpu.r[Cpu.RSP] = vmcs.get(GUEST_RSP);
        cpu.rip = vmcs.get(GUEST_RIP);
        cpu.forgetRepetition();
        cpu.flags.set(vmcs.get(GUEST_RFLAGS));
        cpu.cpl = cpu.virtual8086() ? 3 : cpu.seg[SegmentRegister.SS].dpl();
    }

    private static void loadControlRegisters(Cpu cpu, Vmcs vmcs, int entry, VmxUnit unit) {
        cpu.cr0 = cpu.cr0 & CR0_NOT_LOADED | vmcs.get(GUEST_CR0) & ~CR0_NOT_LOADED;
        cpu.cr3 = vmcs.get(GUEST_CR3);
        cpu.cr4 = vmcs.get(GUEST_CR4);
        if (EntryControl.LOAD_DEBUG_CONTROLS.in(entry)) {
            cpu.dr[7] = vmcs.get(GUEST_DR7) & 0xFFFF_2FFFL | Control.DR7_FIXED;
            cpu.msr.debugCtl = vmcs.get(GUEST_IA32_DEBUGCTL);
        }
        cpu.msr.sysenterCs = vmcs.get(GUEST_IA32_SYSENTER_CS);
        cpu.msr.sysenterEsp = vmcs.get(GUEST_IA32_SYSENTER_ESP);
        cpu.msr.sysenterEip = vmcs.get(GUEST_IA32_SYSENTER_EIP);
        if (EntryControl.LOAD_IA32_EFER.in(entry)) {
            cpu.efer = vmcs.get(GUEST_IA32_EFER);
        } else {
            boolean ia32e = EntryControl.IA32E_MODE_GUEST.in(entry);
            cpu.efer = cpu.efer & ~Control.EFER_LMA | (ia32e ? Control.EFER_LMA : 0);
            if ((cpu.cr0 & Control.CR0_PG) != 0) {
                cpu.efer = cpu.efer & ~Control.EFER_LME | (ia32e ? Control.EFER_LME : 0);
            }
        }
        if (EntryControl.LOAD_IA32_PAT.in(entry)) {
            cpu.msr.pat = vmcs.get(GUEST_IA32_PAT);
        }
        if (usesPae(cpu)) {
            loadPdptes(cpu, vmcs, unit);
        }
    }

    static boolean usesPae(Cpu cpu) {
        return (cpu.cr0 & Control.CR0_PG) != 0
                && (cpu.cr4 & Control.CR4_PAE) != 0
                && (cpu.efer & Control.EFER_LMA) == 0;
    }

    private static void loadPdptes(Cpu cpu, Vmcs vmcs, VmxUnit unit) {
        VmcsField[] fields = {GUEST_PDPTE0, GUEST_PDPTE1, GUEST_PDPTE2, GUEST_PDPTE3};
        for (int i = 0; i < fields.length; i++) {
            cpu.pdpte[i] =
                    unit.usesEpt() ? vmcs.get(fields[i]) : unit.memory().read64((cpu.cr3 & 0xFFFF_FFE0L) + 8L * i);
        }
    }

    /** Loads activity state, interruptibility and pending debug exceptions (SDM, VM Entries, "Special Features"). */
    static void loadNonRegisterState(Cpu cpu, Vmcs vmcs, VmxUnit unit, boolean vectoring) {
        int interruptibility = vmcs.get32(GUEST_INTERRUPTIBILITY_STATE);
        boolean nmi = (interruptibility & BLOCKING_BY_NMI) != 0;
        if (PinControl.VIRTUAL_NMIS.in(unit.pinControls())) {
            unit.virtualNmiBlocking = nmi;
            cpu.nmiBlocked = false;
        } else {
            cpu.nmiBlocked = nmi;
        }
        cpu.pendingDebug = 0;
        if (vectoring) {
            cpu.activity = Activity.ACTIVE;
            cpu.shadow = Cpu.NO_SHADOW;
            return;
        }
        cpu.activity = ACTIVITIES[vmcs.get32(GUEST_ACTIVITY_STATE) & 3];
        cpu.setShadow(
                (interruptibility & BLOCKING_BY_MOV_SS) != 0
                        ? Cpu.MOV_SS_SHADOW
                        : (interruptibility & BLOCKING_BY_STI) != 0 ? Cpu.STI_SHADOW : Cpu.NO_SHADOW);
        long pending = vmcs.get(GUEST_PENDING_DEBUG_EXCEPTIONS);
        boolean runs = cpu.activity == Activity.ACTIVE || cpu.activity == Activity.HLT;
        if ((pending & (PENDING_ENABLED_BREAKPOINT | PENDING_SINGLE_STEP)) != 0 && runs) {
            cpu.pendingDebug = pending & (0xF | PENDING_SINGLE_STEP);
        }
    }

    // saving

    /** Saves everything that a VM exit saves. RIP and RFLAGS are those that the exit has decided on. */
    static void save(Cpu cpu, Vmcs vmcs, VmxUnit unit, VmExit exit, long rflags) {
        saveControlRegisters(cpu, vmcs, unit);
        for (int i = 0; i < SELECTORS.length; i++) {
            SegmentRegister segment = segment(cpu, i);
            vmcs.set(SELECTORS[i], segment.selector);
            vmcs.set(BASES[i], segment.base);
            vmcs.set(LIMITS[i], segment.limit & 0xFFFF_FFFFL);
            vmcs.set(ACCESS_RIGHTS[i], segment.access);
        }
        vmcs.set(GUEST_GDTR_BASE, cpu.gdtrBase);
        vmcs.set(GUEST_GDTR_LIMIT, cpu.gdtrLimit);
        vmcs.set(GUEST_IDTR_BASE, cpu.idtrBase);
        vmcs.set(GUEST_IDTR_LIMIT, cpu.idtrLimit);
        vmcs.set(GUEST_RSP, cpu.r[Cpu.RSP]);
        vmcs.set(GUEST_RIP, cpu.rip);
        vmcs.set(GUEST_RFLAGS, rflags);
        saveNonRegisterState(cpu, vmcs, unit, exit);
    }

    private static void saveControlRegisters(Cpu cpu, Vmcs vmcs, VmxUnit unit) {
        int exitControls = unit.exitControls();
        vmcs.set(GUEST_CR0, cpu.cr0);
        vmcs.set(GUEST_CR3, cpu.cr3);
        vmcs.set(GUEST_CR4, cpu.cr4);
        vmcs.set(GUEST_IA32_SYSENTER_CS, cpu.msr.sysenterCs);
        vmcs.set(GUEST_IA32_SYSENTER_ESP, cpu.msr.sysenterEsp);
        vmcs.set(GUEST_IA32_SYSENTER_EIP, cpu.msr.sysenterEip);
        if (ExitControl.SAVE_DEBUG_CONTROLS.in(exitControls)) {
            vmcs.set(GUEST_DR7, cpu.dr[7]);
            vmcs.set(GUEST_IA32_DEBUGCTL, cpu.msr.debugCtl);
        }
        if (ExitControl.SAVE_IA32_PAT.in(exitControls)) {
            vmcs.set(GUEST_IA32_PAT, cpu.msr.pat);
        }
        if (ExitControl.SAVE_IA32_EFER.in(exitControls)) {
            vmcs.set(GUEST_IA32_EFER, cpu.efer);
        }
        if (unit.capabilities().exitsStoreEferLma()) {
            int entry = vmcs.get32(VM_ENTRY_CONTROLS);
            boolean lma = (cpu.efer & Control.EFER_LMA) != 0;
            int bit = EntryControl.IA32E_MODE_GUEST.mask();
            vmcs.set(VM_ENTRY_CONTROLS, (lma ? entry | bit : entry & ~bit) & 0xFFFF_FFFFL);
        }
        if (unit.usesEpt() && usesPae(cpu)) {
            vmcs.set(GUEST_PDPTE0, cpu.pdpte[0]);
            vmcs.set(GUEST_PDPTE1, cpu.pdpte[1]);
            vmcs.set(GUEST_PDPTE2, cpu.pdpte[2]);
            vmcs.set(GUEST_PDPTE3, cpu.pdpte[3]);
        }
    }

    private static void saveNonRegisterState(Cpu cpu, Vmcs vmcs, VmxUnit unit, VmExit exit) {
        boolean vectoring = exit.idtVectoringInfo() < 0;
        vmcs.set(GUEST_ACTIVITY_STATE, vectoring ? 0 : cpu.activity.ordinal());
        int interruptibility = 0;
        if (!vectoring) {
            interruptibility = cpu.shadow == Cpu.STI_SHADOW
                    ? BLOCKING_BY_STI
                    : cpu.shadow == Cpu.MOV_SS_SHADOW ? BLOCKING_BY_MOV_SS : 0;
        }
        boolean nmi = PinControl.VIRTUAL_NMIS.in(unit.pinControls()) ? unit.virtualNmiBlocking : cpu.nmiBlocked;
        vmcs.set(GUEST_INTERRUPTIBILITY_STATE, interruptibility | (nmi ? BLOCKING_BY_NMI : 0));
        long pending = 0;
        if (reportsPendingDebug(exit, cpu)) {
            long causes = cpu.pendingDebug;
            pending = causes & 0xF
                    | causes & PENDING_SINGLE_STEP
                    | ((causes & 0xF) != 0 ? PENDING_ENABLED_BREAKPOINT : 0);
        }
        vmcs.set(GUEST_PENDING_DEBUG_EXCEPTIONS, pending);
        if (unit.apic().deliversVirtualInterrupts()) {
            vmcs.set(GUEST_INTERRUPT_STATUS, unit.apic().guestInterruptStatus());
        }
        if (ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE.in(unit.exitControls())) {
            vmcs.set(VMX_PREEMPTION_TIMER_VALUE, unit.timer().value());
        }
    }

    private static boolean reportsPendingDebug(VmExit exit, Cpu cpu) {
        return switch (exit.reason()) {
            case INIT_SIGNAL, TPR_BELOW_THRESHOLD, VIRTUALIZED_EOI, APIC_WRITE, MONITOR_TRAP_FLAG -> true;
            default -> cpu.shadow == Cpu.MOV_SS_SHADOW;
        };
    }

    /** RF in the saved RFLAGS (SDM, VM Exits, "Saving RIP, RSP, RFLAGS, and SSP"). */
    static long savedFlags(Cpu cpu, VmExit exit) {
        long flags = cpu.flags.get();
        if (exit.idtVectoringInfo() < 0) {
            // What the delivery would have pushed, so that a host which injects the event again pushes the same.
            boolean fault = (exit.idtVectoringInfo() >> 8 & 7) == 3 && (exit.idtVectoringInfo() & 0xFF) != 1;
            return fault ? flags | Flags.RF : flags;
        }
        return switch (exit.reason()) {
            case APIC_ACCESS, EPT_VIOLATION, EPT_MISCONFIGURATION -> flags | Flags.RF;
            case EXCEPTION_OR_NMI -> {
                int type = exit.interruptionInfo() >> 8 & 7;
                int vector = exit.interruptionInfo() & 0xFF;
                boolean fault = type == 3 && vector != 1;
                yield fault || cpu.isBetweenIterations() ? flags | Flags.RF : flags;
            }
            case EXTERNAL_INTERRUPT -> cpu.isBetweenIterations() ? flags | Flags.RF : flags;
            default -> exit.instructionLength() != 0 && !exit.isTrap() ? flags & ~Flags.RF : flags;
        };
    }
}

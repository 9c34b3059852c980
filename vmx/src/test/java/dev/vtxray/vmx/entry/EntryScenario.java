package dev.vtxray.vmx.entry;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.capability.VmxCapabilities;
import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.InterruptionInfo;
import dev.vtxray.vmx.control.InterruptionType;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmxControl;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.Random;

/** A VM entry to check: a processor, a VMCS, memory. Every factory makes one that passes all checks. */
final class EntryScenario {
    static final long CURRENT_VMCS = 0x10_0000;
    static final long VIRTUAL_APIC_PAGE = 0x20_0000;
    static final long LINKED_VMCS = 0x30_0000;
    static final long PDPTES = 0x40_0000;

    /** Names of the factories below, for tests that want all. */
    enum Kind {
        LONG_MODE,
        LONG_MODE_WITH_EVERYTHING,
        LONG_MODE_RESTRICTED,
        EPTP_SWITCHING,
        CONFORMING_CODE,
        COMPATIBILITY_MODE,
        TPR_SHADOW,
        PAE_WITHOUT_EPT,
        PAE_WITH_EPT,
        VIRTUAL_8086,
        VIRTUAL_8086_WITHOUT_PAGING,
        REAL_MODE,
        HALTED_WITH_INTERRUPT,
        SHUTDOWN_WITH_NMI,
        NMI,
        STEPPING_AFTER_MOV_SS,
        WAIT_FOR_SIPI,
        SOFTWARE_INTERRUPT,
        PENDING_MTF,
        PAGE_FAULT,
        LEGACY_HOST
    }

    final CpuProfile cpu;
    final Vmcs vmcs;
    final SparseBytes memory = new SparseBytes();
    final EntryState state;
    boolean eferLma = true;
    boolean inSmm;

    private EntryScenario(CpuProfile cpu) {
        this.cpu = cpu;
        this.vmcs = new Vmcs(cpu.vmx().revision());
        this.state = new EntryState(cpu, memory);
        memory.write32(VIRTUAL_APIC_PAGE + 0x80, 0x50);
        memory.write32(CURRENT_VMCS, cpu.vmx().revision());
        memory.write32(LINKED_VMCS, cpu.vmx().revision());
        for (int i = 0; i < 4; i++) {
            memory.write64(PDPTES + 8 * i, 0x50_0001 + 0x1000L * i);
        }
        requireControls();
        hostState();
        longModeGuest();
    }

    static EntryScenario of(Kind kind, CpuProfile cpu) {
        EntryScenario s = new EntryScenario(cpu);
        switch (kind) {
            case LONG_MODE -> {}
            case LONG_MODE_WITH_EVERYTHING -> s.everything();
            case LONG_MODE_RESTRICTED -> s.off(SecondaryControl.UNRESTRICTED_GUEST);
            case EPTP_SWITCHING -> s.eptpSwitching();
            case CONFORMING_CODE -> {
                s.off(SecondaryControl.UNRESTRICTED_GUEST);
                s.set(GUEST_CS_ACCESS_RIGHTS, 0xA09F);
            }
            case COMPATIBILITY_MODE -> s.set(GUEST_CS_ACCESS_RIGHTS, 0xC09B);
            case TPR_SHADOW -> s.tprShadow();
            case PAE_WITHOUT_EPT -> s.paeWithoutEpt();
            case PAE_WITH_EPT -> s.protectedMode();
            case VIRTUAL_8086 -> s.virtual8086();
            case VIRTUAL_8086_WITHOUT_PAGING -> {
                s.virtual8086();
                s.on(SecondaryControl.UNRESTRICTED_GUEST);
                s.set(GUEST_CR0, 0x21);
            }
            case REAL_MODE -> s.realMode();
            case HALTED_WITH_INTERRUPT -> s.halted();
            case SHUTDOWN_WITH_NMI -> s.shutdown();
            case NMI -> s.inject(InterruptionType.NMI, 2, false);
            case STEPPING_AFTER_MOV_SS -> s.steppingAfterMovSs();
            case WAIT_FOR_SIPI -> s.set(GUEST_ACTIVITY_STATE, 3);
            case SOFTWARE_INTERRUPT -> s.inject(InterruptionType.SOFTWARE_INTERRUPT, 0x80, false);
            case PENDING_MTF -> s.inject(InterruptionType.OTHER_EVENT, 0, false);
            case PAGE_FAULT -> s.inject(InterruptionType.HARDWARE_EXCEPTION, 14, true);
            case LEGACY_HOST -> s.legacyHost();
        }
        return s;
    }

    /** The state, ready to be asked. */
    EntryState prepared() {
        state.prepare(vmcs, CURRENT_VMCS, eferLma, inSmm);
        return state;
    }

    PredicateEvaluator specification() {
        return new PredicateEvaluator(cpu, vmcs, memory, CURRENT_VMCS, eferLma, inSmm);
    }

    EntryScenario set(VmcsField field, long value) {
        vmcs.set(field, value);
        return this;
    }

    /** Changes one field in a way that keeps near to sense: a bit, a value that matters, another field's value. */
    void mutate(VmcsField field, Random random) {
        long old = vmcs.get(field);
        long value =
                switch (random.nextInt(6)) {
                    case 0, 1, 2 -> old ^ 1L << random.nextInt(field.width().bits());
                    case 3 -> INTERESTING[random.nextInt(INTERESTING.length)];
                    case 4 -> old ^ 1L << random.nextInt(field.width().bits()) ^ 1L << random.nextInt(17);
                    default -> field.width() == VmcsField.Width.BITS_32 ? event(random) : 0;
                };
        vmcs.set(field, value);
    }

    /** Now and then enters from another mode, or with other contents of memory. */
    void mutateSurroundings(Random random) {
        switch (random.nextInt(6)) {
            case 0 -> eferLma = !eferLma;
            case 1 -> memory.write32(VIRTUAL_APIC_PAGE + 0x80, random.nextInt(0x100));
            case 2 -> memory.write32(LINKED_VMCS, cpu.vmx().revision() ^ 1 << 31);
            case 3 -> memory.write32(LINKED_VMCS, cpu.vmx().revision() ^ 1 << random.nextInt(32));
            case 4 -> memory.write64(PDPTES + 8L * random.nextInt(4), random.nextLong());
            default -> inSmm = !inSmm;
        }
    }

    private static final long[] INTERESTING = {
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        0xB,
        0xF,
        0x10,
        0x93,
        0x9B,
        0xF3,
        0xFFF,
        0x1000,
        0xFFFF,
        0x1_0000,
        0x1_0093,
        0xA09B,
        0xC093,
        0xFFFF_FFFFL,
        0x1_0000_0000L,
        CURRENT_VMCS,
        LINKED_VMCS,
        VIRTUAL_APIC_PAGE,
        0x7FFF_FFFF_F000L,
        0x8000_0000_0000L,
        0x3FFF_FFFF_F000L,
        0x4000_0000_0000L,
        0x001_0000_0000_0000L,
        -1
    };

    private static long event(Random random) {
        return 0x8000_0000L | random.nextInt(2) << 11 | random.nextInt(8) << 8 | random.nextInt(33);
    }

    private void requireControls() {
        VmxCapabilities vmx = cpu.vmx();
        set(PIN_BASED_VM_EXEC_CONTROLS, vmx.allowed0(ControlWord.PIN_BASED));
        set(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS, vmx.allowed0(ControlWord.PRIMARY_PROCESSOR_BASED));
        set(PRIMARY_VM_EXIT_CONTROLS, vmx.allowed0(ControlWord.VM_EXIT));
        set(VM_ENTRY_CONTROLS, vmx.allowed0(ControlWord.VM_ENTRY));
        on(PinControl.EXTERNAL_INTERRUPT_EXITING, PinControl.NMI_EXITING, PinControl.VIRTUAL_NMIS);
        on(PrimaryControl.ACTIVATE_SECONDARY_CONTROLS);
        on(SecondaryControl.ENABLE_EPT, SecondaryControl.ENABLE_VPID, SecondaryControl.UNRESTRICTED_GUEST);
        on(ExitControl.HOST_ADDRESS_SPACE_SIZE, ExitControl.LOAD_IA32_EFER, ExitControl.LOAD_IA32_PAT);
        on(ExitControl.LOAD_IA32_PERF_GLOBAL_CTRL, ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT);
        on(EntryControl.LOAD_DEBUG_CONTROLS, EntryControl.IA32E_MODE_GUEST, EntryControl.LOAD_IA32_EFER);
        on(EntryControl.LOAD_IA32_PAT, EntryControl.LOAD_IA32_PERF_GLOBAL_CTRL);
        set(VIRTUAL_PROCESSOR_IDENTIFIER, 1).set(EPT_POINTER, 0x60_0000 | 3 << 3 | 6);
        set(VM_ENTRY_INSTRUCTION_LENGTH, 2);
    }

    private void hostState() {
        set(HOST_CR0, 0x8005_0033L).set(HOST_CR3, 0x70_0000).set(HOST_CR4, 0x2_2020);
        set(HOST_CS_SELECTOR, 8)
                .set(HOST_SS_SELECTOR, 16)
                .set(HOST_DS_SELECTOR, 16)
                .set(HOST_ES_SELECTOR, 16);
        set(HOST_TR_SELECTOR, 24);
        set(HOST_IA32_EFER, 0xD01).set(HOST_IA32_PAT, 0x0007_0406_0007_0406L);
        set(HOST_RIP, 0xFFFF_8000_0000_1000L).set(HOST_IA32_PERF_GLOBAL_CTRL, 0xF);
    }

    private void longModeGuest() {
        set(GUEST_CR0, 0x8005_0033L).set(GUEST_CR3, PDPTES).set(GUEST_CR4, 0x2020);
        set(GUEST_IA32_EFER, 0xD01).set(GUEST_IA32_PAT, 0x0007_0406_0007_0406L);
        set(GUEST_DR7, 0x400).set(GUEST_RFLAGS, 0x202).set(GUEST_RIP, 0x1000).set(VMCS_LINK_POINTER, -1);
        segment(Segment.CS, 8, 0, 0xFFFF_FFFFL, 0xA09B);
        for (Segment data : new Segment[] {Segment.SS, Segment.DS, Segment.ES, Segment.FS, Segment.GS}) {
            segment(data, 16, 0, 0xFFFF_FFFFL, 0xC093);
        }
        segment(Segment.LDTR, 32, 0x8000, 0xFFF, 0x82);
        segment(Segment.TR, 24, 0x9000, 0x67, 0x8B);
        set(GUEST_GDTR_LIMIT, 0xFFFF).set(GUEST_IDTR_LIMIT, 0xFFF);
        for (int i = 0; i < 4; i++) {
            set(VmcsField.at(GUEST_PDPTE0.ordinal() + i), 0x50_0001);
        }
    }

    private void everything() {
        tprShadow();
        on(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER, PinControl.PROCESS_POSTED_INTERRUPTS);
        on(ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE);
        on(PrimaryControl.USE_IO_BITMAPS, PrimaryControl.USE_MSR_BITMAPS, PrimaryControl.NMI_WINDOW_EXITING);
        on(SecondaryControl.VIRTUALIZE_APIC_ACCESSES, SecondaryControl.APIC_REGISTER_VIRTUALIZATION);
        on(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY, SecondaryControl.ENABLE_VM_FUNCTIONS);
        on(SecondaryControl.VMCS_SHADOWING, SecondaryControl.ENABLE_PML, SecondaryControl.EPT_VIOLATION_VE);
        on(SecondaryControl.MODE_BASED_EXECUTE_CONTROL, SecondaryControl.USE_TSC_SCALING);
        if (SecondaryControl.ENABLE_VM_FUNCTIONS.in(vmcs.get32(SECONDARY_PROC_BASED_VM_EXEC_CONTROLS))) {
            set(VM_FUNCTION_CONTROLS, 1);
        }
        set(TSC_MULTIPLIER, 1L << 48);
        set(VM_EXIT_MSR_STORE_COUNT, 2).set(VM_EXIT_MSR_LOAD_COUNT, 2).set(VM_ENTRY_MSR_LOAD_COUNT, 2);
        boolean shadowing = SecondaryControl.VMCS_SHADOWING.in(vmcs.get32(SECONDARY_PROC_BASED_VM_EXEC_CONTROLS));
        memory.write32(LINKED_VMCS, cpu.vmx().revision() | (shadowing ? 1 << 31 : 0));
        set(VMCS_LINK_POINTER, LINKED_VMCS);
    }

    private void eptpSwitching() {
        off(SecondaryControl.UNRESTRICTED_GUEST);
        on(SecondaryControl.ENABLE_VM_FUNCTIONS);
        if (SecondaryControl.ENABLE_VM_FUNCTIONS.in(vmcs.get32(SECONDARY_PROC_BASED_VM_EXEC_CONTROLS))) {
            set(VM_FUNCTION_CONTROLS, 1);
        }
    }

    private void tprShadow() {
        on(PrimaryControl.USE_TPR_SHADOW);
        set(VIRTUAL_APIC_ADDRESS, VIRTUAL_APIC_PAGE).set(TPR_THRESHOLD, 3);
    }

    private void protectedMode() {
        off(EntryControl.IA32E_MODE_GUEST, SecondaryControl.UNRESTRICTED_GUEST);
        set(GUEST_IA32_EFER, 0x801).set(GUEST_CS_ACCESS_RIGHTS, 0xC09B);
    }

    private void paeWithoutEpt() {
        protectedMode();
        off(SecondaryControl.ENABLE_EPT);
    }

    private void virtual8086() {
        protectedMode();
        set(GUEST_RFLAGS, 0x2_0202);
        for (Segment segment : Segment.values()) {
            if (segment.ordinal() <= Segment.GS.ordinal()) {
                segment(segment, 0x1234, 0x1_2340, 0xFFFF, 0xF3);
            }
        }
    }

    private void realMode() {
        off(EntryControl.IA32E_MODE_GUEST);
        set(GUEST_IA32_EFER, 0).set(GUEST_CR0, 0x20).set(GUEST_CR4, 0x2000);
        for (Segment segment : Segment.values()) {
            if (segment.ordinal() <= Segment.GS.ordinal()) {
                segment(segment, 0x1000, 0x1_0000, 0xFFFF, segment == Segment.CS ? 0x9B : 0x93);
            }
        }
    }

    private void halted() {
        set(GUEST_ACTIVITY_STATE, 1);
        inject(InterruptionType.EXTERNAL_INTERRUPT, 0x30, false);
    }

    private void shutdown() {
        set(GUEST_ACTIVITY_STATE, 2);
        inject(InterruptionType.NMI, 2, false);
    }

    private void steppingAfterMovSs() {
        set(GUEST_INTERRUPTIBILITY_STATE, 2).set(GUEST_RFLAGS, 0x302).set(GUEST_PENDING_DEBUG_EXCEPTIONS, 1 << 14);
    }

    /** A host outside IA-32e mode. */
    private void legacyHost() {
        protectedMode();
        eferLma = false;
        off(ExitControl.HOST_ADDRESS_SPACE_SIZE, EntryControl.LOAD_IA32_EFER);
        set(HOST_IA32_EFER, 0x801).set(HOST_RIP, 0x1000).set(HOST_CR4, 0x2020);
    }

    private void inject(InterruptionType type, int vector, boolean errorCode) {
        set(VM_ENTRY_INTERRUPTION_INFO, InterruptionInfo.of(type, vector, errorCode));
    }

    private void segment(Segment segment, long selector, long base, long limit, long rights) {
        set(segment.selector, selector)
                .set(segment.base, base)
                .set(segment.limit, limit)
                .set(segment.rights, rights);
    }

    /** Turns controls on as far as the processor has them. */
    private void on(VmxControl... controls) {
        for (VmxControl control : controls) {
            if (cpu.vmx().supports(control)) {
                VmcsField word = Conditions.fieldsOf(control.word())[0];
                set(word, vmcs.get(word) | control.mask() & 0xFFFF_FFFFL);
            }
        }
    }

    private void off(VmxControl... controls) {
        for (VmxControl control : controls) {
            VmcsField word = Conditions.fieldsOf(control.word())[0];
            set(word, vmcs.get(word) & ~(control.mask() & 0xFFFF_FFFFL));
        }
    }
}

package dev.vtxray.testkit.hypervisor;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.isa.LabelRef;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.vmx.capability.VmxCapabilities;
import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmxControl;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes a complete VMCS for a 64-bit guest with identity-mapped memory behind EPT: control fields, then host state
 * from the registers of L1, then guest state.
 */
final class VmcsSetup {
    private static final int CODE_64 = 0xA09B;
    private static final int DATA = 0xC093;
    private static final int BUSY_TSS = 0x8B;
    private static final int UNUSABLE = 0x1_0000;
    private static final int TSS_LIMIT = 0x67;
    private static final int TSS_SELECTOR = 0x18;
    private static final long CR4_VMXE = 1 << 13;
    private static final long FLAT_LIMIT = 0xFFFF_FFFFL;
    private static final long EPT_WRITE_BACK = 6;
    private static final long EPT_FOUR_LEVELS = 3 << 3;
    private static final int VPID = 1;

    private final HypervisorCode code;
    private final L1Options options;
    private final VmxCapabilities capabilities;
    private final Reg cpuOffset;

    /** @param cpuOffset the register that holds the number of the CPU times the size of a page; not RAX, RCX, RDX */
    VmcsSetup(HypervisorCode code, L1Options options, Reg cpuOffset) {
        this.code = code;
        this.options = options;
        this.capabilities = options.cpu().vmx();
        this.cpuOffset = cpuOffset;
    }

    /** The primary processor-based controls, without the interrupt window. */
    static int primaryControls(L1Options options) {
        List<VmxControl> wanted = new ArrayList<>(
                List.of(PrimaryControl.ACTIVATE_SECONDARY_CONTROLS, PrimaryControl.UNCONDITIONAL_IO_EXITING));
        if (options.haltHandling() != HaltHandling.NOT_EXITING) {
            wanted.add(PrimaryControl.HLT_EXITING);
        }
        if (options.apicv()) {
            wanted.add(PrimaryControl.USE_TPR_SHADOW);
        }
        return word(options.cpu().vmx(), ControlWord.PRIMARY_PROCESSOR_BASED, wanted);
    }

    private static int word(VmxCapabilities capabilities, ControlWord word, List<VmxControl> wanted) {
        return ControlSettings.of(capabilities, word, wanted.toArray(VmxControl[]::new));
    }

    /** Writes all fields. Changes RAX, RCX and RDX. @param exitHandler label of the code that VM exits lead to */
    void writeAll(String exitHandler, long guestEntry) {
        writeControls();
        writeApicFields();
        writeHostState(exitHandler);
        writeGuestSegments();
        writeGuestRegisters(guestEntry);
    }

    private void set(VmcsField field, long value) {
        code.writeField(field, value);
    }

    private void setToPageOfCpu(VmcsField field, long firstPage) {
        code.emit("LEA", Reg.RCX, Mem.of(8, cpuOffset).disp(firstPage));
        code.writeField(field, Reg.RCX);
    }

    private void writeControls() {
        set(PIN_BASED_VM_EXEC_CONTROLS, pinControls() & 0xFFFF_FFFFL);
        set(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS, primaryControls(options) & 0xFFFF_FFFFL);
        set(SECONDARY_PROC_BASED_VM_EXEC_CONTROLS, secondaryControls() & 0xFFFF_FFFFL);
        set(PRIMARY_VM_EXIT_CONTROLS, exitControls() & 0xFFFF_FFFFL);
        set(VM_ENTRY_CONTROLS, entryControls() & 0xFFFF_FFFFL);
        for (VmcsField zero : List.of(
                EXCEPTION_BITMAP,
                PAGE_FAULT_ERROR_CODE_MASK,
                PAGE_FAULT_ERROR_CODE_MATCH,
                CR3_TARGET_COUNT,
                VM_EXIT_MSR_STORE_COUNT,
                VM_EXIT_MSR_LOAD_COUNT,
                VM_ENTRY_MSR_LOAD_COUNT,
                VM_ENTRY_INTERRUPTION_INFO,
                TSC_OFFSET,
                CR0_GUEST_HOST_MASK,
                CR0_READ_SHADOW)) {
            set(zero, 0);
        }
        set(CR4_GUEST_HOST_MASK, CR4_VMXE);
        set(CR4_READ_SHADOW, Control.CR4_PAE);
        set(EPT_POINTER, L1Memory.EPT_PML4 | EPT_FOUR_LEVELS | EPT_WRITE_BACK);
        if (capabilities.supports(SecondaryControl.ENABLE_VPID)) {
            set(VIRTUAL_PROCESSOR_IDENTIFIER, VPID);
        }
    }

    private int pinControls() {
        List<VmxControl> wanted = new ArrayList<>(List.of(PinControl.EXTERNAL_INTERRUPT_EXITING));
        if (options.posts()) {
            wanted.add(PinControl.PROCESS_POSTED_INTERRUPTS);
        }
        return word(capabilities, ControlWord.PIN_BASED, wanted);
    }

    private int secondaryControls() {
        List<VmxControl> wanted =
                new ArrayList<>(List.of(SecondaryControl.ENABLE_EPT, SecondaryControl.VIRTUALIZE_APIC_ACCESSES));
        if (capabilities.supports(SecondaryControl.ENABLE_VPID)) {
            wanted.add(SecondaryControl.ENABLE_VPID);
        }
        if (options.apicv()) {
            wanted.add(SecondaryControl.APIC_REGISTER_VIRTUALIZATION);
            wanted.add(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY);
        }
        return word(capabilities, ControlWord.SECONDARY_PROCESSOR_BASED, wanted);
    }

    private int exitControls() {
        return ControlSettings.of(
                capabilities,
                ControlWord.VM_EXIT,
                ExitControl.HOST_ADDRESS_SPACE_SIZE,
                ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT);
    }

    private int entryControls() {
        return ControlSettings.of(capabilities, ControlWord.VM_ENTRY, EntryControl.IA32E_MODE_GUEST);
    }

    private void writeApicFields() {
        set(APIC_ACCESS_ADDRESS, L1Memory.APIC_ACCESS_PAGE);
        if (!options.apicv()) {
            return;
        }
        setToPageOfCpu(VIRTUAL_APIC_ADDRESS, L1Memory.VIRTUAL_APIC_PAGES);
        for (VmcsField zero : List.of(
                TPR_THRESHOLD,
                EOI_EXIT_BITMAP_0,
                EOI_EXIT_BITMAP_1,
                EOI_EXIT_BITMAP_2,
                EOI_EXIT_BITMAP_3,
                GUEST_INTERRUPT_STATUS)) {
            set(zero, 0);
        }
        if (options.posts()) {
            setToPageOfCpu(POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, L1Memory.DESCRIPTORS);
            set(POSTED_INTERRUPT_NOTIFICATION_VECTOR, L1Memory.NOTIFICATION_VECTOR);
        }
    }

    private void writeHostState(String exitHandler) {
        set(HOST_CS_SELECTOR, L2Memory.CODE_SELECTOR);
        for (VmcsField data :
                List.of(HOST_SS_SELECTOR, HOST_DS_SELECTOR, HOST_ES_SELECTOR, HOST_FS_SELECTOR, HOST_GS_SELECTOR)) {
            set(data, L2Memory.DATA_SELECTOR);
        }
        set(HOST_TR_SELECTOR, TSS_SELECTOR);
        setFromRegister(HOST_CR0, Reg.CR0);
        setFromRegister(HOST_CR3, Reg.CR3);
        setFromRegister(HOST_CR4, Reg.CR4);
        for (VmcsField zero : List.of(
                HOST_FS_BASE,
                HOST_GS_BASE,
                HOST_TR_BASE,
                HOST_IA32_SYSENTER_CS,
                HOST_IA32_SYSENTER_ESP,
                HOST_IA32_SYSENTER_EIP)) {
            set(zero, 0);
        }
        setFromTable(HOST_GDTR_BASE, "SGDT");
        setFromTable(HOST_IDTR_BASE, "SIDT");
        setToPageOfCpu(HOST_RSP, L1Memory.CPU_BLOCKS + CpuBlock.REGISTERS_END);
        code.emit("MOV", Reg.RCX, LabelRef.of(exitHandler));
        code.writeField(HOST_RIP, Reg.RCX);
    }

    private void setFromRegister(VmcsField field, Reg register) {
        code.emit("MOV", Reg.RCX, register);
        code.writeField(field, Reg.RCX);
    }

    private void setFromTable(VmcsField field, String mnemonic) {
        code.emit("SUB", Reg.RSP, 16);
        code.emit(mnemonic, Mem.unsized(Reg.RSP));
        code.emit("MOV", Reg.RCX, Mem.qword(Reg.RSP).disp(2));
        code.emit("ADD", Reg.RSP, 16);
        code.writeField(field, Reg.RCX);
    }

    private void writeGuestSegments() {
        segment(GUEST_CS_SELECTOR, GUEST_CS_BASE, GUEST_CS_LIMIT, GUEST_CS_ACCESS_RIGHTS, CODE_64);
        segment(GUEST_SS_SELECTOR, GUEST_SS_BASE, GUEST_SS_LIMIT, GUEST_SS_ACCESS_RIGHTS, DATA);
        segment(GUEST_DS_SELECTOR, GUEST_DS_BASE, GUEST_DS_LIMIT, GUEST_DS_ACCESS_RIGHTS, DATA);
        segment(GUEST_ES_SELECTOR, GUEST_ES_BASE, GUEST_ES_LIMIT, GUEST_ES_ACCESS_RIGHTS, DATA);
        segment(GUEST_FS_SELECTOR, GUEST_FS_BASE, GUEST_FS_LIMIT, GUEST_FS_ACCESS_RIGHTS, DATA);
        segment(GUEST_GS_SELECTOR, GUEST_GS_BASE, GUEST_GS_LIMIT, GUEST_GS_ACCESS_RIGHTS, DATA);
        set(GUEST_LDTR_SELECTOR, 0);
        set(GUEST_LDTR_BASE, 0);
        set(GUEST_LDTR_LIMIT, 0);
        set(GUEST_LDTR_ACCESS_RIGHTS, UNUSABLE);
        set(GUEST_TR_SELECTOR, TSS_SELECTOR);
        set(GUEST_TR_BASE, 0);
        set(GUEST_TR_LIMIT, TSS_LIMIT);
        set(GUEST_TR_ACCESS_RIGHTS, BUSY_TSS);
        set(GUEST_GDTR_BASE, L2Memory.GDT);
        set(GUEST_GDTR_LIMIT, L2Memory.GDT_LIMIT);
        set(GUEST_IDTR_BASE, 0);
        set(GUEST_IDTR_LIMIT, 0);
    }

    private void segment(VmcsField selector, VmcsField base, VmcsField limit, VmcsField accessRights, int rights) {
        set(selector, rights == CODE_64 ? L2Memory.CODE_SELECTOR : L2Memory.DATA_SELECTOR);
        set(base, 0);
        set(limit, FLAT_LIMIT);
        set(accessRights, rights);
    }

    private void writeGuestRegisters(long guestEntry) {
        long cr0 = Control.CR0_PE | Control.CR0_ET | Control.CR0_NE | Control.CR0_WP | Control.CR0_PG;
        set(GUEST_CR0, cr0);
        set(GUEST_CR3, L2Memory.PML4);
        set(GUEST_CR4, Control.CR4_PAE | CR4_VMXE);
        set(GUEST_DR7, Control.DR7_FIXED);
        set(GUEST_RIP, guestEntry);
        set(GUEST_RFLAGS, 2);
        set(VMCS_LINK_POINTER, -1);
        for (VmcsField zero : List.of(
                GUEST_RSP,
                GUEST_IA32_DEBUGCTL,
                GUEST_PENDING_DEBUG_EXCEPTIONS,
                GUEST_INTERRUPTIBILITY_STATE,
                GUEST_ACTIVITY_STATE,
                GUEST_IA32_SYSENTER_CS,
                GUEST_IA32_SYSENTER_ESP,
                GUEST_IA32_SYSENTER_EIP)) {
            set(zero, 0);
        }
    }
}

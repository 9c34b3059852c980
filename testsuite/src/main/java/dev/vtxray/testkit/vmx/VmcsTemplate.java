package dev.vtxray.testkit.vmx;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.vmx.capability.VmxCapabilities;
import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmxControl;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;

/**
 * A VMCS that passes all checks: a 64-bit guest at privilege level 0 over the structures of {@link GuestMemory}, with EPT
 * and otherwise only the controls that the processor demands, and a 64-bit host.
 */
final class VmcsTemplate {
    static final long CR4_VMXE = 1 << 13;
    static final long EPT_WRITE_BACK_FOUR_LEVELS = 3 << 3 | 6;

    private static final int CODE_64 = 0xA09B;
    private static final int USER_CODE_64 = 0xA0FB;
    private static final int DATA = 0xC093;
    private static final int USER_DATA = 0xC0F3;
    private static final int BUSY_TSS = 0x8B;
    private static final int UNUSABLE = 0x1_0000;
    private static final long FLAT = 0xFFFF_FFFFL;
    private static final long CR0 = Control.CR0_PE | Control.CR0_ET | Control.CR0_NE | Control.CR0_WP | Control.CR0_PG;
    private static final long RESET_PAT = 0x0007_0406_0007_0406L;

    private final Vmcs vmcs;
    private final VmxCapabilities capabilities;

    private VmcsTemplate(Vmcs vmcs, VmxCapabilities capabilities) {
        this.vmcs = vmcs;
        this.capabilities = capabilities;
    }

    static void fill(Vmcs vmcs, VmxCapabilities capabilities) {
        VmcsTemplate template = new VmcsTemplate(vmcs, capabilities);
        template.fillControls();
        template.fillAddresses();
        template.fillHost();
        template.fillGuest();
    }

    static VmcsField fieldOf(ControlWord word) {
        return switch (word) {
            case PIN_BASED -> PIN_BASED_VM_EXEC_CONTROLS;
            case PRIMARY_PROCESSOR_BASED -> PRIMARY_PROC_BASED_VM_EXEC_CONTROLS;
            case SECONDARY_PROCESSOR_BASED -> SECONDARY_PROC_BASED_VM_EXEC_CONTROLS;
            case VM_EXIT -> PRIMARY_VM_EXIT_CONTROLS;
            case VM_ENTRY -> VM_ENTRY_CONTROLS;
            case VM_FUNCTION -> VM_FUNCTION_CONTROLS;
        };
    }

    /** Sets or clears one control. */
    static void control(Vmcs vmcs, VmxControl control, boolean on) {
        VmcsField field = fieldOf(control.word());
        int word = vmcs.get32(field);
        vmcs.set(field, on ? word | control.mask() : word & ~control.mask());
    }

    private void fillControls() {
        for (ControlWord word : ControlWord.values()) {
            vmcs.set(fieldOf(word), capabilities.allowed0(word));
        }
        control(vmcs, PrimaryControl.ACTIVATE_SECONDARY_CONTROLS, true);
        control(vmcs, PrimaryControl.USE_MSR_BITMAPS, true);
        control(vmcs, SecondaryControl.ENABLE_EPT, true);
        control(vmcs, ExitControl.HOST_ADDRESS_SPACE_SIZE, true);
        control(vmcs, EntryControl.IA32E_MODE_GUEST, true);
    }

    private void fillAddresses() {
        // @formatter:off
        vmcs.set(EPT_POINTER,                         GuestMemory.EPT_PML4 | EPT_WRITE_BACK_FOUR_LEVELS);
        vmcs.set(VIRTUAL_PROCESSOR_IDENTIFIER,        1);
        vmcs.set(MSR_BITMAPS_ADDRESS,                 GuestMemory.MSR_BITMAPS);
        vmcs.set(IO_BITMAP_A_ADDRESS,                 GuestMemory.IO_BITMAP_A);
        vmcs.set(IO_BITMAP_B_ADDRESS,                 GuestMemory.IO_BITMAP_B);
        vmcs.set(VIRTUAL_APIC_ADDRESS,                GuestMemory.VIRTUAL_APIC);
        vmcs.set(APIC_ACCESS_ADDRESS,                 GuestMemory.APIC_ACCESS);
        vmcs.set(POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, GuestMemory.POSTED_DESCRIPTOR);
        vmcs.set(VM_ENTRY_MSR_LOAD_ADDRESS,           GuestMemory.ENTRY_MSR_LOAD);
        vmcs.set(VM_EXIT_MSR_STORE_ADDRESS,           GuestMemory.EXIT_MSR_STORE);
        vmcs.set(VM_EXIT_MSR_LOAD_ADDRESS,            GuestMemory.EXIT_MSR_LOAD);
        vmcs.set(VMREAD_BITMAP_ADDRESS,               GuestMemory.VMREAD_BITMAP);
        vmcs.set(VMWRITE_BITMAP_ADDRESS,              GuestMemory.VMWRITE_BITMAP);
        vmcs.set(VMCS_LINK_POINTER,                   -1);
        // @formatter:on
    }

    private void fillHost() {
        vmcs.set(HOST_CR0, CR0);
        vmcs.set(HOST_CR3, GuestMemory.PML4);
        vmcs.set(HOST_CR4, Control.CR4_PAE | CR4_VMXE);
        vmcs.set(HOST_CS_SELECTOR, GuestMemory.CODE_SELECTOR);
        vmcs.set(HOST_SS_SELECTOR, GuestMemory.DATA_SELECTOR);
        vmcs.set(HOST_DS_SELECTOR, GuestMemory.DATA_SELECTOR);
        vmcs.set(HOST_TR_SELECTOR, GuestMemory.TSS_SELECTOR);
        vmcs.set(HOST_TR_BASE, GuestMemory.TSS);
        vmcs.set(HOST_GDTR_BASE, GuestMemory.GDT);
        vmcs.set(HOST_IDTR_BASE, GuestMemory.IDT);
        vmcs.set(HOST_RSP, GuestMemory.STACK_TOP);
        vmcs.set(HOST_IA32_PAT, RESET_PAT);
        vmcs.set(HOST_IA32_EFER, Control.EFER_LMA | Control.EFER_LME);
    }

    private void fillGuest() {
        vmcs.set(GUEST_CR0, CR0);
        vmcs.set(GUEST_CR3, GuestMemory.PML4);
        vmcs.set(GUEST_CR4, Control.CR4_PAE | CR4_VMXE);
        vmcs.set(GUEST_DR7, Control.DR7_FIXED);
        vmcs.set(GUEST_IA32_EFER, Control.EFER_LMA | Control.EFER_LME);
        vmcs.set(GUEST_IA32_PAT, RESET_PAT);
        privilege(vmcs, false);
        VmcsField[][] data = {
            {GUEST_DS_SELECTOR, GUEST_DS_BASE, GUEST_DS_LIMIT, GUEST_DS_ACCESS_RIGHTS},
            {GUEST_ES_SELECTOR, GUEST_ES_BASE, GUEST_ES_LIMIT, GUEST_ES_ACCESS_RIGHTS},
            {GUEST_FS_SELECTOR, GUEST_FS_BASE, GUEST_FS_LIMIT, GUEST_FS_ACCESS_RIGHTS},
            {GUEST_GS_SELECTOR, GUEST_GS_BASE, GUEST_GS_LIMIT, GUEST_GS_ACCESS_RIGHTS},
        };
        for (VmcsField[] fields : data) {
            segment(vmcs, fields, GuestMemory.USER_DATA_SELECTOR, USER_DATA);
        }
        vmcs.set(GUEST_LDTR_ACCESS_RIGHTS, UNUSABLE);
        vmcs.set(GUEST_TR_SELECTOR, GuestMemory.TSS_SELECTOR);
        vmcs.set(GUEST_TR_BASE, GuestMemory.TSS);
        vmcs.set(GUEST_TR_LIMIT, GuestMemory.TSS_LIMIT);
        vmcs.set(GUEST_TR_ACCESS_RIGHTS, BUSY_TSS);
        vmcs.set(GUEST_GDTR_BASE, GuestMemory.GDT);
        vmcs.set(GUEST_GDTR_LIMIT, GuestMemory.GDT_LIMIT);
        vmcs.set(GUEST_IDTR_BASE, GuestMemory.IDT);
        vmcs.set(GUEST_IDTR_LIMIT, GuestMemory.IDT_LIMIT);
        vmcs.set(GUEST_RSP, GuestMemory.STACK_TOP);
        vmcs.set(GUEST_RIP, GuestMemory.CODE);
        vmcs.set(GUEST_RFLAGS, 2);
    }

    /** Code and stack of privilege level 0 or 3. */
    static void privilege(Vmcs vmcs, boolean user) {
        VmcsField[] code = {GUEST_CS_SELECTOR, GUEST_CS_BASE, GUEST_CS_LIMIT, GUEST_CS_ACCESS_RIGHTS};
        VmcsField[] stack = {GUEST_SS_SELECTOR, GUEST_SS_BASE, GUEST_SS_LIMIT, GUEST_SS_ACCESS_RIGHTS};
        segment(
                vmcs,
                code,
                user ? GuestMemory.USER_CODE_SELECTOR : GuestMemory.CODE_SELECTOR,
                user ? USER_CODE_64 : CODE_64);
        segment(
                vmcs,
                stack,
                user ? GuestMemory.USER_DATA_SELECTOR : GuestMemory.DATA_SELECTOR,
                user ? USER_DATA : DATA);
    }

    private static void segment(Vmcs vmcs, VmcsField[] fields, int selector, int rights) {
        vmcs.set(fields[0], selector);
        vmcs.set(fields[1], 0);
        vmcs.set(fields[2], FLAT);
        vmcs.set(fields[3], rights);
    }
}

package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Control;
import dev.vtxray.vmx.capability.VmxCapabilities;
import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmxControl;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.List;

/** Fills vmcs01: the controls with which L0 runs L1, and the state in which it found the processor. */
final class Vmcs01 {
    /** Bits of CR0 and CR4 that VMX operation fixes and that L1 must not lose, though it may see them as 0. */
    static final long CR0_OWNED = Control.CR0_NE;

    static final long CR4_OWNED = 1 << 13;

    /** Bits of CR0 that software may not clear in VMX operation. */
    static final long CR0_FIXED = Control.CR0_PE | Control.CR0_PG | Control.CR0_NE;

    private static final int FEATURE_CONTROL = 0x3A;
    private static final int APIC_BASE = 0x1B;
    private static final int TSC_DEADLINE = 0x6E0;

    private final VirtualCpu v;
    private final Vmcs vmcs;
    private final VmxCapabilities vmx;
    private final HostMemory host;

    private Vmcs01(VirtualCpu v, HostMemory host) {
        this.v = v;
        this.vmcs = v.vmcs01;
        this.vmx = v.unit.capabilities();
        this.host = host;
    }

    /** Sets all of it. */
    static void set(VirtualCpu v, long eptp01, L0Options options, HostMemory host) {
        Vmcs01 filler = new Vmcs01(v, host);
        filler.controls(options);
        filler.vmcs.set(EPT_POINTER, eptp01);
        filler.vmcs.set(VIRTUAL_PROCESSOR_IDENTIFIER, VirtualCpu.VPID_01);
        filler.vmcs.set(VMCS_LINK_POINTER, VirtualCpu.NO_POINTER);
        filler.bitmaps(options);
        hostState(filler.vmcs);
        hostState(v.vmcs02);
        filler.guestState();
    }

    private void controls(L0Options options) {
        put(
                PIN_BASED_VM_EXEC_CONTROLS,
                ControlWord.PIN_BASED,
                PinControl.EXTERNAL_INTERRUPT_EXITING,
                PinControl.NMI_EXITING);
        put(
                PRIMARY_PROC_BASED_VM_EXEC_CONTROLS,
                ControlWord.PRIMARY_PROCESSOR_BASED,
                PrimaryControl.HLT_EXITING,
                PrimaryControl.UNCONDITIONAL_IO_EXITING,
                PrimaryControl.USE_MSR_BITMAPS,
                PrimaryControl.CR8_LOAD_EXITING,
                PrimaryControl.CR8_STORE_EXITING,
                PrimaryControl.ACTIVATE_SECONDARY_CONTROLS);
        put(
                SECONDARY_PROC_BASED_VM_EXEC_CONTROLS,
                ControlWord.SECONDARY_PROCESSOR_BASED,
                SecondaryControl.ENABLE_EPT,
                SecondaryControl.ENABLE_VPID,
                SecondaryControl.UNRESTRICTED_GUEST,
                SecondaryControl.ENABLE_RDTSCP,
                SecondaryControl.ENABLE_INVPCID);
        if (options.vmcsShadowing() && !vmx.supports(SecondaryControl.VMCS_SHADOWING)) {
            throw new IllegalArgumentException("L0 is to use VMCS shadowing, but profile "
                    + v.unit.profile().name() + " does not have it");
        }
        vmcs.set(
                PRIMARY_VM_EXIT_CONTROLS, MergeTable.exitControls() | vmx.allowed0(ControlWord.VM_EXIT) & 0xFFFF_FFFFL);
        put(
                VM_ENTRY_CONTROLS,
                ControlWord.VM_ENTRY,
                EntryControl.LOAD_DEBUG_CONTROLS,
                EntryControl.LOAD_IA32_EFER,
                EntryControl.LOAD_IA32_PAT);
        vmcs.set(CR0_GUEST_HOST_MASK, CR0_OWNED);
        vmcs.set(CR4_GUEST_HOST_MASK, CR4_OWNED);
    }

    private void put(VmcsField field, ControlWord word, VmxControl... wanted) {
        long value = vmx.allowed0(word) & 0xFFFF_FFFFL;
        for (VmxControl control : wanted) {
            if (vmx.supports(control)) {
                value |= control.mask() & 0xFFFF_FFFFL;
            }
        }
        vmcs.set(field, value);
    }

    /** MSRs that L1 must not reach in the hardware; VMREAD and VMWRITE bitmaps for shadowing. */
    private void bitmaps(L0Options options) {
        long msrs = host.allocate();
        vmcs.set(MSR_BITMAPS_ADDRESS, msrs);
        intercept(msrs, APIC_BASE);
        intercept(msrs, FEATURE_CONTROL);
        intercept(msrs, TSC_DEADLINE);
        for (int index = 0x480; index <= 0x493; index++) {
            intercept(msrs, index);
        }
        for (int index = 0x800; index <= 0xBFF; index++) {
            intercept(msrs, index);
        }
        long msrs02 = host.allocate();
        for (int offset = 0; offset < HostMemory.PAGE; offset += 8) {
            host.bytes().write64(msrs02 + offset, -1);
        }
        v.vmcs02.set(MSR_BITMAPS_ADDRESS, msrs02);
        if (options.vmcsShadowing()) {
            vmcs.set(VMREAD_BITMAP_ADDRESS, shadowBitmap(List.of(ShadowedFields.READ_ONLY, ShadowedFields.READ_WRITE)));
            vmcs.set(VMWRITE_BITMAP_ADDRESS, shadowBitmap(List.of(ShadowedFields.READ_WRITE)));
        }
    }

    private void intercept(long bitmap, int index) {
        for (int half = 0; half <= 0x800; half += 0x800) {
            long word = bitmap + half + (index >>> 5) * 4L;
            host.bytes().write32(word, host.bytes().read32(word) | 1 << index);
        }
    }

    private long shadowBitmap(List<List<VmcsField>> free) {
        long bitmap = host.allocate();
        for (int offset = 0; offset < HostMemory.PAGE; offset += 8) {
            host.bytes().write64(bitmap + offset, -1);
        }
        for (List<VmcsField> fields : free) {
            for (VmcsField field : fields) {
                if (!v.profile.vmx().fields().contains(field)) {
                    continue; // for L1 there is no such field, and L0 has to say so
                }
                allow(bitmap, field.encoding());
                if (field.width() == VmcsField.Width.BITS_64) {
                    allow(bitmap, field.encoding() + VmcsField.HIGH_ACCESS);
                }
            }
        }
        return bitmap;
    }

    private void allow(long bitmap, int encoding) {
        long word = bitmap + (encoding >>> 5) * 4L;
        host.bytes().write32(word, host.bytes().read32(word) & ~(1 << encoding));
    }

    /** Values that pass the checks; the host is Java, and no exit ever loads them. */
    private static void hostState(Vmcs vmcs) {
        vmcs.set(HOST_CR0, Control.CR0_PE | Control.CR0_PG | Control.CR0_NE | Control.CR0_WP | Control.CR0_ET);
        vmcs.set(HOST_CR4, Control.CR4_PAE | CR4_OWNED);
        vmcs.set(HOST_CS_SELECTOR, 0x08);
        vmcs.set(HOST_TR_SELECTOR, 0x10);
    }

    /** The processor as it was found, with what VMX operation fixes put in and hidden. */
    void guestState() {
        vmcs.set(CR0_READ_SHADOW, v.cpu.cr0);
        vmcs.set(CR4_READ_SHADOW, v.cpu.cr4);
        long ia32e = EntryControl.IA32E_MODE_GUEST.mask();
        long entry = vmcs.get(VM_ENTRY_CONTROLS) & ~ia32e;
        vmcs.set(VM_ENTRY_CONTROLS, v.cpu.longMode ? entry | ia32e : entry);
        v.unit.capture(vmcs);
        vmcs.set(GUEST_CR0, vmcs.get(GUEST_CR0) | CR0_OWNED);
        vmcs.set(GUEST_CR4, vmcs.get(GUEST_CR4) | CR4_OWNED);
        vmcs.set(GUEST_ACTIVITY_STATE, 0);
        if (v.cpu.activity == Activity.WAIT_FOR_SIPI) {
            v.waiting = true;
            v.waitsForSipi = true;
        }
        if (v.cpu.tr.selector == 0 && (vmcs.get32(GUEST_TR_ACCESS_RIGHTS) & 1 << 16) != 0) {
            // Software that has no task register yet; VM entry demands a busy TSS.
            vmcs.set(GUEST_TR_ACCESS_RIGHTS, 0x8B);
            vmcs.set(GUEST_TR_LIMIT, 0xFFFF);
        }
    }

    /** After an INIT of L1's processor. */
    static void recapture(VirtualCpu v, HostMemory host) {
        new Vmcs01(v, host).guestState();
    }
}

package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.List;

/**
 * The fields that L0 lets L1 access without an exit when it uses VMCS shadowing: those that a hypervisor touches at nearly
 * every exit. Facts: the shadow list of Linux 6.1's KVM.
 */
public final class ShadowedFields {
    /** VMREAD does not exit, VMWRITE does. */
    static final List<VmcsField> READ_ONLY = List.of(
            EXIT_REASON,
            VM_EXIT_INTERRUPTION_INFO,
            VM_EXIT_INTERRUPTION_ERROR_CODE,
            IDT_VECTORING_INFO,
            IDT_VECTORING_ERROR_CODE,
            VM_EXIT_INSTRUCTION_LENGTH,
            GUEST_CS_ACCESS_RIGHTS,
            GUEST_SS_ACCESS_RIGHTS,
            EXIT_QUALIFICATION,
            GUEST_LINEAR_ADDRESS,
            GUEST_PHYSICAL_ADDRESS);

    /** Neither VMREAD nor VMWRITE exits. */
    static final List<VmcsField> READ_WRITE = List.of(
            GUEST_INTERRUPT_STATUS,
            GUEST_PML_INDEX,
            HOST_FS_SELECTOR,
            HOST_GS_SELECTOR,
            PRIMARY_PROC_BASED_VM_EXEC_CONTROLS,
            PIN_BASED_VM_EXEC_CONTROLS,
            EXCEPTION_BITMAP,
            VM_ENTRY_EXCEPTION_ERROR_CODE,
            VM_ENTRY_INTERRUPTION_INFO,
            VM_ENTRY_INSTRUCTION_LENGTH,
            TPR_THRESHOLD,
            GUEST_INTERRUPTIBILITY_STATE,
            VMX_PREEMPTION_TIMER_VALUE,
            GUEST_RIP,
            GUEST_RSP,
            GUEST_CR0,
            GUEST_CR3,
            GUEST_CR4,
            GUEST_RFLAGS,
            CR0_GUEST_HOST_MASK,
            CR0_READ_SHADOW,
            CR4_READ_SHADOW,
            HOST_FS_BASE,
            HOST_GS_BASE);

    private ShadowedFields() {}

    /** Whether VMREAD of a field does not exit. */
    public static boolean readsFreely(VmcsField field) {
        return READ_ONLY.contains(field) || READ_WRITE.contains(field);
    }

    /** Whether VMWRITE of a field does not exit. */
    public static boolean writesFreely(VmcsField field) {
        return READ_WRITE.contains(field);
    }

    /** After a nested exit: what L1 will want to read. */
    static void copyToShadow(Vmcs vmcs12, Vmcs shadow) {
        READ_ONLY.forEach(field -> shadow.set(field, vmcs12.get(field)));
        READ_WRITE.forEach(field -> shadow.set(field, vmcs12.get(field)));
    }

    /** Before a nested entry, or when vmcs12 is put away: what L1 may have written. */
    static void copyFromShadow(Vmcs shadow, Vmcs vmcs12) {
        READ_WRITE.forEach(field -> vmcs12.set(field, shadow.get(field)));
    }
}

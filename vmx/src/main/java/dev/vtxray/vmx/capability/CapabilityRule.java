package dev.vtxray.vmx.capability;

import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmFunctionControl;
import dev.vtxray.vmx.control.VmxControl;
import java.util.List;

/**
 * One dependency between controls: a processor that offers {@code dependent} offers {@code prerequisite} too. The rules
 * say what makes a set of capabilities consistent, and what goes away together with a control that is taken out.
 *
 * <p>Most follow from the checks on VMX controls: without the prerequisite a VM entry with the dependent control could
 * never succeed. The rest are pairs that every measured processor has together.
 */
record CapabilityRule(VmxControl dependent, VmxControl prerequisite) {
    // @formatter:off
    static final List<CapabilityRule> ALL = List.of(
            rule(PinControl.VIRTUAL_NMIS,                                PinControl.NMI_EXITING),
            rule(PinControl.PROCESS_POSTED_INTERRUPTS,                   SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY),
            rule(PinControl.PROCESS_POSTED_INTERRUPTS,                   ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT),
            rule(PrimaryControl.NMI_WINDOW_EXITING,                      PinControl.VIRTUAL_NMIS),
            rule(SecondaryControl.VIRTUALIZE_X2APIC_MODE,                PrimaryControl.USE_TPR_SHADOW),
            rule(SecondaryControl.APIC_REGISTER_VIRTUALIZATION,          PrimaryControl.USE_TPR_SHADOW),
            rule(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY,            PrimaryControl.USE_TPR_SHADOW),
            rule(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY,            PinControl.EXTERNAL_INTERRUPT_EXITING),
            rule(SecondaryControl.UNRESTRICTED_GUEST,                    SecondaryControl.ENABLE_EPT),
            rule(SecondaryControl.ENABLE_PML,                            SecondaryControl.ENABLE_EPT),
            rule(SecondaryControl.MODE_BASED_EXECUTE_CONTROL,            SecondaryControl.ENABLE_EPT),
            rule(SecondaryControl.SUB_PAGE_WRITE_PERMISSIONS,            SecondaryControl.ENABLE_EPT),
            rule(SecondaryControl.INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES, SecondaryControl.ENABLE_EPT),
            rule(SecondaryControl.EPT_VIOLATION_VE,                      SecondaryControl.ENABLE_EPT),
            rule(SecondaryControl.EPT_VIOLATION_VE,                      SecondaryControl.ENABLE_VM_FUNCTIONS),
            rule(SecondaryControl.ENABLE_VM_FUNCTIONS,                   VmFunctionControl.EPTP_SWITCHING),
            rule(VmFunctionControl.EPTP_SWITCHING,                       SecondaryControl.ENABLE_VM_FUNCTIONS),
            rule(VmFunctionControl.EPTP_SWITCHING,                       SecondaryControl.ENABLE_EPT),
            rule(SecondaryControl.CONCEAL_VMX_FROM_PT,                   ExitControl.CONCEAL_VMX_FROM_PT),
            rule(ExitControl.CONCEAL_VMX_FROM_PT,                        EntryControl.CONCEAL_VMX_FROM_PT),
            rule(EntryControl.CONCEAL_VMX_FROM_PT,                       SecondaryControl.CONCEAL_VMX_FROM_PT),
            rule(ExitControl.CLEAR_IA32_BNDCFGS,                         EntryControl.LOAD_IA32_BNDCFGS),
            rule(EntryControl.LOAD_IA32_BNDCFGS,                         ExitControl.CLEAR_IA32_BNDCFGS),
            rule(ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE,            PinControl.ACTIVATE_VMX_PREEMPTION_TIMER));
    // @formatter:on

    private static CapabilityRule rule(VmxControl dependent, VmxControl prerequisite) {
        return new CapabilityRule(dependent, prerequisite);
    }

    /** The rule in words. */
    String text() {
        return "\"%s\" needs \"%s\"".formatted(dependent.manualName(), prerequisite.manualName());
    }
}

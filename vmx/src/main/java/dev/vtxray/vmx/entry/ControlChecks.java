package dev.vtxray.vmx.entry;

import static dev.vtxray.vmx.capability.EptVpidCapability.ACCESSED_AND_DIRTY;
import static dev.vtxray.vmx.capability.EptVpidCapability.SUPERVISOR_SHADOW_STACK;
import static dev.vtxray.vmx.control.ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT;
import static dev.vtxray.vmx.control.PinControl.EXTERNAL_INTERRUPT_EXITING;
import static dev.vtxray.vmx.control.PinControl.NMI_EXITING;
import static dev.vtxray.vmx.control.PinControl.PROCESS_POSTED_INTERRUPTS;
import static dev.vtxray.vmx.control.PinControl.VIRTUAL_NMIS;
import static dev.vtxray.vmx.control.PrimaryControl.ACTIVATE_SECONDARY_CONTROLS;
import static dev.vtxray.vmx.control.PrimaryControl.NMI_WINDOW_EXITING;
import static dev.vtxray.vmx.control.PrimaryControl.USE_IO_BITMAPS;
import static dev.vtxray.vmx.control.PrimaryControl.USE_MSR_BITMAPS;
import static dev.vtxray.vmx.control.PrimaryControl.USE_TPR_SHADOW;
import static dev.vtxray.vmx.control.SecondaryControl.APIC_REGISTER_VIRTUALIZATION;
import static dev.vtxray.vmx.control.SecondaryControl.ENABLE_EPT;
import static dev.vtxray.vmx.control.SecondaryControl.ENABLE_PML;
import static dev.vtxray.vmx.control.SecondaryControl.ENABLE_VM_FUNCTIONS;
import static dev.vtxray.vmx.control.SecondaryControl.ENABLE_VPID;
import static dev.vtxray.vmx.control.SecondaryControl.EPT_VIOLATION_VE;
import static dev.vtxray.vmx.control.SecondaryControl.MODE_BASED_EXECUTE_CONTROL;
import static dev.vtxray.vmx.control.SecondaryControl.UNRESTRICTED_GUEST;
import static dev.vtxray.vmx.control.SecondaryControl.USE_TSC_SCALING;
import static dev.vtxray.vmx.control.SecondaryControl.VIRTUALIZE_APIC_ACCESSES;
import static dev.vtxray.vmx.control.SecondaryControl.VIRTUALIZE_X2APIC_MODE;
import static dev.vtxray.vmx.control.SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY;
import static dev.vtxray.vmx.control.SecondaryControl.VMCS_SHADOWING;
import static dev.vtxray.vmx.control.VmFunctionControl.EPTP_SWITCHING;
import static dev.vtxray.vmx.entry.Condition.ALWAYS;
import static dev.vtxray.vmx.entry.Condition.that;
import static dev.vtxray.vmx.entry.Conditions.bitsAre0;
import static dev.vtxray.vmx.entry.Conditions.isNot0;
import static dev.vtxray.vmx.entry.Conditions.off;
import static dev.vtxray.vmx.entry.Conditions.on;
import static dev.vtxray.vmx.entry.Conditions.physicalAddress;
import static dev.vtxray.vmx.entry.Conditions.requiredControls;
import static dev.vtxray.vmx.entry.Conditions.supportedControls;
import static dev.vtxray.vmx.vmcs.VmcsField.APIC_ACCESS_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.CR3_TARGET_COUNT;
import static dev.vtxray.vmx.vmcs.VmcsField.EPTP_LIST_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.EPT_POINTER;
import static dev.vtxray.vmx.vmcs.VmcsField.IO_BITMAP_A_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.IO_BITMAP_B_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.MSR_BITMAPS_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.PML_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.POSTED_INTERRUPT_DESCRIPTOR_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.POSTED_INTERRUPT_NOTIFICATION_VECTOR;
import static dev.vtxray.vmx.vmcs.VmcsField.TPR_THRESHOLD;
import static dev.vtxray.vmx.vmcs.VmcsField.TSC_MULTIPLIER;
import static dev.vtxray.vmx.vmcs.VmcsField.VIRTUALIZATION_EXCEPTION_INFO_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.VIRTUAL_APIC_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.VIRTUAL_PROCESSOR_IDENTIFIER;
import static dev.vtxray.vmx.vmcs.VmcsField.VMREAD_BITMAP_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.VMWRITE_BITMAP_ADDRESS;
import static dev.vtxray.vmx.vmcs.VmcsField.VM_FUNCTION_CONTROLS;

import dev.vtxray.vmx.capability.EptVpidCapability;
import dev.vtxray.vmx.capability.VmxCapabilities;
import dev.vtxray.vmx.control.ControlWord;
import java.util.List;

/**
 * The checks on VM-execution control fields. SDM, VM Entries, Checks on VMX Controls.
 */
final class ControlChecks {
    private static final int VTPR = 0x80;

    private static final Condition CR3_TARGETS_EXIST = that(
            "there are no more CR3 targets than VMX_MISC[24:16] says",
            s -> s.get(CR3_TARGET_COUNT) <= s.vmx.cr3TargetCount(),
            CR3_TARGET_COUNT);
    private static final Condition EPT_MEMORY_TYPE_IS_SUPPORTED =
            that("the EPT memory type is supported", ControlChecks::isEptMemoryTypeSupported, EPT_POINTER);
    private static final Condition EPT_WALK_LENGTH_IS_SUPPORTED =
            that("the EPT page-walk length is supported", ControlChecks::isEptWalkLengthSupported, EPT_POINTER);
    private static final Condition VM_FUNCTIONS_ARE_SUPPORTED = that(
            "every VM function that is on is supported",
            s -> (s.get(VM_FUNCTION_CONTROLS) & ~s.vmx.msr(VmxCapabilities.VMX_VMFUNC)) == 0,
            VM_FUNCTION_CONTROLS);

    /** With virtualized APIC accesses a low VTPR exits after the entry instead. */
    private static final Condition VTPR_IS_COMPARED = on(USE_TPR_SHADOW)
            .and(off(VIRTUALIZE_APIC_ACCESSES))
            .and(off(VIRTUAL_INTERRUPT_DELIVERY))
            .and(that("the virtual-APIC page can be read", ControlChecks::isVirtualApicPageOk, VIRTUAL_APIC_ADDRESS));

    private static final Condition THRESHOLD_NOT_ABOVE_VTPR = that(
                    "bits 3:0 of TPR_THRESHOLD are not above bits 7:4 of VTPR",
                    s -> (s.get32(TPR_THRESHOLD) & 0xF)
                            <= (s.memory.read32(s.get(VIRTUAL_APIC_ADDRESS) + VTPR) >> 4 & 0xF),
                    TPR_THRESHOLD,
                    VIRTUAL_APIC_ADDRESS)
            .lookingOutsideVmcs();

    // @formatter:off
    static final List<VmEntryCheck> ROWS = List.of(
        check("CTRL-PIN-01",       ALWAYS,                          requiredControls(ControlWord.PIN_BASED)),
        check("CTRL-PIN-02",       ALWAYS,                          supportedControls(ControlWord.PIN_BASED)),
        check("CTRL-PROC-01",      ALWAYS,                          requiredControls(ControlWord.PRIMARY_PROCESSOR_BASED)),
        check("CTRL-PROC-02",      ALWAYS,                          supportedControls(ControlWord.PRIMARY_PROCESSOR_BASED)),
        check("CTRL-PROC2-01",     on(ACTIVATE_SECONDARY_CONTROLS), supportedControls(ControlWord.SECONDARY_PROCESSOR_BASED)),
        check("CTRL-CR3T-01",      ALWAYS,                          CR3_TARGETS_EXIST),

        check("CTRL-IOA-01a",      on(USE_IO_BITMAPS),              bitsAre0(IO_BITMAP_A_ADDRESS, 11, 0)),
        check("CTRL-IOA-01b",      on(USE_IO_BITMAPS),              physicalAddress(IO_BITMAP_A_ADDRESS)),
        check("CTRL-IOB-01a",      on(USE_IO_BITMAPS),              bitsAre0(IO_BITMAP_B_ADDRESS, 11, 0)),
        check("CTRL-IOB-01b",      on(USE_IO_BITMAPS),              physicalAddress(IO_BITMAP_B_ADDRESS)),
        check("CTRL-MSRBM-01a",    on(USE_MSR_BITMAPS),             bitsAre0(MSR_BITMAPS_ADDRESS, 11, 0)),
        check("CTRL-MSRBM-01b",    on(USE_MSR_BITMAPS),             physicalAddress(MSR_BITMAPS_ADDRESS)),

        check("CTRL-VAPIC-01a",    on(USE_TPR_SHADOW),              bitsAre0(VIRTUAL_APIC_ADDRESS, 11, 0)),
        check("CTRL-VAPIC-01b",    on(USE_TPR_SHADOW),              physicalAddress(VIRTUAL_APIC_ADDRESS)),
        check("CTRL-TPR-01",       on(USE_TPR_SHADOW).and(off(VIRTUAL_INTERRUPT_DELIVERY)), bitsAre0(TPR_THRESHOLD, 31, 4)),
        check("CTRL-TPR-02",       VTPR_IS_COMPARED,                THRESHOLD_NOT_ABOVE_VTPR),
        check("CTRL-NMI-01",       off(NMI_EXITING),                off(VIRTUAL_NMIS)),
        check("CTRL-NMI-02",       off(VIRTUAL_NMIS),               off(NMI_WINDOW_EXITING)),
        check("CTRL-APICACC-01a",  on(VIRTUALIZE_APIC_ACCESSES),    bitsAre0(APIC_ACCESS_ADDRESS, 11, 0)),
        check("CTRL-APICACC-01b",  on(VIRTUALIZE_APIC_ACCESSES),    physicalAddress(APIC_ACCESS_ADDRESS)),
        check("CTRL-APICV-01",     off(USE_TPR_SHADOW),             off(VIRTUALIZE_X2APIC_MODE)),
        check("CTRL-APICV-02",     off(USE_TPR_SHADOW),             off(APIC_REGISTER_VIRTUALIZATION)),
        check("CTRL-APICV-03",     off(USE_TPR_SHADOW),             off(VIRTUAL_INTERRUPT_DELIVERY)),
        check("CTRL-APICV-05",     on(VIRTUALIZE_X2APIC_MODE),      off(VIRTUALIZE_APIC_ACCESSES)),
        check("CTRL-APICV-06",     on(VIRTUAL_INTERRUPT_DELIVERY),  on(EXTERNAL_INTERRUPT_EXITING)),
        check("CTRL-PI-01",        on(PROCESS_POSTED_INTERRUPTS),   on(VIRTUAL_INTERRUPT_DELIVERY)),
        check("CTRL-PI-02",        on(PROCESS_POSTED_INTERRUPTS),   on(ACKNOWLEDGE_INTERRUPT_ON_EXIT)),
        check("CTRL-PI-03",        on(PROCESS_POSTED_INTERRUPTS),   bitsAre0(POSTED_INTERRUPT_NOTIFICATION_VECTOR, 15, 8)),
        check("CTRL-PI-04",        on(PROCESS_POSTED_INTERRUPTS),   bitsAre0(POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, 5, 0)),
        check("CTRL-PI-05",        on(PROCESS_POSTED_INTERRUPTS),   physicalAddress(POSTED_INTERRUPT_DESCRIPTOR_ADDRESS)),

        check("CTRL-VPID-01",      on(ENABLE_VPID),                 isNot0(VIRTUAL_PROCESSOR_IDENTIFIER)),
        check("CTRL-EPT-01",       on(ENABLE_EPT),                  EPT_MEMORY_TYPE_IS_SUPPORTED),
        check("CTRL-EPT-02",       on(ENABLE_EPT),                  EPT_WALK_LENGTH_IS_SUPPORTED),
        check("CTRL-EPT-03",       on(ENABLE_EPT),                  eptpBitNeeds(6, ACCESSED_AND_DIRTY)),
        check("CTRL-EPT-04",       on(ENABLE_EPT),                  eptpBitNeeds(7, SUPERVISOR_SHADOW_STACK)),
        check("CTRL-EPT-05",       on(ENABLE_EPT),                  bitsAre0(EPT_POINTER, 11, 8)),
        check("CTRL-EPT-06",       on(ENABLE_EPT),                  physicalAddress(EPT_POINTER)),
        check("CTRL-EPTDEP-01",    on(ENABLE_PML),                  on(ENABLE_EPT)),
        check("CTRL-EPTDEP-02",    on(UNRESTRICTED_GUEST),          on(ENABLE_EPT)),
        check("CTRL-EPTDEP-03",    on(MODE_BASED_EXECUTE_CONTROL),  on(ENABLE_EPT)),
        check("CTRL-PML-01a",      on(ENABLE_PML),                  bitsAre0(PML_ADDRESS, 11, 0)),
        check("CTRL-PML-01b",      on(ENABLE_PML),                  physicalAddress(PML_ADDRESS)),

        check("CTRL-VMFUNC-01",    on(ENABLE_VM_FUNCTIONS),         VM_FUNCTIONS_ARE_SUPPORTED),
        check("CTRL-VMFUNC-02",    on(EPTP_SWITCHING),              on(ENABLE_EPT)),
        check("CTRL-EPTPLIST-01a", on(EPTP_SWITCHING),              bitsAre0(EPTP_LIST_ADDRESS, 11, 0)),
        check("CTRL-EPTPLIST-01b", on(EPTP_SWITCHING),              physicalAddress(EPTP_LIST_ADDRESS)),
        check("CTRL-VMRD-01a",     on(VMCS_SHADOWING),              bitsAre0(VMREAD_BITMAP_ADDRESS, 11, 0)),
        check("CTRL-VMRD-01b",     on(VMCS_SHADOWING),              physicalAddress(VMREAD_BITMAP_ADDRESS)),
        check("CTRL-VMWR-01a",     on(VMCS_SHADOWING),              bitsAre0(VMWRITE_BITMAP_ADDRESS, 11, 0)),
        check("CTRL-VMWR-01b",     on(VMCS_SHADOWING),              physicalAddress(VMWRITE_BITMAP_ADDRESS)),
        check("CTRL-VE-01a",       on(EPT_VIOLATION_VE),            bitsAre0(VIRTUALIZATION_EXCEPTION_INFO_ADDRESS, 11, 0)),
        check("CTRL-VE-01b",       on(EPT_VIOLATION_VE),            physicalAddress(VIRTUALIZATION_EXCEPTION_INFO_ADDRESS)),
        check("CTRL-TSC-01",       on(USE_TSC_SCALING),             isNot0(TSC_MULTIPLIER)));
    // @formatter:on

    private ControlChecks() {}

    private static VmEntryCheck check(String id, Condition when, Condition must) {
        return new VmEntryCheck(id, CheckSection.EXECUTION_CONTROLS, EntryOutcome.INVALID_CONTROLS, when, must);
    }

    private static boolean isVirtualApicPageOk(EntryState s) {
        long address = s.get(VIRTUAL_APIC_ADDRESS);
        return (address & 0xFFF) == 0 && s.isPhysicalAddress(address);
    }

    private static boolean isEptMemoryTypeSupported(EntryState s) {
        return switch (s.get32(EPT_POINTER) & 7) {
            case 0 -> s.vmx.has(EptVpidCapability.UNCACHEABLE);
            case 6 -> s.vmx.has(EptVpidCapability.WRITE_BACK);
            default -> false;
        };
    }

    private static boolean isEptWalkLengthSupported(EntryState s) {
        return switch (s.get32(EPT_POINTER) >> 3 & 7) {
            case 3 -> s.vmx.has(EptVpidCapability.PAGE_WALK_LENGTH_4);
            case 4 -> s.vmx.has(EptVpidCapability.PAGE_WALK_LENGTH_5);
            default -> false;
        };
    }

    private static Condition eptpBitNeeds(int bit, EptVpidCapability capability) {
        return that(
                "bit %d of EPT_POINTER is 0, or the processor has %s".formatted(bit, capability),
                s -> (s.get(EPT_POINTER) >> bit & 1) == 0 || s.vmx.has(capability),
                EPT_POINTER);
    }
}

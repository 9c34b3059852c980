package dev.vtxray.vmx.capability;

import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.vmcs.VmcsRegionFormat;
import java.util.ArrayList;
import java.util.List;

/** Refuses capability MSRs that no processor could have. */
final class CapabilityConsistency {
    private static final long CR0_PE_NE_PG = 0x8000_0021L;
    private static final long CR4_VMXE = 0x2000;

    private final VmxCapabilities capabilities;
    private final List<String> problems = new ArrayList<>();

    private CapabilityConsistency(VmxCapabilities capabilities) {
        this.capabilities = capabilities;
    }

    static void require(VmxCapabilities capabilities) {
        CapabilityConsistency check = new CapabilityConsistency(capabilities);
        check.checkBasicInformation();
        check.checkFixedBits();
        for (ControlWord word : ControlWord.values()) {
            check.checkControlWord(word);
        }
        check.checkDependencies();
        check.checkEptAndVpid();
        if (!check.problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "VMX capabilities contradict themselves: " + String.join("; ", check.problems));
        }
    }

    private void checkBasicInformation() {
        long basic = capabilities.msr(VmxCapabilities.VMX_BASIC);
        int memoryType = (int) (basic >> 50) & 0xF;
        demand((basic & 0x8000_0000L) == 0, "MSR 480H has bit 31 set");
        demand(
                capabilities.regionSize() >= VmcsRegionFormat.SIZE && capabilities.regionSize() <= 4096,
                "MSR 480H gives a region size of %d bytes, which must be %d to 4096"
                        .formatted(capabilities.regionSize(), VmcsRegionFormat.SIZE));
        demand(memoryType == 0 || memoryType == 6, "MSR 480H gives memory type %d, not 0 or 6".formatted(memoryType));
        demand(
                capabilities.hasTrueControls(),
                "MSR 480H has bit 55 clear, but VTXray models only processors with TRUE MSRs");
    }

    private void checkFixedBits() {
        long cr0Fixed0 = capabilities.msr(VmxCapabilities.CR0_FIXED0);
        long cr4Fixed0 = capabilities.msr(VmxCapabilities.CR4_FIXED0);
        demand((cr0Fixed0 & ~capabilities.msr(VmxCapabilities.CR0_FIXED1)) == 0, "a CR0 bit is fixed to 1 and to 0");
        demand((cr4Fixed0 & ~capabilities.msr(VmxCapabilities.CR4_FIXED1)) == 0, "a CR4 bit is fixed to 1 and to 0");
        demand((cr0Fixed0 & CR0_PE_NE_PG) == CR0_PE_NE_PG, "MSR 486H does not fix CR0.PE, NE and PG to 1");
        demand((cr4Fixed0 & CR4_VMXE) != 0, "MSR 488H does not fix CR4.VMXE to 1");
    }

    private void checkControlWord(ControlWord word) {
        if (word == ControlWord.VM_FUNCTION) {
            return;
        }
        long plain = capabilities.msr(word.msr());
        long real = capabilities.msr(word.trueMsr());
        demand(
                ((int) plain & ~(int) (plain >>> 32)) == 0,
                "MSR %XH has a control that must be 1 and must be 0".formatted(word.msr()));
        demand(
                plain >>> 32 == real >>> 32,
                "MSRs %XH and %XH disagree about what may be 1".formatted(word.msr(), word.trueMsr()));
        demand(
                ((int) real & ~(int) plain) == 0,
                "MSR %XH forces a control to 1 that MSR %XH leaves free".formatted(word.trueMsr(), word.msr()));
    }

    private void checkDependencies() {
        for (CapabilityRule rule : CapabilityRule.ALL) {
            demand(!capabilities.supports(rule.dependent()) || capabilities.supports(rule.prerequisite()), rule.text());
        }
        demand(
                capabilities.supports(PrimaryControl.ACTIVATE_SECONDARY_CONTROLS)
                        || capabilities.allowed1(ControlWord.SECONDARY_PROCESSOR_BASED) == 0,
                "MSR 48BH offers controls although \"activate secondary controls\" is not supported");
        demand(
                !capabilities.supports(SecondaryControl.UNRESTRICTED_GUEST) || capabilities.exitsStoreEferLma(),
                "\"unrestricted guest\" needs VMX_MISC[5]");
        demand(
                !capabilities.supports(SecondaryControl.CONCEAL_VMX_FROM_PT)
                        || (capabilities.msr(VmxCapabilities.VMX_MISC) & 1 << 14) != 0,
                "\"conceal VMX from PT\" needs VMX_MISC[14]");
        demand(
                !capabilities.supports(PrimaryControl.ACTIVATE_TERTIARY_CONTROLS),
                "\"activate tertiary controls\" is offered, which VTXray does not have");
        demand(
                !capabilities.supports(ExitControl.ACTIVATE_SECONDARY_CONTROLS),
                "\"activate secondary controls\" of VM exits is offered, which VTXray does not have");
    }

    private void checkEptAndVpid() {
        if (capabilities.supports(SecondaryControl.ENABLE_EPT)) {
            demand(
                    capabilities.has(EptVpidCapability.PAGE_WALK_LENGTH_4)
                            || capabilities.has(EptVpidCapability.PAGE_WALK_LENGTH_5),
                    "EPT is offered with no page-walk length");
            demand(
                    capabilities.has(EptVpidCapability.WRITE_BACK) || capabilities.has(EptVpidCapability.UNCACHEABLE),
                    "EPT is offered with no memory type");
        }
        demand(
                !capabilities.supports(SecondaryControl.ENABLE_PML)
                        || capabilities.has(EptVpidCapability.ACCESSED_AND_DIRTY),
                "\"enable PML\" needs accessed and dirty flags for EPT");
        demand(
                !capabilities.supports(SecondaryControl.MODE_BASED_EXECUTE_CONTROL)
                        || capabilities.has(EptVpidCapability.ADVANCED_EXIT_INFORMATION),
                "\"mode-based execute control for EPT\" needs advanced exit information");
        demand(
                capabilities.supports(SecondaryControl.ENABLE_EPT) || !capabilities.has(EptVpidCapability.INVEPT),
                "INVEPT is offered without EPT");
        demand(
                capabilities.supports(SecondaryControl.ENABLE_VPID) || !capabilities.has(EptVpidCapability.INVVPID),
                "INVVPID is offered without VPID");
    }

    private void demand(boolean holds, String problem) {
        if (!holds) {
            problems.add(problem);
        }
    }
}

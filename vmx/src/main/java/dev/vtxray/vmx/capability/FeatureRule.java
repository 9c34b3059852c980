package dev.vtxray.vmx.capability;

import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmxControl;
import java.util.List;

/** One dependency of a control on a CPU feature: without the feature there is nothing to control. */
record FeatureRule(VmxControl control, CpuFeature feature) {
    // @formatter:off
    static final List<FeatureRule> ALL = List.of(
            new FeatureRule(SecondaryControl.ENABLE_RDTSCP,                          CpuFeature.RDTSCP),
            new FeatureRule(SecondaryControl.VIRTUALIZE_X2APIC_MODE,                 CpuFeature.X2APIC),
            new FeatureRule(SecondaryControl.RDRAND_EXITING,                         CpuFeature.RDRAND),
            new FeatureRule(SecondaryControl.ENABLE_INVPCID,                         CpuFeature.INVPCID),
            new FeatureRule(SecondaryControl.ENABLE_ENCLS_EXITING,                   CpuFeature.SGX),
            new FeatureRule(SecondaryControl.RDSEED_EXITING,                         CpuFeature.RDSEED),
            new FeatureRule(SecondaryControl.CONCEAL_VMX_FROM_PT,                    CpuFeature.INTEL_PT),
            new FeatureRule(SecondaryControl.ENABLE_XSAVES_XRSTORS,                  CpuFeature.XSAVES),
            new FeatureRule(SecondaryControl.INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES, CpuFeature.INTEL_PT),
            new FeatureRule(EntryControl.LOAD_IA32_BNDCFGS,                          CpuFeature.MPX));
    // @formatter:on
}

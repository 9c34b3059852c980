package dev.vtxray.vmx.capability;

import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmxControl;
import java.util.Arrays;

/**
 * Cuts a profile down to what VTXray carries out: software must never be offered a feature that does nothing. A feature
 * leaves these lists when it is built.
 */
public final class ImplementedFeatures {
    // @formatter:off
    private static final CpuFeature[] NOT_YET = {
        CpuFeature.FPU, CpuFeature.MMX, CpuFeature.FXSR, CpuFeature.SSE, CpuFeature.SSE2, CpuFeature.SSE3,
        CpuFeature.PCLMULQDQ, CpuFeature.SSSE3, CpuFeature.FMA, CpuFeature.SSE4_1, CpuFeature.SSE4_2, CpuFeature.AES,
        CpuFeature.XSAVE, CpuFeature.AVX, CpuFeature.F16C, CpuFeature.AVX2, CpuFeature.AVX512F, CpuFeature.AVX512DQ,
        CpuFeature.AVX512CD, CpuFeature.AVX512BW, CpuFeature.AVX512VL, CpuFeature.XSAVEOPT, CpuFeature.XSAVEC,
        CpuFeature.XGETBV_ECX1, CpuFeature.XSAVES, CpuFeature.BMI1, CpuFeature.BMI2, CpuFeature.ADX,
        CpuFeature.VME, CpuFeature.DE, CpuFeature.DS, CpuFeature.DTES64, CpuFeature.DS_CPL, CpuFeature.PDCM,
        CpuFeature.SMX, CpuFeature.SGX, CpuFeature.HLE, CpuFeature.RTM, CpuFeature.MPX, CpuFeature.INTEL_PT,
        CpuFeature.PCID, CpuFeature.SMAP, CpuFeature.UMIP, CpuFeature.PKU, CpuFeature.LA57, CpuFeature.PQM,
        CpuFeature.PQE, CpuFeature.CLFLUSHOPT, CpuFeature.CLWB,
    };

    private static final VmxControl[] CONTROLS_NOT_YET = {
        SecondaryControl.PAUSE_LOOP_EXITING, SecondaryControl.ENABLE_VM_FUNCTIONS,
        SecondaryControl.ENABLE_ENCLS_EXITING, SecondaryControl.ENABLE_PML, SecondaryControl.EPT_VIOLATION_VE,
        SecondaryControl.CONCEAL_VMX_FROM_PT, SecondaryControl.ENABLE_XSAVES_XRSTORS,
        SecondaryControl.MODE_BASED_EXECUTE_CONTROL, SecondaryControl.SUB_PAGE_WRITE_PERMISSIONS,
        SecondaryControl.INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES, SecondaryControl.USE_TSC_SCALING,
        ExitControl.LOAD_IA32_PERF_GLOBAL_CTRL, ExitControl.CLEAR_IA32_BNDCFGS, ExitControl.CONCEAL_VMX_FROM_PT,
        EntryControl.LOAD_IA32_PERF_GLOBAL_CTRL, EntryControl.LOAD_IA32_BNDCFGS, EntryControl.CONCEAL_VMX_FROM_PT,
    };

    /** The controls that make up APICv, to be hidden together. */
    private static final VmxControl[] APICV = {
        SecondaryControl.APIC_REGISTER_VIRTUALIZATION, SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY,
        PinControl.PROCESS_POSTED_INTERRUPTS,
    };
    // @formatter:on

    private ImplementedFeatures() {}

    /** The part of {@code profile} that is carried out. */
    public static CpuProfile of(CpuProfile profile) {
        VmxCapabilities vmx = profile.vmx()
                .without(supported(profile.vmx(), CONTROLS_NOT_YET))
                .without(EptVpidCapability.ADVANCED_EXIT_INFORMATION);
        CpuFeature[] present = Arrays.stream(NOT_YET).filter(profile::has).toArray(CpuFeature[]::new);
        return profile.with(vmx).without(present);
    }

    /** The profile with APICv hidden. */
    public static CpuProfile withoutApicv(CpuProfile profile) {
        return profile.with(profile.vmx().without(supported(profile.vmx(), APICV)));
    }

    /** The profile with VMCS shadowing hidden. */
    public static CpuProfile withoutVmcsShadowing(CpuProfile profile) {
        return profile.with(profile.vmx().without(supported(profile.vmx(), SecondaryControl.VMCS_SHADOWING)));
    }

    private static VmxControl[] supported(VmxCapabilities vmx, VmxControl... controls) {
        return Arrays.stream(controls).filter(vmx::supports).toArray(VmxControl[]::new);
    }
}

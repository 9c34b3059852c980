package dev.vtxray.vmx.capability;

import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmxControl;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model of processor, as data: what CPUID enumerates, what VMX can do, and which bits its MSRs accept. Immutable.
 *
 * <p>Profiles come from resource files, see {@link #named}; {@link #without(CpuFeature...)} and
 * {@link #with(VmxCapabilities)} make variants.
 */
public final class CpuProfile {
    private static final long CR4_PCE = 1 << 8;

    private final Identity identity;
    private final MsrMasks masks;
    private final Set<CpuFeature> features;
    private final VmxCapabilities vmx;
    /** Follows from the rest, so it does not matter who computes it first, or whether several do. */
    private volatile @Nullable CpuProfile implemented;

    /** Who the processor says it is, and its constants. */
    record Identity(
            String name,
            String brand,
            int signature,
            int physicalAddressWidth,
            int linearAddressWidth,
            long tscKilohertz) {}

    /** The bits that WRMSR, and so VM entry, accept in MSRs that differ between processors. */
    record MsrMasks(long efer, long debugctl, long perfGlobalCtrl) {}

    CpuProfile(Identity identity, MsrMasks masks, Set<CpuFeature> features, VmxCapabilities vmx) {
        this.identity = identity;
        this.masks = masks;
        this.features = Collections.unmodifiableSet(EnumSet.copyOf(features));
        this.vmx = vmx;
        requireConsistency();
    }

    /**
     * The profile that VTXray has under this name.
     *
     * @throws IllegalArgumentException if there is none; the message lists the known names
     */
    public static CpuProfile named(String name) {
        return KnownProfiles.named(name);
    }

    /** Cut down to what VTXray carries out: see {@link ImplementedFeatures}. */
    public CpuProfile implemented() {
        CpuProfile known = implemented;
        if (known == null) {
            known = ImplementedFeatures.of(this);
            implemented = known;
        }
        return known;
    }

    /** The names that {@link #named} knows, oldest processor first. */
    public static List<String> names() {
        return CpuProfileFile.NAMES;
    }

    public String name() {
        return identity.name();
    }

    /** The brand string that CPUID leaves 80000002H to 80000004H give, at most 47 characters. */
    public String brand() {
        return identity.brand();
    }

    /** Stepping, model and family: EAX of CPUID leaf 1. */
    public int signature() {
        return identity.signature();
    }

    /** MAXPHYADDR, in bits. */
    public int physicalAddressWidth() {
        return identity.physicalAddressWidth();
    }

    /** The width of linear addresses, in bits: 48, or 57 with 5-level paging. */
    public int linearAddressWidth() {
        return identity.linearAddressWidth();
    }

    /** How often the time-stamp counter counts per millisecond. */
    public long tscKilohertz() {
        return identity.tscKilohertz();
    }

    /** How often the time-stamp counter counts per nanosecond, such as 2.7. */
    public double tscCyclesPerNanosecond() {
        return tscKilohertz() / 1e6;
    }

    public Set<CpuFeature> features() {
        return features;
    }

    public boolean has(CpuFeature feature) {
        return features.contains(feature);
    }

    /** The feature bits in this register of CPUID. */
    public int cpuid(CpuidWord word) {
        int value = 0;
        for (CpuFeature feature : features) {
            if (feature.word() == word) {
                value |= feature.mask();
            }
        }
        return value;
    }

    public VmxCapabilities vmx() {
        return vmx;
    }

    /** Whether it has APICv in the strict sense: APIC-register virtualization and virtual-interrupt delivery. */
    public boolean hasApicv() {
        return vmx.supports(SecondaryControl.APIC_REGISTER_VIRTUALIZATION)
                && vmx.supports(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY);
    }

    /** The bits of IA32_EFER that can be 1. */
    public long eferMask() {
        return masks.efer();
    }

    /** The bits of IA32_DEBUGCTL that can be 1. */
    public long debugctlMask() {
        return masks.debugctl();
    }

    /** The bits of IA32_PERF_GLOBAL_CTRL that can be 1. */
    public long perfGlobalCtrlMask() {
        return masks.perfGlobalCtrl();
    }

    /** This processor with other VMX capabilities. */
    public CpuProfile with(VmxCapabilities other) {
        return new CpuProfile(identity, masks, features, other);
    }

    /** This processor under another name. */
    public CpuProfile renamed(String name, String brand) {
        Identity other =
                new Identity(name, brand, signature(), physicalAddressWidth(), linearAddressWidth(), tscKilohertz());
        return new CpuProfile(other, masks, features, vmx);
    }

    /** This processor without some features, without the CR4 bits that come with them, and without their controls. */
    public CpuProfile without(CpuFeature... removed) {
        Set<CpuFeature> rest = EnumSet.copyOf(features);
        rest.removeAll(Arrays.asList(removed));
        List<VmxControl> controls = new ArrayList<>();
        for (FeatureRule rule : FeatureRule.ALL) {
            if (!rest.contains(rule.feature())) {
                controls.add(rule.control());
            }
        }
        VmxCapabilities capabilities =
                vmx.without(controls.toArray(VmxControl[]::new)).withCr4Fixed1(cr4Bits(rest));
        return new CpuProfile(identity, masks, rest, capabilities);
    }

    private void requireConsistency() {
        List<String> problems = new ArrayList<>();
        if (vmx.msr(VmxCapabilities.CR4_FIXED1) != cr4Bits(features)) {
            problems.add("IA32_VMX_CR4_FIXED1 is %08XH, but the features give CR4 the bits %08XH"
                    .formatted(vmx.msr(VmxCapabilities.CR4_FIXED1), cr4Bits(features)));
        }
        for (FeatureRule rule : FeatureRule.ALL) {
            if (vmx.supports(rule.control()) && !has(rule.feature())) {
                problems.add("\"%s\" needs feature %s".formatted(rule.control().manualName(), rule.feature()));
            }
        }
        if (physicalAddressWidth() < 36 || physicalAddressWidth() > 52) {
            problems.add("physical-address width is %d, not 36 to 52".formatted(physicalAddressWidth()));
        }
        if (linearAddressWidth() != (has(CpuFeature.LA57) ? 57 : 48)) {
            problems.add(
                    "linear-address width is %d, which is 57 with LA57 and else 48".formatted(linearAddressWidth()));
        }
        if (brand().length() > 47) {
            problems.add("brand string \"%s\" is longer than 47 characters".formatted(brand()));
        }
        if (tscKilohertz() <= 0) {
            problems.add("TSC frequency is %d kHz".formatted(tscKilohertz()));
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("CPU profile %s: %s".formatted(name(), String.join("; ", problems)));
        }
    }

    /** The bits of CR4 that these features allow; PCE comes with the performance counters that all processors have. */
    private static long cr4Bits(Set<CpuFeature> features) {
        long bits = CR4_PCE;
        for (CpuFeature feature : features) {
            bits |= feature.cr4Bits();
        }
        return bits;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof CpuProfile profile
                && identity.equals(profile.identity)
                && masks.equals(profile.masks)
                && features.equals(profile.features)
                && vmx.equals(profile.vmx);
    }

    @Override
    public int hashCode() {
        return identity.hashCode();
    }

    @Override
    public String toString() {
        return name();
    }
}

package dev.vtxray.testkit.experiment;

import dev.vtxray.testkit.hypervisor.HandlerProfile;
import java.util.OptionalInt;

/**
 * What one row of the table is run with.
 *
 * @param cpu the name of the CPU profile
 * @param profile the handler of L1
 * @param shadowing whether L0 uses VMCS shadowing for L1
 * @param apicv whether L0 gives APICv to L1, which then uses it for L2
 */
public record ExperimentSetting(String cpu, HandlerProfile profile, boolean shadowing, boolean apicv) {
    private static final int REFLECTED_OFF = 4;
    private static final int REFLECTED_ON = 1;
    private static final int WORLD_SWITCHES = 2;

    public ExperimentSetting withApicv(boolean on) {
        return new ExperimentSetting(cpu, profile, shadowing, on);
    }

    /** Whether two settings differ in nothing but APICv. */
    public boolean sameButApicv(ExperimentSetting other) {
        return withApicv(true).equals(other.withApicv(true));
    }

    /**
     * The reflected instruction exits per IPI, as derived before any run: reads of ICR low, writes of ICR high and low,
     * and of EOI; with APICv only the write of ICR low.
     */
    public int expectedReflectedPerIpi() {
        return apicv ? REFLECTED_ON : REFLECTED_OFF;
    }

    /**
     * The L0 exits that those cause, as derived before any run: each the exit of L2, the VMRESUME of L1, and its VMREADs
     * and VMWRITEs. Shadowing takes the latter off where all fields are shadowed; empty where they are not.
     */
    public OptionalInt expectedL0ExitsPerIpi() {
        if (shadowing && profile == HandlerProfile.P_HAXM) {
            return OptionalInt.empty();
        }
        int vmcsAccesses = shadowing ? 0 : profile.reads() + profile.writes();
        return OptionalInt.of(expectedReflectedPerIpi() * (WORLD_SWITCHES + vmcsAccesses));
    }

    /** The CPU and the profile in words, such as {@code haswell-ep with VMCS shadowing, P-kvm}. */
    public String label() {
        return cpu + (shadowing ? " with VMCS shadowing, " : ", ") + profile.label();
    }
}

package dev.vtxray.testkit.experiment;

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

    /** The L0 exits that those cause, as derived before any run. */
    public int expectedL0ExitsPerIpi() {
        return expectedReflectedPerIpi() * profile.l0ExitsPerNestedExit(shadowing);
    }

    /** The CPU and the profile in words, such as {@code haswell-ep with VMCS shadowing, P-kvm}. */
    public String label() {
        return cpu + (shadowing ? " with VMCS shadowing, " : ", ") + profile.label();
    }
}

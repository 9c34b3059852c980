package dev.vtxray.testkit.experiment;

import java.util.Arrays;
import java.util.stream.Collectors;

/** How many VMREADs and VMWRITEs the exit handler of L1 executes for each exit. */
public enum HandlerProfile {
    // @formatter:off
    /** The lower bound. */
    P_MIN( "P-min",   0,  0),
    /** As measured for KVM as L1. */
    P_KVM( "P-kvm",   8,  4),
    /** As measured for HAXM as L1. */
    P_HAXM("P-haxm", 33, 22);
    // @formatter:on

    /** The exit of L2, and the VMRESUME of L1. */
    private static final int WORLD_SWITCHES = 2;

    private final String label;
    private final int vmreads;
    private final int vmwrites;

    HandlerProfile(String label, int vmreads, int vmwrites) {
        this.label = label;
        this.vmreads = vmreads;
        this.vmwrites = vmwrites;
    }

    /**
     * The profile with this label, such as {@code P-kvm}.
     *
     * @throws IllegalArgumentException if there is none; the message lists the known ones
     */
    public static HandlerProfile named(String label) {
        for (HandlerProfile profile : values()) {
            if (profile.label.equalsIgnoreCase(label)) {
                return profile;
            }
        }
        throw new IllegalArgumentException(
                "unknown handler profile \"%s\"; known are %s".formatted(label, labels()));
    }

    private static String labels() {
        return Arrays.stream(values()).map(HandlerProfile::label).collect(Collectors.joining(", "));
    }

    public String label() {
        return label;
    }

    public int vmreads() {
        return vmreads;
    }

    public int vmwrites() {
        return vmwrites;
    }

    /** E0: the L0 exits that one nested exit causes if each VMREAD and VMWRITE exits, and if VMCS shadowing takes all. */
    public int l0ExitsPerNestedExit(boolean shadowing) {
        return shadowing ? WORLD_SWITCHES : WORLD_SWITCHES + vmreads + vmwrites;
    }
}

package dev.vtxray.testkit.experiment;

/**
 * Exits of L1 to L0 for its own local APIC and its own HLT, over all rounds. They are never reflected.
 *
 * @param kick accesses with which L1 kicks the other CPU (k)
 * @param eoi EOIs of L1 for that kick (e)
 * @param halt HLTs of L1 while it waits (h)
 */
public record OwnApicWork(long kick, long eoi, long halt) {
    public static final OwnApicWork NONE = new OwnApicWork(0, 0, 0);

    public OwnApicWork {
        if (kick < 0 || eoi < 0 || halt < 0) {
            throw new IllegalArgumentException("counts are not negative: %d, %d, %d".formatted(kick, eoi, halt));
        }
    }

    /** k + e + h. */
    public long total() {
        return kick + eoi + halt;
    }
}

package dev.vtxray.testkit.experiment;

import dev.vtxray.vmx.control.ExitReason;
import java.util.Map;

/**
 * What was counted in a scenario with APICv off or on, over all rounds.
 *
 * @param nestedExits exits from L2 to L1 by reason, reflected ones and those that an event caused
 * @param l0Exits all hardware exits, those of the own work of L1 included
 * @param ownWork what L1 did for its own APIC
 * @param virtualizedAccesses APIC accesses of L2 that APICv completed without an exit
 */
public record ScenarioCounts(
        Map<ExitReason, Long> nestedExits, long l0Exits, OwnApicWork ownWork, long virtualizedAccesses) {
    public ScenarioCounts {
        nestedExits = ExitsByReason.copyOf(nestedExits);
        if (l0Exits < 0 || virtualizedAccesses < 0) {
            throw new IllegalArgumentException(
                    "counts are not negative: %d L0 exits, %d accesses".formatted(l0Exits, virtualizedAccesses));
        }
    }

    /** All nested exits. */
    public long nestedTotal() {
        return ExitsByReason.sum(nestedExits);
    }
}

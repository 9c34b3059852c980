package dev.vtxray.testkit.experiment;

import dev.vtxray.vmx.control.ExitReason;
import java.util.List;
import java.util.Map;

/**
 * What was counted with one setting.
 *
 * @param rounds how many IPIs were sent
 * @param reflectedExits instruction exits of L2 reflected to L1, over all rounds
 * @param l0Exits the L0 exits that those caused, themselves included, over all rounds
 * @param exits all hardware exits by level and reason
 * @param deliverySide nested exits on the delivery side (external interrupts, windows, HLT), over all rounds: in none of
 *     the two numbers above
 * @param ownWork what L1 did for its own APIC: in none of the two numbers above
 */
public record ExperimentRow(
        ExperimentSetting setting,
        long rounds,
        long reflectedExits,
        long l0Exits,
        List<ExitCount> exits,
        Map<ExitReason, Long> deliverySide,
        OwnApicWork ownWork) {
    public ExperimentRow {
        if (rounds < 1) {
            throw new IllegalArgumentException("a row has at least 1 round, not " + rounds);
        }
        exits = List.copyOf(exits);
        deliverySide = ExitsByReason.copyOf(deliverySide);
    }

    public Ratio reflectedPerIpi() {
        return new Ratio(reflectedExits, rounds);
    }

    public Ratio l0ExitsPerIpi() {
        return new Ratio(l0Exits, rounds);
    }

    /** Whether both numbers are exactly those expected, where there is an expectation. */
    public boolean isAsExpected() {
        return reflectedPerIpi().equals(Ratio.of(setting.expectedReflectedPerIpi()))
                && (setting.expectedL0ExitsPerIpi().isEmpty()
                        || l0ExitsPerIpi()
                                .equals(Ratio.of(setting.expectedL0ExitsPerIpi().getAsInt())));
    }
}

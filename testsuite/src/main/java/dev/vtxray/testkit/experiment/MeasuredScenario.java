package dev.vtxray.testkit.experiment;

/**
 * One scenario as measured.
 *
 * @param rounds how many IPIs were sent in each of the two runs
 */
public record MeasuredScenario(Scenario scenario, long rounds, ScenarioCounts off, ScenarioCounts on) {
    public MeasuredScenario {
        if (rounds < 1) {
            throw new IllegalArgumentException(
                    "scenario %s has at least 1 round, not %d".formatted(scenario.row(), rounds));
        }
    }
}

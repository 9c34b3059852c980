package dev.vtxray.testkit.experiment;

import java.util.List;

/**
 * What the virtual APICv experiment found.
 *
 * @param rows the table, APICv off before on
 * @param syncTime the scenarios; empty if they were not asked for
 * @param lanes pictures of one IPI, before and after
 * @param topology the machine
 */
public record ExperimentReport(
        List<ExperimentRow> rows, List<ScenarioResult> syncTime, List<SwimLane> lanes, Topology topology) {
    public ExperimentReport {
        rows = List.copyOf(rows);
        syncTime = List.copyOf(syncTime);
        lanes = List.copyOf(lanes);
    }

    /** Whether every count is exactly the one expected and every modelled time is near enough. */
    public boolean isAsExpected() {
        return rows.stream().allMatch(ExperimentRow::isAsExpected)
                && syncTime.stream().allMatch(result -> result.countsAreAsExpected() && result.timeIsAsExpected());
    }
}

package dev.vtxray.testkit.report;

import dev.vtxray.testkit.experiment.ExperimentReport;
import dev.vtxray.testkit.experiment.ExperimentRow;
import dev.vtxray.testkit.experiment.PaperReading;
import dev.vtxray.testkit.experiment.ScenarioResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The report for a terminal: the table, the scenarios, and the verdict, in plain text. */
public final class TextTable {
    private static final String COLUMNS_APART = "   ";

    private final List<List<String>> rows = new ArrayList<>();

    private TextTable(String... header) {
        rows.add(List.of(header));
    }

    /** The whole report, ending in a line break. */
    public static String of(ExperimentReport report) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT, "Virtual APICv: exits per IPI over %,d IPIs, APICv off → on\n", rounds(report)));
        text.append('\n').append(rowTable(report));
        if (!report.syncTime().isEmpty()) {
            text.append("\nSynchronization time by scenario (ivybridge-ep, P-kvm), modelled from the counts\n\n")
                    .append(scenarioTable(report))
                    .append('\n')
                    .append(paper(new PaperReading(report.syncTime())));
        }
        return text.toString();
    }

    private static TextTable rowTable(ExperimentReport report) {
        TextTable table = new TextTable("CPU, profile", "reflected", "L0 exits", "against expectation");
        for (RowPair pair : RowPair.of(report.rows())) {
            String verdict = pair.isAsExpected()
                    ? "exactly equal"
                    : "differs: expected %s and %s".formatted(pair.expectedReflected(), pair.expectedL0Exits());
            table.add(pair.label(), pair.reflected(), pair.l0Exits(), verdict);
        }
        return table;
    }

    private static TextTable scenarioTable(ExperimentReport report) {
        TextTable table = new TextTable(
                "scenario", "nested exits", "by count", "L0 exits", "time", "expected", "counts against expectation");
        for (ScenarioResult result : report.syncTime()) {
            table.add(
                    result.scenario().row(),
                    result.nestedOffPerIpi() + " → " + result.nestedOnPerIpi(),
                    Numbers.reduction(result.reductionByCountPercent()),
                    result.l0ExitsOffPerIpi() + " → " + result.l0ExitsOnPerIpi(),
                    Numbers.reduction(result.reductionPercent().value()),
                    "−%d %%".formatted(result.expected().timePercent()),
                    result.countsAreAsExpected() ? "exactly equal" : "differ");
        }
        return table;
    }

    private static String paper(PaperReading reading) {
        return reading.timeSpan()
                .map(span -> String.format(
                        Locale.ROOT,
                        "The paper measured −%.0f %%: %s the interval of scenarios 1 to 4, −%.1f … −%.1f %%.\n",
                        PaperReading.MEASURED_PERCENT,
                        reading.isInside() ? "inside" : "outside",
                        span.low(),
                        span.high()))
                .orElse("");
    }

    private static long rounds(ExperimentReport report) {
        return report.rows().stream().mapToLong(ExperimentRow::rounds).max().orElse(0);
    }

    private void add(String... cells) {
        rows.add(List.of(cells));
    }

    /** Every column as wide as its widest cell. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.size(); i++) {
                int column = i;
                int width = rows.stream()
                        .mapToInt(each -> each.get(column).length())
                        .max()
                        .orElse(0);
                line.append(row.get(i))
                        .append(" ".repeat(width - row.get(i).length()))
                        .append(COLUMNS_APART);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}

package dev.vtxray.testkit.report;

import dev.vtxray.testkit.experiment.Estimate;
import dev.vtxray.testkit.experiment.ExperimentReport;
import dev.vtxray.testkit.experiment.PaperReading;
import dev.vtxray.testkit.experiment.ScenarioResult;
import dev.vtxray.testkit.experiment.SyncTimeModel;
import dev.vtxray.testkit.experiment.Topology;
import java.util.List;
import java.util.Locale;

/** The scenarios of the synchronization time, and how the paper's measurement reads against them. */
final class SyncTimeSection {
    private static final int LEFT = 56;
    private static final int WIDTH = 900;
    private static final int ROW = 30;
    private static final int AXIS = 44;
    private static final int FIRST_PERCENT = 40;
    private static final int LAST_PERCENT = 90;
    private static final int TOP = 26;

    private final Html page;
    private final List<ScenarioResult> results;
    private final PaperReading reading;
    private final Topology topology;

    private SyncTimeSection(Html page, ExperimentReport report) {
        this.page = page;
        this.results = report.syncTime();
        this.reading = new PaperReading(results);
        this.topology = report.topology();
    }

    static void write(Html page, ExperimentReport report) {
        new SyncTimeSection(page, report).write();
    }

    private void write() {
        page.raw("<section>").heading("sync", "Synchronization time");
        page.paragraph(
                "%s, %s without VMCS shadowing. By how much the time of one synchronization falls depends on what "
                                .formatted(SyncTimeModel.CPU, SyncTimeModel.PROFILE.label())
                        + "the receiver does when the IPI arrives and on how L1 delivers it. Exits are measured; time is modelled "
                        + "from them and predicted, never fitted.");
        plot();
        countTable();
        timeTable();
        paper();
        page.raw("</section>");
    }

    private void plot() {
        int height = TOP + results.size() * ROW + AXIS;
        page.raw("<figure><div class=\"scroll\" tabindex=\"0\">");
        page.raw(
                "<svg class=\"plot\" role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                        + "aria-label=\"Reduction by scenario, in percent, beside the %.0f that the paper measured\">",
                WIDTH, height, WIDTH, height, PaperReading.MEASURED_PERCENT);
        int bottom = TOP + results.size() * ROW;
        reading.timeSpan()
                .ifPresent(span -> page.raw(
                        "<rect class=\"span\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>",
                        x(span.low()), TOP, x(span.high()) - x(span.low()), bottom - TOP));
        for (int percent = FIRST_PERCENT; percent <= LAST_PERCENT; percent += 10) {
            page.raw(
                    "<line class=\"grid\" x1=\"%1$.1f\" x2=\"%1$.1f\" y1=\"%2$d\" y2=\"%3$d\"/>"
                            + "<text x=\"%1$.1f\" y=\"%4$d\" text-anchor=\"middle\">−%5$d %%</text>",
                    x(percent), TOP, bottom, bottom + 20, percent);
        }
        page.raw(
                "<line class=\"paper\" x1=\"%1$.1f\" x2=\"%1$.1f\" y1=\"%2$d\" y2=\"%3$d\"/>"
                        + "<text class=\"paper-label\" x=\"%1$.1f\" y=\"%4$d\" text-anchor=\"middle\">paper: −%5$.0f %%</text>",
                x(PaperReading.MEASURED_PERCENT), TOP, bottom, TOP - 9, PaperReading.MEASURED_PERCENT);
        for (int i = 0; i < results.size(); i++) {
            plotRow(results.get(i), TOP + i * ROW + ROW / 2);
        }
        page.raw(
                "</svg></div><figcaption>Filled: modelled time, with the interval that the ranges of the costs give. "
                        + "Hollow: by count of nested exits. Shaded: what scenarios 1 to 4 span in time.</figcaption></figure>");
    }

    private void plotRow(ScenarioResult result, int y) {
        Estimate time = result.reductionPercent();
        page.raw(
                "<text class=\"name\" x=\"12\" y=\"%d\">%s</text>",
                y + 4, result.scenario().row());
        page.raw(
                "<g><title>Scenario %s: %s in time (%s), %s by count</title>",
                result.scenario().row(),
                Numbers.reduction(time.value()),
                Numbers.reductionRange(time),
                Numbers.reduction(result.reductionByCountPercent()));
        page.raw(
                "<line class=\"range\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>",
                x(time.low()), x(time.high()), y, y);
        page.raw("<circle class=\"count\" cx=\"%.1f\" cy=\"%d\" r=\"5\"/>", x(result.reductionByCountPercent()), y);
        page.raw("<circle class=\"time\" cx=\"%.1f\" cy=\"%d\" r=\"5\"/></g>", x(time.value()), y);
    }

    private static double x(double percent) {
        double clamped = Math.max(FIRST_PERCENT, Math.min(LAST_PERCENT, percent));
        return LEFT + (clamped - FIRST_PERCENT) / (LAST_PERCENT - FIRST_PERCENT) * (WIDTH - LEFT - 40);
    }

    private void countTable() {
        page.raw("<div class=\"scroll\" tabindex=\"0\"><table>");
        page.raw("<caption>Exits per IPI, APICv off → on, beside what was derived before any run</caption>");
        page.raw("<thead><tr><th scope=\"col\">Scenario</th><th scope=\"col\">Receiver</th>"
                + "<th scope=\"col\">Delivery with APICv on</th><th scope=\"col\">Nested exits</th>"
                + "<th scope=\"col\">expected</th><th scope=\"col\">By count</th><th scope=\"col\">L0 exits</th>"
                + "<th scope=\"col\">expected</th><th scope=\"col\">Verdict</th></tr></thead><tbody>");
        for (ScenarioResult result : results) {
            page.raw(
                    "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td><td class=\"arrow\">%s → %s</td>"
                            + "<td class=\"soft\">%d → %d</td><td class=\"number\">%s</td>"
                            + "<td class=\"arrow\">%s → %s</td><td class=\"soft\">%d → %d</td><td>%s</td></tr>",
                    result.scenario().row(),
                    Html.escape(result.expected().receiver()),
                    Html.escape(result.expected().delivery()),
                    result.nestedOffPerIpi(),
                    result.nestedOnPerIpi(),
                    result.expected().nestedTotalOff(),
                    result.expected().nestedTotalOn(),
                    Numbers.reduction(result.reductionByCountPercent()),
                    result.l0ExitsOffPerIpi(),
                    result.l0ExitsOnPerIpi(),
                    result.expected().l0ExitsOff(),
                    result.expected().l0ExitsOn(),
                    HtmlReport.verdict(result.countsAreAsExpected(), "✓ exactly equal", "✗ differs"));
        }
        page.raw("</tbody></table></div>");
    }

    private void timeTable() {
        page.raw("<div class=\"scroll\" tabindex=\"0\"><table>");
        page.raw(
                "<caption>Modelled time of one synchronization, each value over its interval; ns are cycles / %.1f</caption>",
                topology.gigahertz());
        page.raw("<thead><tr><th scope=\"col\">Scenario</th><th scope=\"col\" class=\"number\">Cycles, APICv off</th>"
                + "<th scope=\"col\" class=\"number\">ns</th><th scope=\"col\" class=\"number\">Cycles, APICv on</th>"
                + "<th scope=\"col\" class=\"number\">ns</th><th scope=\"col\" class=\"number\">Reduction</th>"
                + "<th scope=\"col\" class=\"number\">expected</th>"
                + "<th scope=\"col\">Verdict</th></tr></thead><tbody>");
        for (ScenarioResult result : results) {
            page.raw(
                    "<tr><th scope=\"row\">%s</th>%s%s%s%s<td class=\"number\"><b>%s</b><small>%s</small></td>"
                            + "<td class=\"number soft\">−%d %%</td><td>%s</td></tr>",
                    result.scenario().row(),
                    estimate(result.cyclesOff()),
                    nanoseconds(result.cyclesOff()),
                    estimate(result.cyclesOn()),
                    nanoseconds(result.cyclesOn()),
                    Numbers.reduction(result.reductionPercent().value()),
                    Numbers.reductionRange(result.reductionPercent()),
                    result.expected().timePercent(),
                    HtmlReport.verdict(result.timeIsAsExpected(), "✓ within 2 points", "✗ further away"));
        }
        page.raw("</tbody></table></div>");
    }

    private static String estimate(Estimate cycles) {
        return "<td class=\"number\">%s<small>%s</small></td>"
                .formatted(Numbers.integer(cycles.value()), Numbers.range(cycles));
    }

    private String nanoseconds(Estimate cycles) {
        return estimate(cycles.dividedBy(topology.gigahertz()));
    }

    private void paper() {
        page.raw("<h3>What the paper measured</h3>");
        reading.timeSpan().ifPresent(this::verdict);
        page.raw("<p>Those that come closest, and why:</p><ul>");
        for (ScenarioResult closest : reading.closest()) {
            page.raw("<li>%s</li>", Html.escape(reading.why(closest)));
        }
        page.raw("</ul><p>Ways to read it, as explanations: nothing in the model is tuned to them.</p><ul>");
        for (String explanation : reading.explanations()) {
            page.raw("<li>%s</li>", Html.escape(explanation));
        }
        page.raw("</ul>");
    }

    private void verdict(PaperReading.Interval span) {
        page.paragraph(String.format(
                Locale.ROOT,
                "The paper measured −%.0f %%. None of scenarios 1 to 4 stands for it alone; it lies %s the interval that "
                        + "they span in modelled time, −%.1f … −%.1f %%%s.",
                PaperReading.MEASURED_PERCENT,
                reading.isInside() ? "inside" : "outside",
                span.low(),
                span.high(),
                reading.countSpan()
                        .map(count ->
                                String.format(Locale.ROOT, " (by count −%.0f … −%.0f %%)", count.low(), count.high()))
                        .orElse("")));
    }
}

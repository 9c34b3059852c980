package dev.vtxray.testkit.report;

import dev.vtxray.nested.cost.Cost;
import dev.vtxray.nested.cost.CostColumn;
import dev.vtxray.nested.cost.CostSum;
import dev.vtxray.nested.cost.CostValue;
import dev.vtxray.nested.cost.Mark;
import dev.vtxray.testkit.experiment.ExperimentReport;
import dev.vtxray.testkit.experiment.Ratio;
import dev.vtxray.testkit.experiment.ScenarioCounts;
import dev.vtxray.testkit.experiment.ScenarioResult;
import dev.vtxray.testkit.experiment.SyncTimeModel;
import dev.vtxray.testkit.hypervisor.HandlerProfile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The computation of the modelled time, step by step, with every parameter and where it comes from. */
final class CostSection {
    private final Html page;
    private final ExperimentReport report;
    private final SyncTimeModel model = SyncTimeModel.standard();
    private final CostColumn column = model.column();

    private CostSection(Html page, ExperimentReport report) {
        this.page = page;
        this.report = report;
    }

    static void write(Html page, ExperimentReport report) {
        new CostSection(page, report).write();
    }

    private void write() {
        page.raw("<section>").heading("cost", "The computation, step by step");
        page.paragraph(
                "Parameters of %s with L0 software of generation %s. Where a source gives a range, the result is an "
                                .formatted(column.cpu(), column.software().key())
                        + "interval: the least and the greatest value with every parameter somewhere inside its range.");
        parameters();
        nestedExit();
        scenario(report.syncTime().get(0));
        page.raw("</section>");
    }

    private void parameters() {
        List<Cost> used = new ArrayList<>(model.nestedExit().counts().keySet());
        used.addAll(List.of(Cost.L0_DEVICE_EXIT, Cost.NATIVE_IPI, Cost.VIRTUALIZED_APIC_ACCESS));
        page.raw("<div class=\"scroll\" tabindex=\"0\"><table>");
        page.raw(
                "<caption>Parameters, in cycles. Marks: %s</caption>",
                Arrays.stream(Mark.values())
                        .map(mark -> mark + " " + mark.meaning())
                        .collect(Collectors.joining("; ")));
        page.raw("<thead><tr><th scope=\"col\">Parameter</th><th scope=\"col\" class=\"number\">Default</th>"
                + "<th scope=\"col\" class=\"number\">Range</th><th scope=\"col\">Mark</th><th scope=\"col\">Source</th>"
                + "</tr></thead><tbody>");
        for (Cost cost : used) {
            CostValue value = column.get(cost);
            page.raw(
                    "<tr><th scope=\"row\">%s</th><td class=\"number\">%s</td><td class=\"number soft\">%s</td>"
                            + "<td><span class=\"mark\" title=\"%s\">%s</span></td><td class=\"soft\">%s</td></tr>",
                    Html.escape(cost.description()),
                    Numbers.cycles(value.value()),
                    value.hasRange() ? Numbers.cycles(value.low()) + " – " + Numbers.cycles(value.high()) : "not given",
                    value.mark().meaning(),
                    value.mark(),
                    Html.escape(value.source()));
        }
        page.raw("</tbody></table></div>");
    }

    private void nestedExit() {
        HandlerProfile profile = SyncTimeModel.PROFILE;
        int vmcsAccesses = profile.reads() + profile.writes();
        page.raw("<h3>One nested exit, <i>c</i></h3>");
        page.paragraph(
                ("%s executes %d VMREADs and %d VMWRITEs; each exits, and so do the access of L2 and the VMRESUME of L1: "
                                + "%d L0 exits.")
                        .formatted(
                                profile.label(),
                                profile.reads(),
                                profile.writes(),
                                profile.reads() + profile.writes() + 2));
        double nullExit = value(Cost.EXIT_ENTRY_PAIR) + value(Cost.L0_NULL_EXIT);
        formula(
                "c = (R + W)·(x + v) + 2·x + m + r\n  = %d·(%s + %s) + 2·%s + %s + %s\n  = %s cycles",
                vmcsAccesses,
                Numbers.cycles(nullExit),
                Numbers.cycles(value(Cost.EMULATED_VMCS_ACCESS)),
                Numbers.cycles(nullExit),
                Numbers.cycles(value(Cost.NESTED_ENTRY)),
                Numbers.cycles(value(Cost.NESTED_EXIT)),
                Numbers.cycles(model.nestedExit().in(column)));
        page.raw(
                "<p class=\"soft\">x null exit (hardware pair and software of L0), v emulated VMREAD or VMWRITE, m nested "
                        + "entry, r nested exit.</p>");
        page.raw("<div class=\"scroll\" tabindex=\"0\"><table>");
        page.raw("<caption>The same, term by term</caption>");
        terms(model.nestedExit(), 1);
        page.raw("</table></div>");
    }

    private void scenario(ScenarioResult result) {
        page.raw("<h3>Scenario %s</h3>", Html.escape(result.scenario().row()));
        formula(
                "T   = nested exits·c + (k + e + h)·(x + d) + IPI + virtualized accesses·a\noff = %s\non  = %s\n"
                        + "reduction = 1 − on / off = %.1f %%",
                terms(result.measured().off(), result, result.cyclesOff().value()),
                terms(result.measured().on(), result, result.cyclesOn().value()),
                result.reductionPercent().value());
        page.raw(
                "<p class=\"soft\">d device exit beyond a null exit, a virtualized APIC access; k kick, e EOI and h HLT of "
                        + "L1. Serial: nothing is hidden behind the work of the other CPU.</p>");
        page.raw("<div class=\"scroll\" tabindex=\"0\"><table>");
        page.raw("<caption>APICv on, term by term</caption>");
        long rounds = result.measured().rounds();
        terms(model.time(result.measured().on(), rounds), rounds);
        page.raw("</table></div>");
    }

    private String terms(ScenarioCounts counts, ScenarioResult result, double total) {
        long rounds = result.measured().rounds();
        return "%s·%s + %s·%s + %s + %s·%s = %s cycles"
                .formatted(
                        new Ratio(counts.nestedTotal(), rounds),
                        Numbers.cycles(model.nestedExit().in(column)),
                        new Ratio(counts.ownWork().total(), rounds),
                        Numbers.cycles(
                                value(Cost.EXIT_ENTRY_PAIR) + value(Cost.L0_NULL_EXIT) + value(Cost.L0_DEVICE_EXIT)),
                        Numbers.cycles(value(Cost.NATIVE_IPI)),
                        new Ratio(counts.virtualizedAccesses(), rounds),
                        Numbers.cycles(value(Cost.VIRTUALIZED_APIC_ACCESS)),
                        Numbers.integer(total));
    }

    private void terms(CostSum sum, long rounds) {
        page.raw("<thead><tr><th scope=\"col\">Parameter</th><th scope=\"col\" class=\"number\">Times</th>"
                + "<th scope=\"col\" class=\"number\">Cycles each</th><th scope=\"col\" class=\"number\">Cycles</th>"
                + "<th scope=\"col\" class=\"number\">Interval</th></tr></thead><tbody>");
        for (Map.Entry<Cost, Long> term : sum.counts().entrySet()) {
            CostValue each = column.get(term.getKey());
            Ratio times = new Ratio(term.getValue(), rounds);
            page.raw(
                    "<tr><th scope=\"row\">%s</th><td class=\"number\">%s</td><td class=\"number\">%s</td>"
                            + "<td class=\"number\">%s</td><td class=\"number soft\">%s</td></tr>",
                    Html.escape(term.getKey().description()),
                    times,
                    Numbers.cycles(each.value()),
                    Numbers.integer(times.asDouble() * each.value()),
                    interval(times.asDouble() * each.low(), times.asDouble() * each.high()));
        }
        page.raw(
                "<tr class=\"sum\"><th scope=\"row\">Sum</th><td></td><td></td><td class=\"number\">%s</td>"
                        + "<td class=\"number\">%s</td></tr></tbody>",
                Numbers.integer(sum.in(column) / rounds),
                interval(sum.lowIn(column) / rounds, sum.highIn(column) / rounds));
    }

    private static String interval(double low, double high) {
        return low == high ? "" : Numbers.integer(low) + " – " + Numbers.integer(high);
    }

    private void formula(String format, Object... arguments) {
        page.raw("<code class=\"formula\">" + format + "</code>", arguments);
    }

    private double value(Cost cost) {
        return column.get(cost).value();
    }
}

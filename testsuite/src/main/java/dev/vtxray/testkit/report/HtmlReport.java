package dev.vtxray.testkit.report;

import dev.vtxray.testkit.experiment.ExperimentReport;
import dev.vtxray.testkit.experiment.ExperimentRow;
import dev.vtxray.testkit.experiment.PaperReading;
import dev.vtxray.testkit.experiment.SwimLane;
import dev.vtxray.testkit.experiment.Topology;
import dev.vtxray.testkit.hypervisor.HandlerProfile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/** The report as one page that needs nothing else. */
final class HtmlReport {
    private final ExperimentReport report;
    private final Html page = new Html();

    private HtmlReport(ExperimentReport report) {
        this.report = report;
    }

    static String of(ExperimentReport report) {
        return new HtmlReport(report).write();
    }

    private String write() {
        page.raw("<!DOCTYPE html>").raw("<html lang=\"en\">").raw("<head>");
        page.raw("<meta charset=\"utf-8\">");
        page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        page.raw("<title>Virtual APICv: exits of one IPI, counted</title>");
        page.raw("<style>").raw(styles()).raw("</style>").raw("</head>").raw("<body>");
        introduction();
        page.raw("<main>");
        headline();
        lanes();
        ExitTables.write(page, report.rows());
        if (!report.syncTime().isEmpty()) {
            SyncTimeSection.write(page, report);
            CostSection.write(page, report);
        }
        page.raw("</main>").raw("</body>").raw("</html>");
        return page.toString();
    }

    private void introduction() {
        Topology topology = report.topology();
        page.raw("<header>").raw("<h1>Virtual APICv</h1>");
        page.raw(
                "<p class=\"lead\">One IPI between two virtual CPUs of a nested guest, and every VM exit that it costs: "
                        + "first with APICv hidden from the guest hypervisor, then with APICv given to it.</p>");
        page.raw(
                "<p class=\"soft\">L0 is VTXray’s host hypervisor, L1 a guest hypervisor on %d CPUs, L2 its guest with %d "
                        + "virtual CPUs in xAPIC mode. CPU %s at %.1f GHz: every time in ns is cycles / %.1f.</p>",
                topology.l1Cpus(),
                topology.l2VirtualCpus(),
                Html.escape(topology.cpu()),
                topology.gigahertz(),
                topology.gigahertz());
        figures();
        page.raw("</header>");
    }

    private void figures() {
        List<RowPair> pairs = RowPair.of(report.rows());
        pairs.stream()
                .filter(pair -> pair.on() != null)
                .filter(pair -> pairs.size() == 1 || pair.off().setting().profile() == HandlerProfile.P_KVM)
                .findFirst()
                .ifPresent(this::figures);
    }

    private void figures(RowPair pair) {
        ExperimentRow off = pair.off();
        ExperimentRow on = Objects.requireNonNull(pair.on());
        page.raw("<dl class=\"figures\">");
        figure(
                "Reflected instruction exits per IPI",
                off.reflectedPerIpi() + " → " + on.reflectedPerIpi(),
                Numbers.reduction(on.reflectedPerIpi().reductionPercentFrom(off.reflectedPerIpi())) + ", "
                        + pair.label());
        figure("L0 exits caused by them", off.l0ExitsPerIpi() + " → " + on.l0ExitsPerIpi(), pair.label());
        PaperReading reading = new PaperReading(report.syncTime());
        reading.timeSpan()
                .ifPresent(span -> figure(
                        "Modelled synchronization time",
                        String.format(Locale.ROOT, "−%.0f … −%.0f %%", span.low(), span.high()),
                        String.format(
                                Locale.ROOT,
                                "scenarios 1 to 4; the paper measured −%.0f %%",
                                PaperReading.MEASURED_PERCENT)));
        page.raw("</dl>");
    }

    private void figure(String name, String value, String remark) {
        page.raw(
                "<div><dt>%s</dt><dd>%s<small>%s</small></dd></div>",
                Html.escape(name), Html.escape(value), Html.escape(remark));
    }

    private void headline() {
        page.raw("<section>").heading("result", "Exits per IPI");
        page.paragraph(
                "Instruction exits of L2 that L0 reflects to L1, and the L0 exits that they cause: the exit itself, "
                        + "each VMREAD and VMWRITE of the handler of L1 that is not shadowed, and its VMRESUME. What happens on "
                        + "the delivery side is counted apart, below.");
        page.raw("<div class=\"scroll\" tabindex=\"0\"><table>");
        page.raw(
                "<caption>Measured over %,d IPIs per run, against what was derived before any run</caption>", rounds());
        page.raw("<thead><tr><th scope=\"col\">CPU, profile</th>"
                + "<th scope=\"col\">Reflected exits,<br>APICv off → on</th><th scope=\"col\">expected</th>"
                + "<th scope=\"col\">L0 exits,<br>APICv off → on</th><th scope=\"col\">expected</th>"
                + "<th scope=\"col\">Verdict</th></tr></thead><tbody>");
        for (RowPair pair : RowPair.of(report.rows())) {
            page.raw(
                    "<tr><th scope=\"row\" class=\"whole\">%s</th><td class=\"arrow\">%s</td><td class=\"soft\">%s</td>"
                            + "<td class=\"arrow\">%s</td><td class=\"soft\">%s</td><td>%s</td></tr>",
                    Html.escape(pair.label()),
                    pair.reflected(),
                    pair.expectedReflected(),
                    pair.l0Exits(),
                    pair.expectedL0Exits(),
                    verdict(pair.isAsExpected(), "✓ exactly equal", "✗ differs"));
        }
        page.raw("</tbody></table></div></section>");
    }

    /** A verdict in words, not in colour alone. */
    static String verdict(boolean good, String ifGood, String ifBad) {
        return good ? "<span class=\"good\">" + ifGood + "</span>" : "<span class=\"bad\">" + ifBad + "</span>";
    }

    private long rounds() {
        return report.rows().stream().mapToLong(ExperimentRow::rounds).max().orElse(0);
    }

    private void lanes() {
        if (report.lanes().isEmpty()) {
            return;
        }
        page.raw("<section>").heading("lanes", "One IPI, before and after");
        page.paragraph(
                "Time runs to the right, in instructions retired on all CPUs since the first one shown. No guest "
                        + "instruction retires in L0, so a visit there has a fixed width; between two exits the distance grows "
                        + "with the square root of the instructions. Exits are numbered; point at one to see what it is.");
        page.raw(
                "<ul class=\"legend\" aria-label=\"Colours\">"
                        + "<li><span style=\"background:var(--l2)\"></span>L2 runs</li>"
                        + "<li><span style=\"background:var(--l1)\"></span>L1 runs</li>"
                        + "<li><span style=\"background:var(--up)\"></span>nested exit, L2 to L1</li>"
                        + "<li><span style=\"background:var(--down)\"></span>nested entry, L1 to L2</li>"
                        + "<li><span style=\"background:var(--l0)\"></span>handled by L0, back to where it came from</li></ul>");
        for (SwimLane lane : report.lanes()) {
            page.raw("<figure><div class=\"scroll\" tabindex=\"0\">");
            page.raw(SwimLaneSvg.of(lane));
            page.raw(
                    "</div><figcaption><b>%s</b> – %d exits to L0</figcaption></figure>",
                    Html.escape(lane.title()), lane.exits().size());
        }
        page.raw("</section>");
    }

    private static String styles() {
        try (InputStream in = Objects.requireNonNull(HtmlReport.class.getResourceAsStream("report.css"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("reading report.css", e);
        }
    }
}

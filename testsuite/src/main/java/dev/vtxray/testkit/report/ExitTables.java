package dev.vtxray.testkit.report;

import dev.vtxray.nested.Level;
import dev.vtxray.testkit.experiment.ExitCount;
import dev.vtxray.testkit.experiment.ExperimentRow;
import dev.vtxray.testkit.experiment.Ratio;
import dev.vtxray.testkit.experiment.ReasonNames;
import dev.vtxray.vmx.control.ExitReason;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** All exits by level and reason, shaded by how many there are, and what is counted apart. */
final class ExitTables {
    private static final double DARKEST = 0.55;

    private final Html page;
    private final List<ExperimentRow> rows;
    private final double most;

    private ExitTables(Html page, List<ExperimentRow> rows) {
        this.page = page;
        this.rows = rows;
        this.most = rows.stream()
                .flatMap(row -> row.exits().stream().map(exit -> perIpi(row, exit.total())))
                .mapToDouble(Ratio::asDouble)
                .max()
                .orElse(1);
    }

    static void write(Html page, List<ExperimentRow> rows) {
        ExitTables tables = new ExitTables(page, rows);
        tables.heat();
        tables.countedApart();
    }

    private void heat() {
        page.raw("<section>").heading("heat", "Where the exits happen");
        page.paragraph("All hardware exits per IPI by the level that was running and by reason, start-up and delivery "
                + "included. The stronger the colour, the more. A number that opens shows its exits by CPUID leaf, port, MSR or APIC "
                + "offset.");
        page.raw("<div class=\"scroll\" tabindex=\"0\"><table class=\"heat\">");
        page.raw("<caption>Exits per IPI</caption>");
        header();
        page.raw("<tbody>");
        for (Level level : List.of(Level.L2, Level.L1)) {
            TreeSet<ExitReason> reasons = rows.stream()
                    .flatMap(row -> row.exits().stream())
                    .filter(exit -> exit.level() == level && exit.total() > 0)
                    .map(ExitCount::reason)
                    .collect(Collectors.toCollection(TreeSet::new));
            if (!reasons.isEmpty()) {
                page.raw(
                        "<tr class=\"level\"><th scope=\"rowgroup\" colspan=\"%d\">exits of %s</th></tr>",
                        rows.size() + 1, level);
                reasons.forEach(reason -> heatRow(level, reason));
            }
        }
        page.raw("</tbody></table></div></section>");
    }

    private void header() {
        StringBuilder settings = new StringBuilder();
        StringBuilder apicv = new StringBuilder();
        for (RowPair pair : RowPair.of(rows)) {
            int columns = pair.on() == null ? 1 : 2;
            settings.append(
                    "<th scope=\"colgroup\" colspan=\"%d\">%s</th>".formatted(columns, Html.escape(pair.label())));
            apicv.append("<th scope=\"col\">off</th>").append(columns == 2 ? "<th scope=\"col\">on</th>" : "");
        }
        page.raw("<thead><tr><th scope=\"col\">CPU, profile</th>" + settings + "</tr>");
        page.raw("<tr><th scope=\"col\">APICv</th>" + apicv + "</tr></thead>");
    }

    private void heatRow(Level level, ExitReason reason) {
        StringBuilder cells = new StringBuilder();
        for (ExperimentRow row : rows) {
            Optional<ExitCount> exit = row.exits().stream()
                    .filter(count -> count.level() == level && count.reason() == reason && count.total() > 0)
                    .findFirst();
            cells.append(exit.map(count -> heatCell(row, count)).orElse("<td class=\"none\">0</td>"));
        }
        page.raw("<tr>" + reasonHeader(reason) + cells + "</tr>");
    }

    private String heatCell(ExperimentRow row, ExitCount exit) {
        Ratio perIpi = perIpi(row, exit.total());
        // Logarithmic, so that one exit beside two hundred still has a colour.
        double shade = DARKEST * Math.log1p(perIpi.asDouble()) / Math.log1p(most);
        String title = String.format(
                Locale.ROOT,
                "%,d exits in %,d rounds: %,d reflected, %,d handled by L0",
                exit.total(),
                row.rounds(),
                exit.reflected(),
                exit.l0Handled());
        String number = Html.escape(Numbers.perIpi(perIpi));
        return String.format(
                Locale.ROOT,
                "<td style=\"--h:%.2f\" title=\"%s\">%s</td>",
                shade,
                title,
                exit.subKeys().isEmpty() ? number : subKeys(row, exit, number));
    }

    private static String subKeys(ExperimentRow row, ExitCount exit, String number) {
        return exit.subKeys().entrySet().stream()
                .map(key -> "<li>%s: %s</li>"
                        .formatted(Html.escape(key.getKey()), Html.escape(Numbers.perIpi(perIpi(row, key.getValue())))))
                .collect(Collectors.joining("", "<details><summary>" + number + "</summary><ul>", "</ul></details>"));
    }

    private void countedApart() {
        page.raw("<section>").heading("apart", "Counted apart");
        page.paragraph("Nested exits on the delivery side, and the exits of L1 for its own local APIC and its own HLT, "
                + "which are never reflected: in none of the numbers of the first table.");
        page.raw("<div class=\"scroll\" tabindex=\"0\"><table class=\"heat\">");
        page.raw("<caption>Per IPI</caption>");
        header();
        page.raw("<tbody>");
        TreeSet<ExitReason> reasons = new TreeSet<>();
        rows.forEach(row -> reasons.addAll(row.deliverySide().keySet()));
        for (ExitReason reason : reasons) {
            apartRow(
                    reasonHeader(reason),
                    rows.stream()
                            .map(row -> perIpi(row, row.deliverySide().getOrDefault(reason, 0L)))
                            .toList());
        }
        apartRow(
                "<th scope=\"row\">L1 kicks the other CPU <small>k</small></th>",
                rows.stream().map(row -> perIpi(row, row.ownWork().kick())).toList());
        apartRow(
                "<th scope=\"row\">EOI of L1 for the kick <small>e</small></th>",
                rows.stream().map(row -> perIpi(row, row.ownWork().eoi())).toList());
        apartRow(
                "<th scope=\"row\">HLT of L1 <small>h</small></th>",
                rows.stream().map(row -> perIpi(row, row.ownWork().halt())).toList());
        page.raw("</tbody></table></div></section>");
    }

    private void apartRow(String header, List<Ratio> values) {
        String cells = values.stream()
                .map(value -> (value.numerator() == 0 ? "<td class=\"none\">" : "<td>")
                        + Html.escape(Numbers.perIpi(value)) + "</td>")
                .collect(Collectors.joining());
        page.raw("<tr>" + header + cells + "</tr>");
    }

    private static String reasonHeader(ExitReason reason) {
        return "<th scope=\"row\">%s <small>%d</small></th>".formatted(ReasonNames.inWords(reason), reason.number());
    }

    private static Ratio perIpi(ExperimentRow row, long total) {
        return new Ratio(total, row.rounds());
    }
}

package dev.vtxray.testkit.report;

import dev.vtxray.testkit.experiment.ExperimentReport;
import dev.vtxray.testkit.experiment.ExperimentRow;
import dev.vtxray.testkit.experiment.ExperimentSetting;
import dev.vtxray.testkit.experiment.ScenarioResult;
import dev.vtxray.testkit.experiment.Topology;
import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * The report for programs: {@code rows}, one per CPU, profile and APICv setting, and {@code syncTime}, one per scenario.
 * Counts are integers when exact; percentages and cycles have two decimals.
 */
final class ReportJson {
    private static final int DECIMALS = 2;

    private final JsonWriter json = new JsonWriter();

    private ReportJson() {}

    static String of(ExperimentReport report) {
        ReportJson writer = new ReportJson();
        writer.write(report);
        return writer.json.toString();
    }

    private void write(ExperimentReport report) {
        json.beginObject().key("experiment").value("virtual-apicv");
        json.key("asExpected").value(report.isAsExpected());
        topology(report.topology());
        json.key("rows").beginArray();
        report.rows().forEach(this::row);
        json.endArray();
        json.key("syncTime").beginArray();
        report.syncTime().forEach(this::scenario);
        json.endArray();
        json.endObject();
    }

    private void topology(Topology topology) {
        json.key("topology").beginObject();
        json.key("l2VirtualCpus").value(topology.l2VirtualCpus());
        json.key("l1Cpus").value(topology.l1Cpus());
        json.key("gigahertz").value(rounded(topology.gigahertz()));
        json.endObject();
    }

    private void row(ExperimentRow row) {
        ExperimentSetting setting = row.setting();
        json.beginObject();
        json.key("cpu").value(setting.cpu());
        json.key("profile").value(setting.profile().label());
        json.key("shadowing").value(setting.shadowing());
        json.key("apicv").value(setting.apicv());
        json.key("rounds").value(row.rounds());
        json.key("reflectedPerIpi").value(row.reflectedPerIpi().asDecimal());
        json.key("l0ExitsPerIpi").value(row.l0ExitsPerIpi().asDecimal());
        json.endObject();
    }

    private void scenario(ScenarioResult result) {
        json.beginObject();
        json.key("scenario").value(result.scenario().row());
        json.key("reductionPercent").value(rounded(result.reductionPercent().value()));
        json.key("reductionPercentLow").value(rounded(result.reductionPercent().low()));
        json.key("reductionPercentHigh").value(rounded(result.reductionPercent().high()));
        json.key("reductionByCountPercent").value(rounded(result.reductionByCountPercent()));
        json.key("nestedExitsOff").value(result.nestedOffPerIpi().asDecimal());
        json.key("nestedExitsOn").value(result.nestedOnPerIpi().asDecimal());
        json.key("l0ExitsOff").value(result.l0ExitsOffPerIpi().asDecimal());
        json.key("l0ExitsOn").value(result.l0ExitsOnPerIpi().asDecimal());
        json.key("cyclesOff").value(rounded(result.cyclesOff().value()));
        json.key("cyclesOn").value(rounded(result.cyclesOn().value()));
        json.endObject();
    }

    private static BigDecimal rounded(double value) {
        BigDecimal exact = BigDecimal.valueOf(value)
                .setScale(DECIMALS, RoundingMode.HALF_UP)
                .stripTrailingZeros();
        return exact.scale() < 0 ? exact.setScale(0) : exact;
    }
}

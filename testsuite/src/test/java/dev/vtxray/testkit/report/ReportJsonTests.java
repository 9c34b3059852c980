package dev.vtxray.testkit.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.testkit.experiment.ExperimentReport;
import dev.vtxray.testkit.experiment.ExperimentRow;
import dev.vtxray.testkit.experiment.SampleReport;
import java.math.BigDecimal;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportJsonTests {

    @Test
    void aRowHasTheKeysThatWerePromised() {
        assertThat(ReportJson.of(SampleReport.asExpected(10_000)))
                .contains(
                        """
                    {
                      "cpu": "haswell-ep",
                      "profile": "P-kvm",
                      "shadowing": true,
                      "apicv": true,
                      "rounds": 10000,
                      "reflectedPerIpi": 1,
                      "l0ExitsPerIpi": 2
                    }
                """);
    }

    @Test
    void aScenarioHasItsReduction() {
        assertThat(ReportJson.of(SampleReport.asExpected(10_000)))
                .contains(
                        """
                      "scenario": "2",
                      "reductionPercent": 77.46,
                """);
    }

    @Test
    void aCountThatIsNoIntegerIsADecimalFraction() {
        ExperimentReport report = SampleReport.asExpected(10_000);
        ExperimentRow row = report.rows().get(0);
        ExperimentRow odd = new ExperimentRow(
                row.setting(), row.rounds(), 40_001, row.l0Exits(), List.of(), row.deliverySide(), row.ownWork());
        assertThat(ReportJson.of(new ExperimentReport(List.of(odd), List.of(), List.of(), report.topology())))
                .contains("\"asExpected\": false", "\"reflectedPerIpi\": 4.0001,", "\"syncTime\": []");
    }

    @Test
    void textIsEscaped() {
        JsonWriter json = new JsonWriter();
        json.beginObject().key("a\"b\\").value("\n\t\r\u0001é").endObject();
        assertThat(json).hasToString("{\n  \"a\\\"b\\\\\": \"\\n\\t\\r\\u0001é\"\n}\n");
    }

    @Test
    void emptyAndNestedStructuresAreWritten() {
        JsonWriter json = new JsonWriter();
        json.beginArray()
                .beginObject()
                .endObject()
                .value(1)
                .value(new BigDecimal("2.50"))
                .value(true);
        json.beginArray().endArray().endArray();
        assertThat(json).hasToString("[\n  {},\n  1,\n  2.50,\n  true,\n  []\n]\n");
    }
}

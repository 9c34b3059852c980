package dev.vtxray.testkit.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.vtxray.nested.cost.CostTable;
import dev.vtxray.nested.cost.SoftwareGeneration;
import dev.vtxray.vmx.control.ExitReason;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SyncTimeModelTests {
    private final SyncTimeModel model = SyncTimeModel.standard();
    private final List<ScenarioResult> results = model.evaluate(SampleReport.scenarios(10_000));

    /** The thousands of cycles that the cost collection prints for scenarios 1 to 4, without rounding. */
    @ParameterizedTest
    @CsvSource({"1, 189420, 80595", "2, 189420, 42695", "3, 191000, 82175", "4, 191000, 82175"})
    void timesAreThoseOfTheCollection(String row, double off, double on) {
        ScenarioResult result = result(row);
        assertThat(result.cyclesOff().value()).isEqualTo(off);
        assertThat(result.cyclesOn().value()).isEqualTo(on);
    }

    @Test
    void everyScenarioIsWithinTwoPointsOfTheTable() {
        assertThat(results).hasSize(9).allSatisfy(result -> {
            assertThat(result.countsAreAsExpected()).isTrue();
            assertThat(result.timeIsAsExpected()).isTrue();
            assertThat(result.reductionPercent().value())
                    .isCloseTo(result.expected().timePercent(), within(0.5));
        });
    }

    @Test
    void intervalsAreNotMuchWiderThanAPointBecauseNearlyEverythingIsAMultipleOfC() {
        assertThat(results).allSatisfy(result -> {
            Estimate reduction = result.reductionPercent();
            assertThat(reduction.low()).isLessThan(reduction.value());
            assertThat(reduction.high()).isGreaterThan(reduction.value());
            assertThat(reduction.high() - reduction.low()).isLessThan(2);
        });
    }

    @ParameterizedTest
    @EnumSource
    void theSoftwareOfL0NearlyCancels(SoftwareGeneration software) {
        SyncTimeModel other = new SyncTimeModel(CostTable.load(), software);
        for (MeasuredScenario measured : SampleReport.scenarios(1)) {
            assertThat(other.evaluate(measured).reductionPercent().value())
                    .isCloseTo(model.evaluate(measured).reductionPercent().value(), within(2.0));
        }
    }

    @Test
    void theNumberOfRoundsDoesNotMatter() {
        assertThat(model.evaluate(SampleReport.scenarios(3)))
                .extracting(ScenarioResult::cyclesOff, ScenarioResult::cyclesOn)
                .isEqualTo(results.stream()
                        .map(result -> org.assertj.core.groups.Tuple.tuple(result.cyclesOff(), result.cyclesOn()))
                        .toList());
    }

    @Test
    void oneExitMoreInTenThousandRoundsIsNotAsExpected() {
        MeasuredScenario good = result("1").measured();
        ScenarioCounts off = new ScenarioCounts(
                Map.of(ExitReason.APIC_ACCESS, 40_001L, ExitReason.EXTERNAL_INTERRUPT, 10_000L),
                good.off().l0Exits(),
                good.off().ownWork(),
                0);
        MeasuredScenario bad = new MeasuredScenario(good.scenario(), good.rounds(), off, good.on());
        assertThat(model.evaluate(bad).countsAreAsExpected()).isFalse();
        assertThat(model.evaluate(bad).timeIsAsExpected()).isTrue();
    }

    @Test
    void oneL0ExitMoreIsNotAsExpected() {
        MeasuredScenario good = result("2").measured();
        ScenarioCounts on = new ScenarioCounts(
                good.on().nestedExits(), good.on().l0Exits() + 1, good.on().ownWork(), 30_000);
        assertThat(model.evaluate(new MeasuredScenario(good.scenario(), good.rounds(), good.off(), on))
                        .countsAreAsExpected())
                .isFalse();
    }

    @Test
    void thePaperLiesInsideTheIntervalOfThePrincipalScenarios() {
        PaperReading reading = new PaperReading(results);
        assertThat(reading.isInside()).isTrue();
        PaperReading.Interval time = reading.timeSpan().orElseThrow();
        assertThat(time.low()).isCloseTo(57, within(0.1));
        assertThat(time.high()).isCloseTo(77.5, within(0.1));
        PaperReading.Interval count = reading.countSpan().orElseThrow();
        assertThat(count.low()).isCloseTo(60, within(1e-9));
        assertThat(count.high()).isCloseTo(80, within(1e-9));
    }

    @Test
    void withoutTheScenariosThePaperLiesNowhere() {
        PaperReading reading = new PaperReading(List.of());
        assertThat(reading.isInside()).isFalse();
        assertThat(reading.closest()).isEmpty();
        assertThat(reading.explanations()).isEmpty();
    }

    @Test
    void closestScenariosAreSaidWithTheirReason() {
        PaperReading reading = new PaperReading(results);
        assertThat(reading.closest())
                .extracting(result -> result.scenario().row())
                .containsExactly("4b", "1w");
        assertThat(reading.why(reading.closest().get(0)))
                .contains(
                        "Scenario 4b", "from 6 to 2", "minus 4 APIC access (44)", "plus 1 APIC write (56)", "−66.7 %");
    }

    @Test
    void explanationsAreThoseOfTheTablesNotes() {
        assertThat(String.join("\n", new PaperReading(results).explanations()))
                .contains("60.0 + 20.0 p = 67 gives p = 0.35 (0.33 to 0.38")
                .contains("3 / (4 + q) = 0.67 gives q = 0.48")
                .contains("Scenarios 1w and 4b reach it by count alone: −66.7 %");
    }

    private ScenarioResult result(String row) {
        return results.stream()
                .filter(result -> result.scenario().row().equals(row))
                .findFirst()
                .orElseThrow();
    }
}

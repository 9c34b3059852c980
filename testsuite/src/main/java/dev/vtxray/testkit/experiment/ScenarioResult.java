package dev.vtxray.testkit.experiment;

import static java.math.RoundingMode.HALF_UP;

import dev.vtxray.vmx.control.ExitReason;
import java.math.BigDecimal;
import java.util.Map;

/**
 * One scenario: what was measured, what was expected, and what the cost model makes of the counts.
 *
 * @param cyclesOff modelled time of one round with APICv off, in cycles
 * @param cyclesOn modelled time of one round with APICv on, in cycles
 * @param reductionPercent by how much the modelled time falls
 */
public record ScenarioResult(
        MeasuredScenario measured,
        ExpectedScenario expected,
        Estimate cyclesOff,
        Estimate cyclesOn,
        Estimate reductionPercent) {

    public Scenario scenario() {
        return measured.scenario();
    }

    public Ratio nestedOffPerIpi() {
        return perIpi(measured.off().nestedTotal());
    }

    public Ratio nestedOnPerIpi() {
        return perIpi(measured.on().nestedTotal());
    }

    public Ratio l0ExitsOffPerIpi() {
        return perIpi(measured.off().l0Exits());
    }

    public Ratio l0ExitsOnPerIpi() {
        return perIpi(measured.on().l0Exits());
    }

    /** By how much the nested exits fall, in percent. */
    public double reductionByCountPercent() {
        return nestedOnPerIpi().reductionPercentFrom(nestedOffPerIpi());
    }

    /** Whether nested exits by reason, L0 exits and the reduction by count are exactly those expected. */
    public boolean countsAreAsExpected() {
        return isExactly(measured.off().nestedExits(), expected.nestedOff())
                && isExactly(measured.on().nestedExits(), expected.nestedOn())
                && l0ExitsOffPerIpi().equals(Ratio.of(expected.l0ExitsOff()))
                && l0ExitsOnPerIpi().equals(Ratio.of(expected.l0ExitsOn()))
                && BigDecimal.valueOf(reductionByCountPercent())
                                .setScale(1, HALF_UP)
                                .compareTo(expected.byCountPercent())
                        == 0;
    }

    /** Whether the modelled reduction lies within {@link ExpectedScenario#TOLERANCE} points of the expected one. */
    public boolean timeIsAsExpected() {
        return Math.abs(reductionPercent.value() - expected.timePercent()) <= ExpectedScenario.TOLERANCE;
    }

    private boolean isExactly(Map<ExitReason, Long> total, Map<ExitReason, Long> expectedPerIpi) {
        return total.keySet().equals(expectedPerIpi.keySet())
                && total.entrySet().stream().allMatch(exit -> perIpi(exit.getValue())
                        .equals(Ratio.of(expectedPerIpi.getOrDefault(exit.getKey(), 0L))));
    }

    private Ratio perIpi(long total) {
        return new Ratio(total, measured.rounds());
    }
}

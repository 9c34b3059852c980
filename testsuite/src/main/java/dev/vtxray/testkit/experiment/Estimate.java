package dev.vtxray.testkit.experiment;

import dev.vtxray.nested.cost.CostColumn;
import dev.vtxray.nested.cost.CostSum;

/**
 * A modelled value with the interval that the ranges of the costs give it.
 *
 * @param value with the default of every cost
 * @param low the least value inside the ranges
 * @param high the greatest value inside the ranges
 */
public record Estimate(double value, double low, double high) {
    public Estimate {
        if (!(low <= value && value <= high)) {
            throw new IllegalArgumentException("%s is not inside %s to %s".formatted(value, low, high));
        }
    }

    /** A sum of costs over so many rounds, as cycles per round. */
    static Estimate cyclesPerRound(CostSum sum, CostColumn column, long rounds) {
        return new Estimate(sum.in(column) / rounds, sum.lowIn(column) / rounds, sum.highIn(column) / rounds);
    }

    /** By how much one sum is less than another, in percent of the other, where both share the same costs. */
    static Estimate reductionPercent(CostSum from, CostSum to, CostColumn column) {
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (CostColumn corner : column.corners(from.plus(to).counts().keySet())) {
            double reduction = reductionPercent(from.in(corner), to.in(corner));
            low = Math.min(low, reduction);
            high = Math.max(high, reduction);
        }
        double value = reductionPercent(from.in(column), to.in(column));
        return new Estimate(value, Math.min(low, value), Math.max(high, value));
    }

    private static double reductionPercent(double from, double to) {
        return from == 0 ? 0 : 100 * (1 - to / from);
    }

    /** The same divided by a constant, such as cycles per nanosecond. */
    public Estimate dividedBy(double divisor) {
        return new Estimate(value / divisor, low / divisor, high / divisor);
    }
}

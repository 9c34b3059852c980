package dev.vtxray.testkit.report;

import dev.vtxray.testkit.experiment.Estimate;
import dev.vtxray.testkit.experiment.Ratio;
import java.util.Locale;

/** How the report writes numbers. */
final class Numbers {
    private static final double SMALLEST_SHOWN = 0.005;

    private Numbers() {}

    /** With thousands separated. */
    static String integer(double value) {
        return String.format(Locale.ROOT, "%,.0f", value);
    }

    /** A cost in cycles, with decimals only where it has any. */
    static String cycles(double value) {
        return value == Math.rint(value) ? integer(value) : String.format(Locale.ROOT, "%.2f", value);
    }

    /** Exact where it is an integer, else with two decimals. */
    static String perIpi(Ratio ratio) {
        if (ratio.isInteger()) {
            return Long.toString(ratio.numerator());
        }
        double value = ratio.asDouble();
        return value < SMALLEST_SHOWN ? "<0.01" : String.format(Locale.ROOT, "%.2f", value);
    }

    /** A reduction, shown as negative. */
    static String reduction(double percent) {
        return String.format(Locale.ROOT, "−%.1f %%", percent);
    }

    static String reductionRange(Estimate percent) {
        return String.format(Locale.ROOT, "−%.1f … −%.1f %%", percent.low(), percent.high());
    }

    static String range(Estimate cycles) {
        return integer(cycles.low()) + " – " + integer(cycles.high());
    }
}

package dev.vtxray.nested.cost;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an operation costs.
 *
 * @param value the default, in cycles
 * @param low the low end of the range, in cycles; the default where no range is known
 * @param high the high end of the range, in cycles; the default where no range is known
 * @param mark how well it is known
 * @param source where it comes from
 */
public record CostValue(double value, double low, double high, Mark mark, String source) {
    private static final String NUMBER = "(\\d+(?:\\.\\d+)?)";
    private static final Pattern CELL = Pattern.compile(NUMBER + "(?: \\(" + NUMBER + "-" + NUMBER + "\\))? ([SMD])");

    public CostValue {
        if (!(low >= 0 && low <= value && value <= high)) {
            throw new IllegalArgumentException(
                    "a cost is at least 0 and inside its range, not %s in %s to %s".formatted(value, low, high));
        }
    }

    /** A cell such as {@code 780 (700-900) D}. */
    static CostValue parse(String cell, String source) {
        Matcher parts = CELL.matcher(cell);
        if (!parts.matches()) {
            throw new IllegalArgumentException("\"%s\" is not like \"780 (700-900) D\" or \"780 D\"".formatted(cell));
        }
        double value = Double.parseDouble(parts.group(1));
        boolean ranged = parts.group(2) != null;
        double low = ranged ? Double.parseDouble(parts.group(2)) : value;
        double high = ranged ? Double.parseDouble(parts.group(3)) : value;
        return new CostValue(value, low, high, Mark.valueOf(parts.group(4)), source);
    }

    public boolean hasRange() {
        return low < high;
    }

    /** The same, known to lie at one point. */
    CostValue pinnedTo(double point) {
        return new CostValue(point, point, point, mark, source);
    }
}

package dev.vtxray.nested.cost;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** So many of one operation and so many of another: a formula that has a value on each processor. Immutable. */
public final class CostSum {
    /** Nothing, which costs nothing. */
    public static final CostSum ZERO = new CostSum(new EnumMap<>(Cost.class));

    private final EnumMap<Cost, Long> counts;

    private CostSum(EnumMap<Cost, Long> counts) {
        this.counts = counts;
    }

    /** One of each operation named; naming one twice counts it twice. */
    public static CostSum of(Cost... costs) {
        CostSum sum = ZERO;
        for (Cost cost : costs) {
            sum = sum.plus(1, cost);
        }
        return sum;
    }

    public CostSum plus(long count, Cost cost) {
        EnumMap<Cost, Long> result = new EnumMap<>(counts);
        result.merge(cost, count, Math::addExact);
        return normalized(result);
    }

    public CostSum plus(CostSum other) {
        EnumMap<Cost, Long> result = new EnumMap<>(counts);
        other.counts.forEach((cost, count) -> result.merge(cost, count, Math::addExact));
        return normalized(result);
    }

    public CostSum times(long factor) {
        EnumMap<Cost, Long> result = new EnumMap<>(counts);
        result.replaceAll((cost, count) -> Math.multiplyExact(count, factor));
        return normalized(result);
    }

    /** How many of each operation, in the order of {@link Cost}; never 0. */
    public Map<Cost, Long> counts() {
        return Collections.unmodifiableMap(counts);
    }

    /** Its value with the defaults, in cycles. */
    public double in(CostColumn column) {
        return sum(column, CostValue::value);
    }

    /** Its least value, in cycles: every cost at the low end of its range. */
    public double lowIn(CostColumn column) {
        return sum(column, CostValue::low);
    }

    /** Its greatest value, in cycles: every cost at the high end of its range. */
    public double highIn(CostColumn column) {
        return sum(column, CostValue::high);
    }

    private double sum(CostColumn column, ToDoubleFunction<CostValue> which) {
        double sum = 0;
        for (Map.Entry<Cost, Long> term : counts.entrySet()) {
            sum += term.getValue() * which.applyAsDouble(column.get(term.getKey()));
        }
        return sum;
    }

    private static CostSum normalized(EnumMap<Cost, Long> counts) {
        counts.values().removeIf(count -> count == 0);
        return new CostSum(counts);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof CostSum sum && counts.equals(sum.counts);
    }

    @Override
    public int hashCode() {
        return counts.hashCode();
    }

    @Override
    public String toString() {
        return counts.toString();
    }
}

package dev.vtxray.nested.cost;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What every operation costs on one processor under one generation of L0's software. Immutable. */
public final class CostColumn {
    private final String cpu;
    private final SoftwareGeneration software;
    private final EnumMap<Cost, CostValue> values;

    CostColumn(String cpu, SoftwareGeneration software, Map<Cost, CostValue> values) {
        this.cpu = cpu;
        this.software = software;
        this.values = new EnumMap<>(values);
    }

    public String cpu() {
        return cpu;
    }

    public SoftwareGeneration software() {
        return software;
    }

    public boolean has(Cost cost) {
        return values.containsKey(cost);
    }

    /**
     * What the operation costs.
     *
     * @throws IllegalArgumentException if this processor does not have it
     */
    public CostValue get(Cost cost) {
        CostValue value = values.get(cost);
        if (value == null) {
            throw new IllegalArgumentException("%s has no cost for \"%s\"".formatted(cpu, cost.description()));
        }
        return value;
    }

    /**
     * The columns in which each of these costs is pinned to one end of its range, in every combination. A ratio of two
     * sums takes its least and its greatest value at one of them.
     */
    public List<CostColumn> corners(Set<Cost> costs) {
        List<CostColumn> corners = List.of(this);
        for (Cost cost : costs) {
            CostValue value = get(cost);
            if (value.hasRange()) {
                List<CostColumn> split = new ArrayList<>();
                for (CostColumn corner : corners) {
                    split.add(corner.with(cost, value.pinnedTo(value.low())));
                    split.add(corner.with(cost, value.pinnedTo(value.high())));
                }
                corners = split;
            }
        }
        return corners;
    }

    private CostColumn with(Cost cost, CostValue value) {
        EnumMap<Cost, CostValue> changed = new EnumMap<>(values);
        changed.put(cost, value);
        return new CostColumn(cpu, software, changed);
    }
}

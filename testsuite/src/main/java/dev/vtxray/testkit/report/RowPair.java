package dev.vtxray.testkit.report;

import dev.vtxray.testkit.experiment.ExperimentRow;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The two rows of one CPU and profile. On a CPU without APICv there is no second one. */
record RowPair(ExperimentRow off, @Nullable ExperimentRow on) {
    private static final String ABSENT = "–";

    static List<RowPair> of(List<ExperimentRow> rows) {
        List<RowPair> pairs = new ArrayList<>();
        for (ExperimentRow row : rows) {
            int last = pairs.size() - 1;
            if (row.setting().apicv()
                    && last >= 0
                    && pairs.get(last).off.setting().sameButApicv(row.setting())) {
                pairs.set(last, new RowPair(pairs.get(last).off, row));
            } else {
                pairs.add(new RowPair(row, null));
            }
        }
        return pairs;
    }

    String label() {
        return off.setting().label();
    }

    String reflected() {
        return arrow(row -> row.reflectedPerIpi().toString());
    }

    String expectedReflected() {
        return arrow(row -> Integer.toString(row.setting().expectedReflectedPerIpi()));
    }

    String l0Exits() {
        return arrow(row -> row.l0ExitsPerIpi().toString());
    }

    String expectedL0Exits() {
        return arrow(row -> {
            OptionalInt expected = row.setting().expectedL0ExitsPerIpi();
            return expected.isPresent() ? Integer.toString(expected.getAsInt()) : ABSENT;
        });
    }

    boolean isAsExpected() {
        return off.isAsExpected() && (on == null || on.isAsExpected());
    }

    private String arrow(Function<ExperimentRow, String> what) {
        return what.apply(off) + " → " + (on == null ? ABSENT : what.apply(on));
    }
}

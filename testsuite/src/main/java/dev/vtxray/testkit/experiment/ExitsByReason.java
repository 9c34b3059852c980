package dev.vtxray.testkit.experiment;

import dev.vtxray.vmx.control.ExitReason;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/** Counts of exits by reason: immutable, without zeros, in the order of the reasons. */
final class ExitsByReason {
    private ExitsByReason() {}

    static Map<ExitReason, Long> copyOf(Map<ExitReason, Long> counts) {
        EnumMap<ExitReason, Long> copy = new EnumMap<>(ExitReason.class);
        counts.forEach((reason, count) -> {
            if (count < 0) {
                throw new IllegalArgumentException("%d exits for %s".formatted(count, reason));
            }
            if (count > 0) {
                copy.put(reason, count);
            }
        });
        return Collections.unmodifiableMap(copy);
    }

    static long sum(Map<ExitReason, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }
}

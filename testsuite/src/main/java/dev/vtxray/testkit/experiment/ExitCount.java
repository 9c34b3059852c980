package dev.vtxray.testkit.experiment;

import dev.vtxray.nested.ExitKey;
import dev.vtxray.nested.Level;
import dev.vtxray.vmx.control.ExitReason;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The hardware VM exits of one level for one reason, over all rounds.
 *
 * @param level who ran: L1 or L2
 * @param total all of them; those that are not reflected are handled by L0 itself
 * @param reflected those that L0 made exits from L2 to L1
 * @param subKeys the total by CPUID leaf, port, MSR, APIC offset and so on, with the key as it is to be shown
 */
public record ExitCount(Level level, ExitReason reason, long total, long reflected, Map<String, Long> subKeys) {
    public ExitCount {
        if (level == Level.L0) {
            throw new IllegalArgumentException("VM exits leave L1 or L2, never L0");
        }
        if (total < 0 || reflected < 0 || reflected > total || level == Level.L1 && reflected > 0) {
            throw new IllegalArgumentException(
                    "%d exits of %s for %s cannot have %d reflected".formatted(total, level, reason, reflected));
        }
        subKeys = Collections.unmodifiableMap(new TreeMap<>(subKeys));
    }

    public ExitCount(Level level, ExitReason reason, long total, long reflected) {
        this(level, reason, total, reflected, Map.of());
    }

    /**
     * The counts of L0 by level and reason, with their sub-keys.
     *
     * @param hardware hardware exits by key
     * @param reflected those of them that L0 reflected
     */
    public static List<ExitCount> listOf(SortedMap<ExitKey, Long> hardware, SortedMap<ExitKey, Long> reflected) {
        SortedMap<ExitKey, Map<String, Long>> subKeys = new TreeMap<>();
        SortedMap<ExitKey, Long> totals = new TreeMap<>();
        SortedMap<ExitKey, Long> reflectedTotals = new TreeMap<>();
        hardware.forEach((key, count) -> {
            totals.merge(allOf(key), count, Long::sum);
            Map<String, Long> labels = subKeys.computeIfAbsent(allOf(key), unused -> new TreeMap<>());
            SubKeyLabel.of(key).ifPresent(label -> labels.merge(label, count, Long::sum));
        });
        reflected.forEach((key, count) -> reflectedTotals.merge(allOf(key), count, Long::sum));
        return totals.entrySet().stream()
                .map(total -> new ExitCount(
                        total.getKey().level(),
                        total.getKey().reason(),
                        total.getValue(),
                        reflectedTotals.getOrDefault(total.getKey(), 0L),
                        subKeys.getOrDefault(total.getKey(), Map.of())))
                .toList();
    }

    /** The key of all exits of that level for that reason. */
    private static ExitKey allOf(ExitKey key) {
        return new ExitKey(key.level(), key.reason(), 0);
    }

    /** Those that L0 finished itself. */
    public long l0Handled() {
        return total - reflected;
    }
}

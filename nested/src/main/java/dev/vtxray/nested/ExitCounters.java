package dev.vtxray.nested;

import dev.vtxray.vmx.control.ExitReason;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The four kinds of events of a two-level run, never mixed in one number: exits that the hardware made, exits of L2 that
 * were reflected to L1, exits that L0 finished itself, and nested entries by their result.
 */
public final class ExitCounters {
    /** Results of L1's VMLAUNCH and VMRESUME. */
    public enum NestedEntry {
        OK,
        VMFAIL,
        ENTRY_FAILURE_EXIT
    }

    private final SortedMap<ExitKey, long[]> hardware = new TreeMap<>();
    private final SortedMap<ExitKey, long[]> reflected = new TreeMap<>();
    private final SortedMap<ExitKey, long[]> handled = new TreeMap<>();
    private final Map<ExitReason, long[]> originated = new EnumMap<>(ExitReason.class);
    private final long[] entries = new long[NestedEntry.values().length];

    void countHardware(ExitKey key) {
        add(hardware, key);
    }

    void countReflected(ExitKey key) {
        add(reflected, key);
    }

    void countHandled(ExitKey key) {
        add(handled, key);
    }

    void countOriginated(ExitReason reason) {
        originated.computeIfAbsent(reason, unused -> new long[1])[0]++;
    }

    void countEntry(NestedEntry result) {
        entries[result.ordinal()]++;
    }

    private static void add(SortedMap<ExitKey, long[]> map, ExitKey key) {
        map.computeIfAbsent(key, unused -> new long[1])[0]++;
    }

    /** Hardware exits by key, in order. */
    public SortedMap<ExitKey, Long> hardware() {
        return copy(hardware);
    }

    /** Exits of L2 that L0 re-created as exits from L2 to L1. */
    public SortedMap<ExitKey, Long> reflected() {
        return copy(reflected);
    }

    /** Exits that L0 finished itself. */
    public SortedMap<ExitKey, Long> handled() {
        return copy(handled);
    }

    /** Exits from L2 to L1 that no exit of L2 stands for, because an event caused them. */
    public Map<ExitReason, Long> originated() {
        Map<ExitReason, Long> result = new EnumMap<>(ExitReason.class);
        originated.forEach((reason, count) -> result.put(reason, count[0]));
        return Collections.unmodifiableMap(result);
    }

    public long entries(NestedEntry result) {
        return entries[result.ordinal()];
    }

    /** Hardware exits of a level for one reason, over all sub-keys. */
    public long hardware(Level level, ExitReason reason) {
        return sum(hardware, level, reason);
    }

    /** Hardware exits of a level. */
    public long hardware(Level level) {
        return hardware.entrySet().stream()
                .filter(entry -> entry.getKey().level() == level)
                .mapToLong(entry -> entry.getValue()[0])
                .sum();
    }

    public long reflected(ExitReason reason) {
        return sum(reflected, Level.L2, reason);
    }

    public long handled(Level level, ExitReason reason) {
        return sum(handled, level, reason);
    }

    /** Exits from L2 to L1: reflected ones and those that L0 originated. */
    public long nestedExits() {
        return reflected.values().stream().mapToLong(count -> count[0]).sum()
                + originated.values().stream().mapToLong(count -> count[0]).sum();
    }

    private static long sum(SortedMap<ExitKey, long[]> map, Level level, ExitReason reason) {
        return map.entrySet().stream()
                .filter(entry ->
                        entry.getKey().level() == level && entry.getKey().reason() == reason)
                .mapToLong(entry -> entry.getValue()[0])
                .sum();
    }

    private static SortedMap<ExitKey, Long> copy(SortedMap<ExitKey, long[]> map) {
        SortedMap<ExitKey, Long> result = new TreeMap<>();
        map.forEach((key, count) -> result.put(key, count[0]));
        return Collections.unmodifiableSortedMap(result);
    }
}

package dev.vtxray.core.state;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What differs between two snapshots, item by item: meant for the messages of failed tests. */
public final class StateDiff {
    private static final int SHOWN = 40;
    private static final int BYTES_PER_LINE = 16;
    private static final String ABSENT = "absent";

    private final List<Difference> differences = new ArrayList<>();

    /**
     * One difference.
     *
     * @param path   the item; of an array with the index in brackets, of bytes with the offset or address of the first
     * @param before value in the first snapshot, hexadecimal
     * @param after  value in the second one
     */
    public record Difference(String path, String before, String after) {
        @Override
        public String toString() {
            return path + ": " + before + " -> " + after;
        }
    }

    private StateDiff() {}

    /** Compares two snapshots. */
    public static StateDiff between(Snapshot before, Snapshot after) {
        StateDiff diff = new StateDiff();
        Map<String, SavedItem> first = byPath(before);
        Map<String, SavedItem> second = byPath(after);
        first.forEach((path, item) -> diff.compare(path, item, second.get(path)));
        second.forEach((path, item) -> {
            if (!first.containsKey(path)) {
                diff.add(path, ABSENT, "present");
            }
        });
        return diff;
    }

    /** All differences, in the order of the description. */
    public List<Difference> differences() {
        return List.copyOf(differences);
    }

    public boolean isEmpty() {
        return differences.isEmpty();
    }

    /** A line for each difference; of very many only the first. */
    @Override
    public String toString() {
        String shown = differences.stream()
                .limit(SHOWN)
                .map(Difference::toString)
                .collect(Collectors.joining(System.lineSeparator()));
        int more = differences.size() - SHOWN;
        return more <= 0 ? shown : shown + System.lineSeparator() + "... and " + more + " more";
    }

    private static Map<String, SavedItem> byPath(Snapshot snapshot) {
        Map<String, SavedItem> items = new LinkedHashMap<>();
        for (SavedItem item : snapshot.items()) {
            items.put(item.path(), item);
        }
        return items;
    }

    private void compare(String path, SavedItem before, @Nullable SavedItem after) {
        if (after == null) {
            add(path, "present", ABSENT);
        } else if (before instanceof SavedItem.Scalar x && after instanceof SavedItem.Scalar y) {
            compareScalars(path, x.value(), y.value());
        } else if (before instanceof SavedItem.Longs x && after instanceof SavedItem.Longs y) {
            compareLongs(path, x.values(), y.values());
        } else if (before instanceof SavedItem.Bytes x && after instanceof SavedItem.Bytes y) {
            compareBytes(path, 0, x.values(), y.values());
        } else if (before instanceof SavedItem.Sparse x && after instanceof SavedItem.Sparse y) {
            compareBlocks(x, y);
        } else {
            add(path, before.getClass().getSimpleName(), after.getClass().getSimpleName());
        }
    }

    private void compareScalars(String path, long before, long after) {
        if (before != after) {
            add(path, hex(before), hex(after));
        }
    }

    private void compareLongs(String path, LongBuffer before, LongBuffer after) {
        if (before.capacity() != after.capacity()) {
            add(path, before.capacity() + " elements", after.capacity() + " elements");
            return;
        }
        for (int i = 0; i < before.capacity(); i++) {
            compareScalars(path + '[' + i + ']', before.get(i), after.get(i));
        }
    }

    private void compareBlocks(SavedItem.Sparse before, SavedItem.Sparse after) {
        if (before.length() != after.length()) {
            add(before.path(), before.length() + " bytes", after.length() + " bytes");
        }
        SortedSet<Long> addresses = new TreeSet<>(before.blocks().keySet());
        addresses.addAll(after.blocks().keySet());
        for (long address : addresses) {
            ByteBuffer x = before.blocks().get(address);
            ByteBuffer y = after.blocks().get(address);
            ByteBuffer present = x != null ? x : Objects.requireNonNull(y);
            ByteBuffer zeros = ByteBuffer.allocate(present.capacity());
            compareBytes(before.path(), address, x != null ? x : zeros, y != null ? y : zeros);
        }
    }

    /** One difference for each run of bytes that differ. */
    private void compareBytes(String path, long base, ByteBuffer before, ByteBuffer after) {
        if (before.capacity() != after.capacity()) {
            add(path, before.capacity() + " bytes", after.capacity() + " bytes");
            return;
        }
        int length = before.capacity();
        for (int from = 0; from < length; ) {
            int to = from;
            while (to < length && to - from < BYTES_PER_LINE && before.get(to) != after.get(to)) {
                to++;
            }
            if (to > from) {
                add(path + '[' + hex(base + from) + ']', hex(before, from, to), hex(after, from, to));
            }
            from = Math.max(to, from + 1);
        }
    }

    private void add(String path, String before, String after) {
        differences.add(new Difference(path, before, after));
    }

    private static String hex(long value) {
        return Long.toHexString(value).toUpperCase(Locale.ROOT) + 'H';
    }

    private static String hex(ByteBuffer bytes, int from, int to) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i < to; i++) {
            text.append(i > from ? " " : "").append(String.format("%02X", bytes.get(i)));
        }
        return text.toString();
    }
}

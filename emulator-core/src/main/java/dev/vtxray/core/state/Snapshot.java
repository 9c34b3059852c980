package dev.vtxray.core.state;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** An immutable copy of a described state. Two snapshots are equal if and only if the states were. */
public final class Snapshot {
    private final List<SavedItem> items;

    private Snapshot(List<SavedItem> items) {
        this.items = items;
    }

    /** Copies the state of a component; of memory only what is not zero. */
    public static Snapshot of(Described component) {
        Saver saver = new Saver();
        component.describe(saver);
        return new Snapshot(Collections.unmodifiableList(saver.items));
    }

    /**
     * Gives a component, which need not be the one that was saved, this state.
     *
     * @throws IllegalArgumentException if the component describes other items than the saved one; it keeps its state
     */
    public void restoreTo(Described component) {
        walk(component, false);
        walk(component, true);
        component.restored();
    }

    /** Bytes of state that were copied. */
    public long size() {
        return items.stream().mapToLong(SavedItem::size).sum();
    }

    List<SavedItem> items() {
        return items;
    }

    private void walk(Described component, boolean write) {
        Restorer restorer = new Restorer(items, write);
        component.describe(restorer);
        restorer.requireEnd();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Snapshot snapshot && items.equals(snapshot.items);
    }

    @Override
    public int hashCode() {
        return items.hashCode();
    }

    /** For people: how much was saved. */
    @Override
    public String toString() {
        return "Snapshot of " + items.size() + " items, " + size() + " bytes";
    }

    private static final class Saver extends PathVisitor {
        final List<SavedItem> items = new ArrayList<>();

        @Override
        public void value(String name, LongSupplier get, LongConsumer set) {
            items.add(new SavedItem.Scalar(path(name), get.getAsLong()));
        }

        @Override
        public void longs(String name, long[] array) {
            items.add(new SavedItem.Longs(path(name), LongBuffer.wrap(array.clone())));
        }

        @Override
        public void bytes(String name, byte[] array) {
            items.add(new SavedItem.Bytes(path(name), ByteBuffer.wrap(array.clone())));
        }

        @Override
        public void sparse(String name, SparseBytes content) {
            SortedMap<Long, ByteBuffer> blocks = new TreeMap<>();
            content.forEachBlock((address, bytes) -> blocks.put(address, ByteBuffer.wrap(bytes.clone())));
            items.add(new SavedItem.Sparse(path(name), content.length(), Collections.unmodifiableSortedMap(blocks)));
        }
    }

    /** Compares the shape of a description with the saved one and, if told so, writes the saved values into it. */
    private static final class Restorer extends PathVisitor {
        private final List<SavedItem> items;
        private final boolean write;
        private int position;

        Restorer(List<SavedItem> items, boolean write) {
            this.items = items;
            this.write = write;
        }

        @Override
        public void value(String name, LongSupplier get, LongConsumer set) {
            long value = next(name, SavedItem.Scalar.class).value();
            if (write) {
                set.accept(value);
            }
        }

        @Override
        public void longs(String name, long[] array) {
            LongBuffer values = next(name, SavedItem.Longs.class).values();
            requireLength(name, array.length, values.capacity());
            if (write) {
                values.get(0, array);
            }
        }

        @Override
        public void bytes(String name, byte[] array) {
            ByteBuffer values = next(name, SavedItem.Bytes.class).values();
            requireLength(name, array.length, values.capacity());
            if (write) {
                values.get(0, array);
            }
        }

        @Override
        public void sparse(String name, SparseBytes content) {
            SavedItem.Sparse saved = next(name, SavedItem.Sparse.class);
            requireLength(name, content.length(), saved.length());
            if (write) {
                content.replaceBlocks(saved.blocks());
            }
        }

        private <T extends SavedItem> T next(String name, Class<T> kind) {
            String path = path(name);
            SavedItem item = position < items.size() ? items.get(position++) : null;
            if (item == null || !item.path().equals(path) || !kind.isInstance(item)) {
                throw new IllegalArgumentException("the component describes " + path + " where the snapshot has "
                        + (item == null ? "its end" : item.path()));
            }
            return kind.cast(item);
        }

        private void requireLength(String name, long described, long saved) {
            if (described != saved) {
                throw new IllegalArgumentException(
                        path(name) + " has " + described + " elements, the one in the snapshot " + saved);
            }
        }

        void requireEnd() {
            if (position != items.size()) {
                throw new IllegalArgumentException(
                        "the component does not describe " + items.get(position).path() + ", which the snapshot has");
            }
        }
    }
}

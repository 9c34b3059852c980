package dev.vtxray.apic;

import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/** Reads a description into values by name, and writes values by name back through a description. */
public final class StateCopy {
    private StateCopy() {}

    /** All items, arrays as lists of their elements. */
    public static Map<String, String> of(Described component) {
        Map<String, String> items = new LinkedHashMap<>();
        component.describe(new Walk() {
            @Override
            void item(String path, LongSupplier get, LongConsumer set) {
                if (items.put(path, Long.toHexString(get.getAsLong())) != null) {
                    throw new AssertionError("two items are called " + path);
                }
            }
        });
        return items;
    }

    /** Makes the state of {@code to} that of {@code from}. */
    public static void copy(Described from, Described to) {
        Map<String, String> items = of(from);
        to.describe(new Walk() {
            @Override
            void item(String path, LongSupplier get, LongConsumer set) {
                set.accept(Long.parseUnsignedLong(items.get(path), 16));
            }
        });
    }

    private abstract static class Walk implements StateVisitor {
        private String path = "";

        abstract void item(String itemPath, LongSupplier get, LongConsumer set);

        @Override
        public void value(String name, LongSupplier get, LongConsumer set) {
            item(path + name, get, set);
        }

        @Override
        public void longs(String name, long[] array) {
            for (int i = 0; i < array.length; i++) {
                int index = i;
                item(path + name + i, () -> array[index], v -> array[index] = v);
            }
        }

        @Override
        public void bytes(String name, byte[] array) {
            throw new AssertionError(name + " " + Arrays.toString(array) + ": no APIC state is described as bytes");
        }

        @Override
        public void section(String name, Runnable body) {
            String outer = path;
            path = outer + name + "/";
            body.run();
            path = outer;
        }
    }
}

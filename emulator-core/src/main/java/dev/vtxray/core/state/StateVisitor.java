package dev.vtxray.core.state;

import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Receives the state of a component, item by item, in a fixed order. The same description is walked to save, restore,
 * digest and compare, so a visitor may read an item, write it, or both.
 */
public interface StateVisitor {
    /** One scalar item. */
    void value(String name, LongSupplier get, LongConsumer set);

    /** An array of scalars; its length does not change. */
    void longs(String name, long[] array);

    /** A byte array; its length does not change. */
    void bytes(String name, byte[] array);

    /** A named group of items. */
    void section(String name, Runnable body);

    /** A large array whose blocks of zeros are no state: to a mere reader, a section of the other blocks. */
    default void sparse(String name, SparseBytes content) {
        section(name, () -> content.forEachBlock((address, block) -> bytes(Long.toHexString(address), block)));
    }
}

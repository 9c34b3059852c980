package dev.vtxray.core.state;

import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Walks over the state of a component. A component describes its state once, and that one description serves snapshot,
 * restore, digest, diff and JSON.
 */
public interface StateVisitor {
    /** A number, with the ways to get and to set it. */
    void value(String name, LongSupplier get, LongConsumer set);

    /** An array of numbers, read and written in place. */
    void longs(String name, long[] array);

    /** An array of bytes, read and written in place. */
    void bytes(String name, byte[] array);

    /** A part with a name: everything that {@code body} describes belongs to it. */
    void section(String name, Runnable body);
}

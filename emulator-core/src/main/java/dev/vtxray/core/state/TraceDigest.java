package dev.vtxray.core.state;

/**
 * A running digest of what happens in a machine: 64-bit FNV-1a over the bytes of every number added. Two runs with the
 * same digest have, for all practical purposes, the same trace; it is no protection against forgery.
 */
public final class TraceDigest implements Described {
    private static final long OFFSET_BASIS = 0xCBF2_9CE4_8422_2325L;
    private static final long PRIME = 0x100_0000_01B3L;

    private long hash = OFFSET_BASIS;
    private long count;

    /** Adds a number as its eight bytes, lowest first. */
    public void add(long value) {
        long h = hash;
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            h = (h ^ value >>> shift & 0xFF) * PRIME;
        }
        hash = h;
        count++;
    }

    /** Adds the characters of a text and its length. */
    public void add(String text) {
        for (int i = 0; i < text.length(); i++) {
            add(text.charAt(i));
        }
        add(text.length());
    }

    /** Numbers added so far. */
    public long count() {
        return count;
    }

    /** The digest so far. */
    public long value() {
        return hash;
    }

    /** The digest so far, 16 hexadecimal digits. */
    @Override
    public String toString() {
        return String.format("%016x", hash);
    }

    @Override
    public void describe(StateVisitor visitor) {
        visitor.value("hash", () -> hash, value -> hash = value);
        visitor.value("count", () -> count, value -> count = value);
    }
}

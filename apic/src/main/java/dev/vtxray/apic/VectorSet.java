package dev.vtxray.apic;

import dev.vtxray.core.state.StateVisitor;
import java.util.Arrays;

/** A set of interrupt vectors (0-255): one of the 256-bit registers IRR, ISR and TMR. */
final class VectorSet {
    /** Answer of {@link #highest()} for the empty set. */
    static final int EMPTY = -1;

    private final long[] words = new long[4];

    void add(int vector) {
        words[vector >>> 6] |= 1L << vector;
    }

    void remove(int vector) {
        words[vector >>> 6] &= ~(1L << vector);
    }

    void set(int vector, boolean member) {
        if (member) {
            add(vector);
        } else {
            remove(vector);
        }
    }

    boolean contains(int vector) {
        return (words[vector >>> 6] & 1L << vector) != 0;
    }

    /** The highest member, or {@link #EMPTY}. */
    int highest() {
        for (int i = words.length - 1; i >= 0; i--) {
            if (words[i] != 0) {
                return i * Long.SIZE + 63 - Long.numberOfLeadingZeros(words[i]);
            }
        }
        return EMPTY;
    }

    /** The 32 bits that the register of this number (0-7) shows. */
    int register(int number) {
        return (int) (words[number >>> 1] >>> ((number & 1) * Integer.SIZE));
    }

    void clear() {
        Arrays.fill(words, 0);
    }

    void describe(String name, StateVisitor visitor) {
        visitor.longs(name, words);
    }
}

package dev.vtxray.core.memory;

/** Which slots of a table have been filled since it was last empty, so that emptying it costs what was used. */
public final class FilledSlots {
    private static final int REMEMBERED = 128;

    private final short[] slots = new short[REMEMBERED];
    private int count;

    /** Notes that an empty slot (0 to 32767) has been filled. */
    public void add(int slot) {
        if (count < REMEMBERED) {
            slots[count] = (short) slot;
        }
        count++;
    }

    /** How many were filled. */
    public int count() {
        return count;
    }

    /** Whether more were filled than could be remembered: then the whole table has to be emptied. */
    public boolean areTooMany() {
        return count > REMEMBERED;
    }

    /** The n-th slot that was filled, unless they are too many. */
    public int get(int n) {
        return slots[n];
    }

    /** The table is empty. */
    public void clear() {
        count = 0;
    }
}

package dev.vtxray.core.memory;

import dev.vtxray.core.engine.JumpCache;
import java.util.Arrays;

/**
 * Cached translations of one context: one tag of the tables that were walked, seen by user or by supervisor code.
 *
 * <p>A tag matches only if the access may go straight to the bytes of the page. Everything else (a missing right, a dirty
 * flag still to be set, decoded code, a device, a page boundary) is a tag that is not there, and found out on the slow
 * path.
 */
public final class Tlb {
    static final int ENTRIES = 2048;
    /** A tag is the address of the last byte of its page: this is none. */
    static final long NONE = 0;

    final long[] readTags = new long[ENTRIES];
    final long[] writeTags = new long[ENTRIES];
    final byte[][] pages = new byte[ENTRIES][];
    final boolean[] global = new boolean[ENTRIES];

    final long[] fetchTags = new long[FETCH_ENTRIES];
    final RamPage[] fetchPages = new RamPage[FETCH_ENTRIES];
    static final int FETCH_ENTRIES = 64;

    /** Blocks by linear address; falls with the translations. */
    public final JumpCache jumps = new JumpCache();

    /** Which tables these translations came from. */
    long tag;

    boolean user;
    private boolean used;
    /** Whether parts of larger pages are kept: invalidating one part must invalidate the whole page. */
    private boolean holdsLargePages;

    private final FilledSlots filled = new FilledSlots();

    /** The tag that proves an access whose last byte is at {@code la}. */
    static long tag(long la) {
        return la | RamPage.SIZE - 1;
    }

    static int index(long la) {
        return (int) (la >>> RamPage.SHIFT) & ENTRIES - 1;
    }

    void install(long la, byte[] page, boolean readable, boolean writable, boolean isGlobal) {
        used = true;
        int index = index(la);
        if (readTags[index] == NONE && writeTags[index] == NONE) {
            filled.add(index);
        }
        long tagValue = tag(la);
        if (readTags[index] != tagValue && writeTags[index] != tagValue) {
            readTags[index] = NONE;
            writeTags[index] = NONE;
        }
        pages[index] = page;
        global[index] = isGlobal;
        if (readable) {
            readTags[index] = tagValue;
        }
        writeTags[index] = writable ? tagValue : NONE;
    }

    void installFetch(long la, RamPage page) {
        used = true;
        int index = (int) (la >>> RamPage.SHIFT) & FETCH_ENTRIES - 1;
        fetchTags[index] = tag(la);
        fetchPages[index] = page;
    }

    /** A part of a page of more than 4 KBytes is going to be kept. */
    void noteLargePage() {
        holdsLargePages = true;
    }

    /** Drops the translation of one page, and more if it may be a part of a larger one. */
    void flushPage(long la) {
        if (holdsLargePages) {
            flush();
            return;
        }
        int index = index(la);
        readTags[index] = NONE;
        writeTags[index] = NONE;
        fetchTags[(int) (la >>> RamPage.SHIFT) & FETCH_ENTRIES - 1] = NONE;
        jumps.clear();
    }

    /** Drops everything. */
    void flush() {
        if (!used) {
            return;
        }
        if (filled.areTooMany()) {
            Arrays.fill(readTags, NONE);
            Arrays.fill(writeTags, NONE);
        } else {
            for (int n = 0; n < filled.count(); n++) {
                readTags[filled.get(n)] = NONE;
                writeTags[filled.get(n)] = NONE;
            }
        }
        filled.clear();
        Arrays.fill(fetchTags, NONE);
        jumps.clear();
        used = false;
        holdsLargePages = false;
    }

    /** Makes every later store to this frame ask first. */
    void withholdWrites(byte[] page) {
        boolean all = filled.areTooMany();
        int count = all ? ENTRIES : filled.count();
        for (int n = 0; n < count; n++) {
            int slot = all ? n : filled.get(n);
            if (pages[slot] == page) {
                writeTags[slot] = NONE;
            }
        }
    }
}

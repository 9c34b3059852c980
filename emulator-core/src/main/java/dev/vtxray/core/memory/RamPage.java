package dev.vtxray.core.memory;

import dev.vtxray.core.engine.Block;
import org.jspecify.annotations.Nullable;

/**
 * One 4-KByte frame of RAM, and the decoded code that was made from it.
 *
 * <p>While a frame holds decoded code, no CPU keeps a translation that lets it write there without asking, so that a
 * store into code is always noticed. {@link #codeLines} says which of its 64 lines of 64 bytes were decoded: data that
 * only shares the page is written without harm.
 */
public final class RamPage {
    public static final int SIZE = 4096;
    public static final int SHIFT = 12;

    public final byte[] bytes = new byte[SIZE];

    /** Bit n: bytes 64n to 64n+63 take part in a decoded block. */
    public long codeLines;

    private Block @Nullable [] blocks;

    /** A block that starts in the page before and ends in this one, if there is one. */
    private @Nullable Block reachingIn;

    /** The block that starts at this offset and was decoded for this mode, or null. */
    public @Nullable Block block(int offset, int mode) {
        Block[] table = blocks;
        if (table == null) {
            return null;
        }
        Block block = table[slot(offset, table.length)];
        while (block != null && (block.offset != offset || block.mode != mode || !block.isValid())) {
            block = block.nextInSlot;
        }
        return block;
    }

    /** Adds a block whose code lies in this frame only. */
    public void add(Block block) {
        Block[] table = blocks;
        if (table == null) {
            table = new Block[64];
            blocks = table;
        }
        int slot = slot(block.offset, table.length);
        block.nextInSlot = table[slot];
        table[slot] = block;
        codeLines |= lines(block.offset, Math.min(block.length, SIZE - block.offset));
    }

    /** Notes that the last instruction of a block of the page before ends in this page. */
    public void addReachingIn(Block block, int bytes) {
        Block before = reachingIn;
        if (before != null && before != block) {
            before.invalidate();
        }
        reachingIn = block;
        codeLines |= lines(0, bytes);
    }

    /** Whether a store of {@code size} bytes at {@code offset} (not crossing the page) would change decoded code. */
    public boolean holdsCode(int offset, int size) {
        return (codeLines & lines(offset, size)) != 0;
    }

    /** Forgets all blocks: their bytes are about to change. */
    public void dropBlocks() {
        Block[] table = blocks;
        if (table != null) {
            for (Block first : table) {
                for (Block block = first; block != null; block = block.nextInSlot) {
                    block.invalidate();
                }
            }
        }
        Block into = reachingIn;
        if (into != null) {
            into.invalidate();
        }
        reachingIn = null;
        blocks = null;
        codeLines = 0;
    }

    private static int slot(int offset, int length) {
        return (offset ^ offset >> 6) & length - 1;
    }

    private static long lines(int offset, int size) {
        int first = offset >> 6;
        int last = offset + Math.max(size, 1) - 1 >> 6;
        return -1L << first & -1L >>> 63 - last;
    }
}

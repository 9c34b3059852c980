package dev.vtxray.core.state;

import java.nio.ByteBuffer;
import java.util.SortedMap;

/** A large array of bytes of which only the blocks that are not zero count as state. */
public interface SparseBytes {
    /** Receives one block. */
    @FunctionalInterface
    interface BlockVisitor {
        /** A block that is not zero, at its address; the array is the content itself, not a copy. */
        void block(long address, byte[] bytes);
    }

    /** Bytes, zero or not. */
    long length();

    /** Shows every block that is not all zero, in the order of addresses. */
    void forEachBlock(BlockVisitor visitor);

    /** Makes the content exactly these blocks, by address, and zero everywhere else. */
    void replaceBlocks(SortedMap<Long, ByteBuffer> blocks);
}

package dev.vtxray.core.state;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.SortedMap;

/** A copy of one item of state. Its path names the sections that it is in, outermost first, then the item. */
sealed interface SavedItem {
    String path();

    /** Bytes of content. */
    long size();

    record Scalar(String path, long value) implements SavedItem {
        @Override
        public long size() {
            return Long.BYTES;
        }
    }

    record Longs(String path, LongBuffer values) implements SavedItem {
        @Override
        public long size() {
            return (long) values.capacity() * Long.BYTES;
        }
    }

    record Bytes(String path, ByteBuffer values) implements SavedItem {
        @Override
        public long size() {
            return values.capacity();
        }
    }

    record Sparse(String path, long length, SortedMap<Long, ByteBuffer> blocks) implements SavedItem {
        @Override
        public long size() {
            return blocks.values().stream().mapToLong(ByteBuffer::capacity).sum();
        }
    }
}

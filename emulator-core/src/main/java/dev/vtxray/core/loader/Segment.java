package dev.vtxray.core.loader;

/**
 * A loadable part of an image.
 *
 * @param physical   physical address of its first byte
 * @param virtual    linear address for which it was linked
 * @param memorySize bytes in memory; those behind the file's bytes are zero
 * @param fileOffset where its bytes lie in the file
 * @param fileSize   how many bytes the file has, at most {@code memorySize}
 */
public record Segment(long physical, long virtual, long memorySize, int fileOffset, int fileSize) {
    /** Physical address behind the last byte. */
    public long end() {
        return physical + memorySize;
    }

    /** Whether a range of physical addresses touches this segment. */
    public boolean overlaps(long first, long length) {
        return first < end() && physical < first + length;
    }
}

package dev.vtxray.core.loader;

import java.util.List;

/**
 * An image that lies in memory.
 *
 * @param bits     32 or 64: the kind of code at the entry point
 * @param entry    physical address of the entry point
 * @param segments what was loaded, by rising addresses
 * @param info     physical address of what the loader tells the program, 0 if nothing
 */
public record LoadedImage(int bits, long entry, List<Segment> segments, long info) {
    public LoadedImage {
        segments = List.copyOf(segments);
    }
}

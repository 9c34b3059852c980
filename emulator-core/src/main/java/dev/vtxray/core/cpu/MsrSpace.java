package dev.vtxray.core.cpu;

import dev.vtxray.core.port.MsrHandler;
import java.util.ArrayList;
import java.util.List;

/** The model-specific registers of a CPU: handlers by range of indices. An index without a handler is #GP(0). */
public final class MsrSpace {
    private record Range(int first, int last, MsrHandler handler) {}

    private final List<Range> ranges = new ArrayList<>();
    private Range[] table = {};

    /** Lets a handler answer for the indices {@code first} to {@code last}, taken as unsigned numbers. */
    public void map(int first, int last, MsrHandler handler) {
        for (Range range : ranges) {
            if (Integer.compareUnsigned(first, range.last) <= 0 && Integer.compareUnsigned(range.first, last) <= 0) {
                throw new IllegalArgumentException("MSR " + Integer.toHexString(first) + "H overlaps the range from "
                        + Integer.toHexString(range.first) + "H to " + Integer.toHexString(range.last) + "H");
            }
        }
        ranges.add(new Range(first, last, handler));
        table = ranges.toArray(new Range[0]);
    }

    /** RDMSR without its privilege check. */
    public long read(int index) {
        return find(index).handler.read(index);
    }

    /** WRMSR without its privilege check. */
    public void write(int index, long value) {
        find(index).handler.write(index, value);
    }

    /** Whether the MSR exists. */
    public boolean exists(int index) {
        for (Range range : table) {
            if (Integer.compareUnsigned(index, range.first) >= 0 && Integer.compareUnsigned(index, range.last) <= 0) {
                return true;
            }
        }
        return false;
    }

    private Range find(int index) {
        for (Range range : table) {
            if (Integer.compareUnsigned(index, range.first) >= 0 && Integer.compareUnsigned(index, range.last) <= 0) {
                return range;
            }
        }
        throw GuestFault.generalProtection();
    }
}

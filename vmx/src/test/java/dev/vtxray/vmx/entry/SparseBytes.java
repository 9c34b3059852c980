package dev.vtxray.vmx.entry;

import dev.vtxray.vmx.vmcs.PhysicalBytes;
import java.util.TreeMap;

/** Physical memory that holds only what was written, dword by dword; the rest reads as 0. */
public final class SparseBytes implements PhysicalBytes {
    private final TreeMap<Long, Integer> dwords = new TreeMap<>();

    @Override
    public int read32(long hpa) {
        return dwords.getOrDefault(hpa, 0);
    }

    @Override
    public void write32(long hpa, int value) {
        dwords.put(hpa, value);
    }

    @Override
    public long read64(long hpa) {
        return read32(hpa) & 0xFFFF_FFFFL | (long) read32(hpa + 4) << 32;
    }

    @Override
    public void write64(long hpa, long value) {
        write32(hpa, (int) value);
        write32(hpa + 4, (int) (value >>> 32));
    }
}

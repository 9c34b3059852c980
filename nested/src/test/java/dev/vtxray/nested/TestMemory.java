package dev.vtxray.nested;

import dev.vtxray.vmx.vmcs.PhysicalBytes;

/** Memory of a machine for tests: L0's part at the bottom, L1's above it. */
final class TestMemory implements PhysicalBytes {
    static final long L0_SIZE = 2 << 20;
    static final long L1_SIZE = 4 << 20;

    private final long[] words = new long[(int) ((L0_SIZE + L1_SIZE) / Long.BYTES)];

    static HostMemory host() {
        return new HostMemory(new TestMemory(), L0_SIZE, L1_SIZE);
    }

    @Override
    public int read32(long hpa) {
        return (int) (read64(hpa & -8) >>> (hpa & 4) * 8);
    }

    @Override
    public void write32(long hpa, int value) {
        long shift = (hpa & 4) * 8;
        long kept = read64(hpa & -8) & ~(0xFFFF_FFFFL << shift);
        write64(hpa & -8, kept | (value & 0xFFFF_FFFFL) << shift);
    }

    @Override
    public long read64(long hpa) {
        return words[(int) (hpa / Long.BYTES)];
    }

    @Override
    public void write64(long hpa, long value) {
        words[(int) (hpa / Long.BYTES)] = value;
    }
}

package dev.vtxray.testkit.trace;

import dev.vtxray.core.memory.PhysicalMemory;
import java.util.List;

/**
 * A hypervisor's memory by its own physical addresses, wherever L0 has put it.
 *
 * @param memory of the machine
 * @param base   machine address of the hypervisor's physical address 0
 * @param size   bytes of memory that the hypervisor has
 */
public record GuestMemory(PhysicalMemory memory, long base, long size) {
    private static final long PAGE = 4096;

    /** 1, 2, 4 or 8 bytes. */
    public long read(long address, int bytes) {
        return memory.read(base + address, bytes);
    }

    /**
     * The first quadword that differs, empty if there is none.
     *
     * @param opaque addresses of pages that are left out
     */
    public String firstDifference(GuestMemory other, List<Long> opaque) {
        for (long address = 0; address < size; address += Long.BYTES) {
            if (opaque.contains(address & -PAGE)) {
                address |= PAGE - Long.BYTES;
            } else if (read(address, Long.BYTES) != other.read(address, Long.BYTES)) {
                return "memory at %XH: %XH, not %XH"
                        .formatted(address, read(address, Long.BYTES), other.read(address, Long.BYTES));
            }
        }
        return "";
    }
}

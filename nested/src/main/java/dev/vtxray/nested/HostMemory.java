package dev.vtxray.nested;

import dev.vtxray.vmx.vmcs.PhysicalBytes;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Host-physical memory from L0's point of view: below {@link #guestBase} its own frames, from there on L1's memory.
 * L1-guest-physical address 0 is host-physical address {@link #guestBase}.
 */
final class HostMemory {
    static final int PAGE = 4096;

    private final PhysicalBytes memory;
    private final long guestBase;
    private final long guestSize;
    private final Deque<Long> freed = new ArrayDeque<>();
    private long nextFrame = PAGE;
    private long absent;

    HostMemory(PhysicalBytes memory, long guestBase, long guestSize) {
        this.memory = memory;
        this.guestBase = guestBase;
        this.guestSize = guestSize;
    }

    PhysicalBytes bytes() {
        return memory;
    }

    long guestBase() {
        return guestBase;
    }

    long guestSize() {
        return guestSize;
    }

    /** A zeroed frame of L0's own. */
    long allocate() {
        Long reused = freed.pollFirst();
        if (reused != null) {
            fill(reused, 0);
            return reused;
        }
        if (nextFrame >= guestBase) {
            throw new IllegalStateException("L0's own " + guestBase + " bytes of memory are used up;"
                    + " reserve more when the machine is built");
        }
        long frame = nextFrame;
        nextFrame += PAGE;
        return frame;
    }

    void free(long frame) {
        freed.addLast(frame);
    }

    /** A frame that reads as all ones, like addresses of L1 where there is nothing; no guest may write it. */
    long absentFrame() {
        if (absent == 0) {
            absent = allocate();
            fill(absent, -1);
        }
        return absent;
    }

    private void fill(long frame, long value) {
        for (int offset = 0; offset < PAGE; offset += Long.BYTES) {
            memory.write64(frame + offset, value);
        }
    }

    /** Whether an L1-physical address is RAM of L1. */
    boolean isGuestRam(long gpa) {
        return Long.compareUnsigned(gpa, guestSize) < 0;
    }

    /** Host-physical address behind an L1-physical one that is RAM. */
    long toHost(long gpa) {
        return gpa + guestBase;
    }

    /** L1's memory by its own physical addresses; where there is no RAM it reads as all ones. */
    PhysicalBytes guestView() {
        return new PhysicalBytes() {
            @Override
            public int read32(long gpa) {
                return isGuestRam(gpa) ? memory.read32(toHost(gpa)) : -1;
            }

            @Override
            public void write32(long gpa, int value) {
                if (isGuestRam(gpa)) {
                    memory.write32(toHost(gpa), value);
                }
            }

            @Override
            public long read64(long gpa) {
                return isGuestRam(gpa) ? memory.read64(toHost(gpa)) : -1;
            }

            @Override
            public void write64(long gpa, long value) {
                if (isGuestRam(gpa)) {
                    memory.write64(toHost(gpa), value);
                }
            }
        };
    }
}

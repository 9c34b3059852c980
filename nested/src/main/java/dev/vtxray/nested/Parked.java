package dev.vtxray.nested;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.port.BoundaryEvents;
import dev.vtxray.core.port.EventPriority;

/** A processor on which nothing runs because L1 has halted: it waits in L0 until something wakes L1. */
record Parked(L0 l0, VirtualCpu v) implements BoundaryEvents {
    @Override
    public boolean take(Cpu cpu, EventPriority priority) {
        if (!PendingEvents.wakesL1(v)) {
            return false;
        }
        l0.unpark(v);
        return true;
    }

    @Override
    public boolean blocks(Cpu cpu, EventPriority priority) {
        return true;
    }

    @Override
    public long instructionsToNextEvent(Cpu cpu) {
        return Long.MAX_VALUE;
    }
}

package dev.vtxray.core.port;

import dev.vtxray.core.cpu.Cpu;

/** Adds events of its own to an instruction boundary, and may take over the CPU's own. */
public interface BoundaryEvents {
    /**
     * Acts on the highest event that it has in this class, or takes over the CPU's own event of this class.
     *
     * @return true if it did: the CPU then looks at the boundary afresh
     */
    boolean take(Cpu cpu, EventPriority priority);

    /** Whether the CPU's own event of this class has to wait, because somebody above the CPU disposes of it. */
    boolean blocks(Cpu cpu, EventPriority priority);

    /** Instructions that may run before the next event of its own, at least 1; Long.MAX_VALUE if none is planned. */
    long instructionsToNextEvent(Cpu cpu);
}

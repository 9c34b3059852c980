package dev.vtxray.core.port;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Event;
import dev.vtxray.core.isa.Insn;

/**
 * Observes a CPU. A probe changes nothing; when the probe of a CPU is {@link #NONE}, observation costs nothing, with any
 * other the CPU runs instruction by instruction.
 */
public interface Probe {
    /** Observes nothing. */
    Probe NONE = new Probe() {};

    /** The instruction at linear address {@code rip} has retired. */
    default void retired(Cpu cpu, long rip, Insn insn) {}

    /** An event is delivered through the interrupt-descriptor table. */
    default void delivered(Cpu cpu, Event event) {}

    /** A byte range was written to a port. */
    default void portWritten(Cpu cpu, int port, int size, int value) {}
}

package dev.vtxray.core.port;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Event;
import org.jspecify.annotations.Nullable;

/** Stands before the delivery of exceptions through the IDT, and keeps the blocking of NMIs where the CPU does not. */
public interface EventGate {
    /**
     * Whether this exception is taken instead of delivered. NMIs and external interrupts are asked about at the
     * boundary ({@link BoundaryEvents}), software interrupts never.
     *
     * @param during the event whose delivery raised this one, if any
     */
    boolean taken(Cpu cpu, Event event, @Nullable Event during);

    /** Whether a triple fault is taken; otherwise the CPU shuts down. */
    boolean tripleFaultTaken(Cpu cpu);

    /** An event of any kind was delivered: its handler is about to run. */
    default void delivered(Cpu cpu, Event event) {}

    /** IRET ends the blocking of NMIs. @return whether they had been blocked */
    default boolean endNmiBlocking(Cpu cpu) {
        return cpu.endNmiBlocking();
    }
}

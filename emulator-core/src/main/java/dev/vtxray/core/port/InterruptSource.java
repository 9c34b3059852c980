package dev.vtxray.core.port;

/**
 * Where a CPU gets its maskable interrupts from: its local APIC, or a plain interrupt controller.
 *
 * <p>The CPU asks only at instruction boundaries at which it could take an interrupt. Whenever the answer may have
 * changed, the source calls {@link CpuSignals#interruptsChanged()}.
 */
public interface InterruptSource {
    /** Answer of {@link #highestDeliverable()} when no interrupt can be delivered. */
    int NONE = -1;

    /** The vector (0-255) of the pending interrupt that the processor priority lets through, or {@link #NONE}. */
    int highestDeliverable();

    /**
     * Acknowledges the interrupt that {@link #highestDeliverable()} names and returns its vector. With nothing
     * deliverable any more the source returns its spurious vector.
     */
    int acknowledge();

    /** The task priority that CR8 shows (0-15). */
    default int taskPriority() {
        return 0;
    }

    /** Takes a new task priority (0-15) from a write of CR8. */
    default void setTaskPriority(int priority) {}
}

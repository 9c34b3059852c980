package dev.vtxray.nested;

import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.ExitReason;

/** Sees what L0 does; changes nothing. */
public interface NestedObserver {
    /** Observes nothing. */
    NestedObserver NONE = new NestedObserver() {};

    /**
     * The hardware left a guest for L0.
     *
     * @param cpu   number of the CPU
     * @param level whom it left
     * @param key   what the exit is counted by
     */
    default void hardwareExit(int cpu, Level level, VmExit exit, ExitKey key) {}

    /** L0 puts L1 in the place of L2: a nested exit. @param reflected whether an exit of L2 stands for it */
    default void nestedExit(int cpu, ExitReason reason, boolean reflected) {}

    /** L0 lets a guest run again. */
    default void entered(int cpu, Level level) {}
}

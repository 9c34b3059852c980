package dev.vtxray.core.port;

/**
 * Classes of events at an instruction boundary, highest first (SDM, Interrupt and Exception Handling, "Priority Among
 * Simultaneous Exceptions and Interrupts").
 */
public enum EventPriority {
    /** Events that follow from the instruction before and that nothing masks. */
    TRAP_LIKE,
    /** INIT. */
    INIT,
    /** Start-up IPI, seen only while the CPU waits for it. */
    STARTUP,
    /** One step of somebody above the CPU. */
    MONITOR_TRAP,
    /** Debug traps of the instruction before. */
    DEBUG_TRAP,
    /** A timer of somebody above the CPU. */
    TIMER,
    /** The boundary at which an NMI could be taken, if somebody above the CPU waits for it. */
    NMI_WINDOW,
    NMI,
    /** The boundary at which an interrupt could be taken, if somebody above the CPU waits for it. */
    INTERRUPT_WINDOW,
    EXTERNAL_INTERRUPT
}

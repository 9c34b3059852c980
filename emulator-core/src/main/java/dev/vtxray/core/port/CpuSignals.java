package dev.vtxray.core.port;

/**
 * The pins of a CPU: what the interrupt hardware around it may signal. A signal is only remembered; the CPU acts on it
 * at its next instruction boundary, in the order of the manual's priority classes.
 */
public interface CpuSignals {
    /** A non-maskable interrupt arrived. One NMI is remembered while NMIs are blocked. */
    void raiseNmi();

    /** An INIT arrived. */
    void raiseInit();

    /**
     * A Start-up IPI arrived. It is dropped unless the CPU waits for one, or has an INIT before it that will make it wait.
     *
     * @param vector page number (0-255) at which the CPU starts in real mode
     */
    void raiseStartup(int vector);

    /** The answer of the CPU's {@link InterruptSource} may have changed. */
    void interruptsChanged();
}

package dev.vtxray.core.port;

/**
 * The model-specific registers of one range of indices. An access that the manual answers with a general-protection
 * exception throws {@link dev.vtxray.core.cpu.GuestFault#generalProtection()} before anything has changed.
 */
public interface MsrHandler {
    /** Value of the MSR for RDMSR. */
    long read(int index);

    /** Takes the value of a WRMSR. */
    void write(int index, long value);
}

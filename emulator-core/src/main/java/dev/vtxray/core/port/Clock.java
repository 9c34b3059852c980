package dev.vtxray.core.port;

/**
 * Time inside a machine, in cycles. It advances with retired instructions and with what is charged, never with the wall
 * clock, so that the same image and seed always see the same time.
 */
public interface Clock {
    /** Cycles since the machine was built. */
    long now();

    /** Lets {@code cycles} pass that no instruction accounts for. */
    void charge(long cycles);
}

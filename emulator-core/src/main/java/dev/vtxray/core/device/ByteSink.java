package dev.vtxray.core.device;

/** Takes the bytes that a device sends out of the machine. */
@FunctionalInterface
public interface ByteSink {
    /** Takes one byte, 0-255. */
    void accept(int value);
}

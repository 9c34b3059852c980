package dev.vtxray.core.port;

/** A device with registers in physical memory. Offsets count from the start of the range at which it is mapped. */
public interface MmioDevice {
    /**
     * Reads a register.
     *
     * @param offset byte offset in the mapped range
     * @param size   1, 2, 4 or 8 bytes; the access never leaves the page in which it starts
     * @return the value, zero-extended
     */
    long read(long offset, int size);

    /** Writes a register; {@code value} is zero-extended from {@code size} bytes. */
    void write(long offset, int size, long value);
}

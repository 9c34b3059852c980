package dev.vtxray.core.port;

/** A device in the I/O address space. The port number is absolute. */
public interface PortDevice {
    /**
     * Reads from a port.
     *
     * @param port 0-FFFFH
     * @param size 1, 2 or 4 bytes
     * @return the value, zero-extended
     */
    int in(int port, int size);

    /** Writes {@code size} (1, 2 or 4) bytes to a port. */
    void out(int port, int size, int value);
}

package dev.vtxray.core.device;

import dev.vtxray.core.port.PortDevice;

/**
 * A device on an 8-bit bus: it owns some consecutive ports of one byte each, and a wider access is one access per byte,
 * lowest port first. Bytes of a wide access that lie behind its last port read as all ones and are not written.
 */
abstract class BytePorts implements PortDevice {
    private final int first;
    private final int count;

    BytePorts(int first, int count) {
        this.first = first;
        this.count = count;
    }

    /** Reads the register at a distance from the first port. */
    abstract int read(int register);

    /** Writes a byte (0-255) to the register at a distance from the first port. */
    abstract void write(int register, int value);

    @Override
    public int in(int port, int size) {
        int value = 0;
        for (int i = 0; i < size; i++) {
            int register = port + i - first;
            value |= (owns(register) ? read(register) & 0xFF : 0xFF) << 8 * i;
        }
        return value;
    }

    @Override
    public void out(int port, int size, int value) {
        for (int i = 0; i < size; i++) {
            int register = port + i - first;
            if (owns(register)) {
                write(register, value >>> 8 * i & 0xFF);
            }
        }
    }

    private boolean owns(int register) {
        return register >= 0 && register < count;
    }
}

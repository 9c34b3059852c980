package dev.vtxray.core.device;

import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;

/**
 * The firmware configuration interface ("fw_cfg"): a 16-bit write to the first port selects a key, each byte read from
 * the second gives the next byte of its value, lowest first. Unknown keys, and reads behind the end of a value, give
 * zero.
 */
public final class FirmwareConfig extends BytePorts implements Described {
    /** The selector's port; data are read at the next one. */
    public static final int PORT = 0x510;

    public static final int PORTS = 2;

    /** Bytes of RAM, 8 bytes. */
    public static final int RAM_SIZE = 0x03;
    /** Number of CPUs, 2 bytes. */
    public static final int NB_CPUS = 0x05;
    /** Limit of the RAM to be used, 8 bytes; zero: none. */
    public static final int MAX_RAM = 0x11;

    private static final int DATA = 1;

    private final long ramSize;
    private final int cpus;
    private int key;
    private int position;

    /** Tells the guest about RAM of {@code ramSize} bytes and {@code cpus} CPUs. */
    public FirmwareConfig(long ramSize, int cpus) {
        super(PORT, PORTS);
        this.ramSize = ramSize;
        this.cpus = cpus;
    }

    @Override
    public void out(int port, int size, int value) {
        if (port == PORT && size >= 2) {
            key = value & 0xFFFF;
            position = 0;
        }
    }

    @Override
    int read(int register) {
        if (register != DATA || position >= length()) {
            return 0;
        }
        return (int) (value() >>> 8 * position++);
    }

    /** Nothing can be written byte by byte. */
    @Override
    void write(int register, int value) {}

    private int length() {
        return switch (key) {
            case RAM_SIZE, MAX_RAM -> 8;
            case NB_CPUS -> 2;
            default -> 0;
        };
    }

    private long value() {
        return switch (key) {
            case RAM_SIZE -> ramSize;
            case NB_CPUS -> cpus;
            default -> 0;
        };
    }

    @Override
    public void describe(StateVisitor visitor) {
        visitor.value("key", () -> key, value -> key = (int) value);
        visitor.value("position", () -> position, value -> position = (int) value);
    }
}

package dev.vtxray.core.cpu;

import dev.vtxray.core.port.PortDevice;
import java.util.Arrays;

/** The I/O address space of a machine. Ports without a device read as all ones and ignore writes. */
public final class IoSpace {
    private static final PortDevice ABSENT = new PortDevice() {
        @Override
        public int in(int port, int size) {
            return -1;
        }

        @Override
        public void out(int port, int size, int value) {}
    };

    private static final int PORTS = 0x10000;
    private static final int GROUP = 0x100;
    private static final PortDevice[] EMPTY_GROUP = new PortDevice[GROUP];

    static {
        Arrays.fill(EMPTY_GROUP, ABSENT);
    }

    /** Devices by port, 256 ports to a group; groups without a device share one. */
    private final PortDevice[][] groups = new PortDevice[PORTS / GROUP][];

    public IoSpace() {
        Arrays.fill(groups, EMPTY_GROUP);
    }

    /** Lets a device answer at {@code count} ports from {@code first}. */
    public void map(int first, int count, PortDevice device) {
        if (first < 0 || count <= 0 || first + count > PORTS) {
            throw new IllegalArgumentException("ports " + Integer.toHexString(first) + "H+" + count + " do not exist");
        }
        for (int port = first; port < first + count; port++) {
            if (device(port) != ABSENT) {
                throw new IllegalArgumentException("port " + Integer.toHexString(port) + "H is taken already");
            }
            int group = port / GROUP;
            if (groups[group] == EMPTY_GROUP) {
                groups[group] = EMPTY_GROUP.clone();
            }
            groups[group][port % GROUP] = device;
        }
    }

    /** Reads 1, 2 or 4 bytes, zero-extended; the access goes to the device at the first port. */
    public long in(int port, int size) {
        return device(port & 0xFFFF).in(port & 0xFFFF, size) & -1L >>> 64 - 8 * size;
    }

    /** Writes 1, 2 or 4 bytes to the device at the first port. */
    public void out(int port, int size, long value) {
        device(port & 0xFFFF).out(port & 0xFFFF, size, (int) (value & -1L >>> 64 - 8 * size));
    }

    private PortDevice device(int port) {
        return groups[port / GROUP][port % GROUP];
    }
}

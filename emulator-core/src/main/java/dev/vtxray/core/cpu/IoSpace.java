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

    private final PortDevice[] devices = new PortDevice[0x10000];

    public IoSpace() {
        Arrays.fill(devices, ABSENT);
    }

    /** Lets a device answer at {@code count} ports from {@code first}. */
    public void map(int first, int count, PortDevice device) {
        if (first < 0 || count <= 0 || first + count > devices.length) {
            throw new IllegalArgumentException("ports " + Integer.toHexString(first) + "H+" + count + " do not exist");
        }
        for (int port = first; port < first + count; port++) {
            if (devices[port] != ABSENT) {
                throw new IllegalArgumentException("port " + Integer.toHexString(port) + "H is taken already");
            }
            devices[port] = device;
        }
    }

    /** Reads 1, 2 or 4 bytes, zero-extended; the access goes to the device at the first port. */
    public long in(int port, int size) {
        return devices[port & 0xFFFF].in(port & 0xFFFF, size) & -1L >>> 64 - 8 * size;
    }

    /** Writes 1, 2 or 4 bytes to the device at the first port. */
    public void out(int port, int size, long value) {
        devices[port & 0xFFFF].out(port & 0xFFFF, size, (int) (value & -1L >>> 64 - 8 * size));
    }
}

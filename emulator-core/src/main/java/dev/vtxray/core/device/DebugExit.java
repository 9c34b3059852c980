package dev.vtxray.core.device;

import dev.vtxray.core.port.PortDevice;
import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;
import java.util.OptionalInt;

/** The port with which a test program ends the machine: what is written becomes an odd exit status. Reads as zero. */
public final class DebugExit implements PortDevice, Described {
    /** The usual place. */
    public static final int PORT = 0xF4;

    private static final int NONE = -1;

    private final StopRequest request;
    private int status = NONE;

    public DebugExit(StopRequest request) {
        this.request = request;
    }

    /** Exit status of the last write, or empty while nothing was written. */
    public OptionalInt status() {
        return status == NONE ? OptionalInt.empty() : OptionalInt.of(status);
    }

    @Override
    public int in(int port, int size) {
        return 0;
    }

    /** Asks the machine to stop; status 1 is success. */
    @Override
    public void out(int port, int size, int value) {
        status = (value << 1 | 1) & 0xFF;
        request.stop(status);
    }

    @Override
    public void describe(StateVisitor visitor) {
        visitor.value("status", () -> status, value -> status = (int) value);
    }
}

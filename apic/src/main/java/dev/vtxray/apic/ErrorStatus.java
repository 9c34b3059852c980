package dev.vtxray.apic;

import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;

/**
 * The error status register (SDM, Advanced Programmable Interrupt Controller (APIC), Error Handling). Errors collect
 * unseen; a write of the register shows those collected since the write before and arms the error interrupt again.
 */
final class ErrorStatus implements Described {
    static final int SEND_ILLEGAL_VECTOR = 1 << 5;
    static final int RECEIVE_ILLEGAL_VECTOR = 1 << 6;
    static final int ILLEGAL_REGISTER_ADDRESS = 1 << 7;

    private int collected;
    private int shown;
    private boolean armed = true;

    /** Collects an error; true if it is the one that raises the error interrupt. */
    boolean collect(int error) {
        collected |= error;
        boolean raises = armed;
        armed = false;
        return raises;
    }

    /** What a write of the register does, whatever the value. */
    void write() {
        shown = collected;
        collected = 0;
        armed = true;
    }

    int read() {
        return shown;
    }

    void reset() {
        collected = 0;
        shown = 0;
        armed = true;
    }

    @Override
    public void describe(StateVisitor visitor) {
        visitor.value("collected", () -> collected, v -> collected = (int) v);
        visitor.value("shown", () -> shown, v -> shown = (int) v);
        visitor.value("armed", () -> armed ? 1 : 0, v -> armed = v != 0);
    }
}

package dev.vtxray.core.device;

import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;
import java.util.Arrays;

/**
 * Ports that keep what was written and do nothing else: enough for the mask registers of interrupt controllers that
 * never interrupt, for the diagnostic port, and for the A20 gate of a machine whose address line 20 is always on.
 */
public final class LatchedPorts extends BytePorts implements Described {
    /** Interrupt mask of the first and of the second 8259A. */
    public static final int PIC_MASK_1 = 0x21;

    public static final int PIC_MASK_2 = 0xA1;
    /** Diagnostic codes of start-up software. */
    public static final int DIAGNOSTIC = 0x80;
    /** System control port A. */
    public static final int SYSTEM_CONTROL_A = 0x92;
    /** Value of {@link #SYSTEM_CONTROL_A} with address line 20 on. */
    public static final int A20_ON = 2;

    private final byte[] latches;

    /**
     * Some consecutive ports.
     *
     * @param first   the lowest port
     * @param count   how many ports
     * @param initial what each of them reads before it is written, 0-255
     */
    public LatchedPorts(int first, int count, int initial) {
        super(first, count);
        latches = new byte[count];
        Arrays.fill(latches, (byte) initial);
    }

    @Override
    int read(int register) {
        return latches[register];
    }

    @Override
    void write(int register, int value) {
        latches[register] = (byte) value;
    }

    @Override
    public void describe(StateVisitor visitor) {
        visitor.bytes("latches", latches);
    }
}

package dev.vtxray.core.device;

import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;

/**
 * A UART of type 16550A that sends at once and never receives (National Semiconductor PC16550D data sheet).
 *
 * <p>It has no interrupt line; software that looks finds a transmitter that has become empty in the interrupt
 * identification register all the same.
 *
 * <p>Deviation: in loop-back mode bytes are not sent, but neither do they arrive at the receiver, which does not exist.
 */
public final class Uart16550 extends BytePorts implements Described {
    /** First port of the first serial interface. */
    public static final int COM1 = 0x3F8;

    public static final int PORTS = 8;

    // Registers, as distances from the first port. The first two are the divisor while LCR.DLAB is set.
    private static final int THR_RBR = 0;
    private static final int IER = 1;
    private static final int IIR_FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCR = 7;

    private static final int IER_DEFINED = 0x0F;
    private static final int IER_TRANSMITTER_EMPTY = 1 << 1;
    private static final int IIR_NONE_PENDING = 1;
    private static final int IIR_TRANSMITTER_EMPTY = 2;
    private static final int IIR_FIFOS_ENABLED = 0xC0;
    private static final int FCR_FIFO_ENABLE = 1;
    private static final int LCR_DLAB = 1 << 7;
    private static final int MCR_DEFINED = 0x1F;
    private static final int MCR_LOOP = 1 << 4;
    private static final int LSR_THRE_AND_TEMT = 0x60;
    private static final int MSR_CTS_DSR_DCD = 0xB0;

    private final ByteSink sink;
    private int ier;
    private boolean fifosEnabled;
    private int lcr;
    private int mcr;
    private int scr;
    private int divisor = 1;
    private boolean transmitterEmptyPending;

    /** A UART at eight ports from {@code first} whose output goes to {@code sink}. */
    public Uart16550(int first, ByteSink sink) {
        super(first, PORTS);
        this.sink = sink;
    }

    @Override
    int read(int register) {
        return switch (register) {
            case THR_RBR -> dlab() ? divisor & 0xFF : 0;
            case IER -> dlab() ? divisor >> 8 : ier;
            case IIR_FCR -> identifyInterrupt();
            case LCR -> lcr;
            case MCR -> mcr;
            case LSR -> LSR_THRE_AND_TEMT;
            case MSR -> modemStatus();
            default -> scr;
        };
    }

    @Override
    void write(int register, int value) {
        switch (register) {
            case THR_RBR -> {
                if (dlab()) {
                    divisor = divisor & 0xFF00 | value;
                } else {
                    transmit(value);
                }
            }
            case IER -> {
                if (dlab()) {
                    divisor = divisor & 0xFF | value << 8;
                } else {
                    enableInterrupts(value & IER_DEFINED);
                }
            }
            case IIR_FCR -> fifosEnabled = (value & FCR_FIFO_ENABLE) != 0;
            case LCR -> lcr = value;
            case MCR -> mcr = value & MCR_DEFINED;
            case SCR -> scr = value;
            default -> {
                // The status registers are written by factory tests only.
            }
        }
    }

    private boolean dlab() {
        return (lcr & LCR_DLAB) != 0;
    }

    private void transmit(int value) {
        if ((mcr & MCR_LOOP) == 0) {
            sink.accept(value);
        }
        transmitterEmptyPending = true;
    }

    /** The transmitter is empty always, so enabling its interrupt makes it pending. */
    private void enableInterrupts(int value) {
        if ((value & ~ier & IER_TRANSMITTER_EMPTY) != 0) {
            transmitterEmptyPending = true;
        }
        ier = value;
    }

    /** Reading the cause takes it back. */
    private int identifyInterrupt() {
        int fifos = fifosEnabled ? IIR_FIFOS_ENABLED : 0;
        if (transmitterEmptyPending && (ier & IER_TRANSMITTER_EMPTY) != 0) {
            transmitterEmptyPending = false;
            return fifos | IIR_TRANSMITTER_EMPTY;
        }
        return fifos | IIR_NONE_PENDING;
    }

    /** Somebody who is always ready to listen; in loop-back mode the own outputs: CTS, DSR, RI, DCD. */
    private int modemStatus() {
        if ((mcr & MCR_LOOP) == 0) {
            return MSR_CTS_DSR_DCD;
        }
        return (mcr & 1) << 5 | (mcr & 2) << 3 | (mcr & 0xC) << 4;
    }

    @Override
    public void describe(StateVisitor visitor) {
        visitor.value("ier", () -> ier, value -> ier = (int) value);
        visitor.value("fifosEnabled", () -> fifosEnabled ? 1 : 0, value -> fifosEnabled = value != 0);
        visitor.value("lcr", () -> lcr, value -> lcr = (int) value);
        visitor.value("mcr", () -> mcr, value -> mcr = (int) value);
        visitor.value("scr", () -> scr, value -> scr = (int) value);
        visitor.value("divisor", () -> divisor, value -> divisor = (int) value);
        visitor.value(
                "transmitterEmptyPending",
                () -> transmitterEmptyPending ? 1 : 0,
                value -> transmitterEmptyPending = value != 0);
    }
}

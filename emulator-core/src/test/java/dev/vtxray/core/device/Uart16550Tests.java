package dev.vtxray.core.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.state.Snapshot;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class Uart16550Tests {
    private static final int THR = 0x3F8;
    private static final int IER = 0x3F9;
    private static final int IIR = 0x3FA;
    private static final int FCR = 0x3FA;
    private static final int LCR = 0x3FB;
    private static final int MCR = 0x3FC;
    private static final int LSR = 0x3FD;
    private static final int MSR = 0x3FE;
    private static final int SCR = 0x3FF;

    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private final Uart16550 uart = new Uart16550(Uart16550.COM1, sent::write);

    @Test
    void bytesWrittenToTheTransmitterAreSentInOrder() {
        uart.out(THR, 1, 'o');
        uart.out(THR, 1, 'k');
        assertThat(sent.toString(StandardCharsets.US_ASCII)).isEqualTo("ok");
    }

    @Test
    void theTransmitterIsEmptyAlwaysAndNothingIsReceivedEver() {
        assertThat(uart.in(LSR, 1)).isEqualTo(0x60);
        uart.out(THR, 1, 'x');
        assertThat(uart.in(LSR, 1)).isEqualTo(0x60);
        assertThat(uart.in(THR, 1)).isZero();
    }

    @Test
    void withTheDivisorLatchOpenTheFirstTwoRegistersAreTheDivisor() {
        uart.out(IER, 1, 0x01);
        uart.out(LCR, 1, 0x83);
        uart.out(THR, 1, 0x34);
        uart.out(IER, 1, 0x12);
        assertThat(uart.in(THR, 1)).isEqualTo(0x34);
        assertThat(uart.in(IER, 1)).isEqualTo(0x12);
        uart.out(LCR, 1, 0x03);
        assertThat(uart.in(IER, 1)).isEqualTo(0x01);
        assertThat(uart.in(LCR, 1)).isEqualTo(0x03);
        assertThat(sent.size()).isZero();
    }

    @Test
    void theScratchRegisterKeepsWhatIsWritten() {
        uart.out(SCR, 1, 0xA5);
        assertThat(uart.in(SCR, 1)).isEqualTo(0xA5);
    }

    @Test
    void interruptEnableAndModemControlKeepOnlyBitsThatExist() {
        uart.out(IER, 1, 0xFF);
        uart.out(MCR, 1, 0xFF);
        assertThat(uart.in(IER, 1)).isEqualTo(0x0F);
        assertThat(uart.in(MCR, 1)).isEqualTo(0x1F);
    }

    @Test
    void noInterruptIsPendingUntilTheTransmitterInterruptIsEnabled() {
        uart.out(THR, 1, 'x');
        assertThat(uart.in(IIR, 1)).isEqualTo(0x01);
        uart.out(IER, 1, 0x02);
        assertThat(uart.in(IIR, 1)).isEqualTo(0x02);
    }

    @Test
    void readingTheCauseTakesItBackUntilTheNextByte() {
        uart.out(IER, 1, 0x02);
        assertThat(uart.in(IIR, 1)).isEqualTo(0x02);
        assertThat(uart.in(IIR, 1)).isEqualTo(0x01);
        uart.out(THR, 1, 'x');
        assertThat(uart.in(IIR, 1)).isEqualTo(0x02);
    }

    @Test
    void enabledFifosShowInTheInterruptIdentification() {
        uart.out(FCR, 1, 0x07);
        assertThat(uart.in(IIR, 1)).isEqualTo(0xC1);
        uart.out(FCR, 1, 0x00);
        assertThat(uart.in(IIR, 1)).isEqualTo(0x01);
    }

    @Test
    void somebodyListensAtTheOtherEnd() {
        assertThat(uart.in(MSR, 1)).isEqualTo(0xB0);
    }

    @Test
    void inLoopBackModeTheModemStatusShowsTheModemControlAndNothingIsSent() {
        uart.out(MCR, 1, 0x1A);
        assertThat(uart.in(MSR, 1)).as("RTS at CTS, OUT2 at DCD").isEqualTo(0x90);
        uart.out(MCR, 1, 0x15);
        assertThat(uart.in(MSR, 1)).as("DTR at DSR, OUT1 at RI").isEqualTo(0x60);
        uart.out(THR, 1, 'x');
        assertThat(sent.size()).isZero();
    }

    @Test
    void aWideAccessIsOneAccessForEachByte() {
        uart.out(MCR, 4, 0x5A00_0003);
        assertThat(uart.in(MCR, 4)).isEqualTo(0x5AB0_6003);
    }

    @Test
    void bytesBehindTheLastRegisterReadAsOnes() {
        uart.out(SCR, 1, 0x12);
        assertThat(uart.in(SCR, 2)).isEqualTo(0xFF12);
    }

    @Test
    void aRestoredUartBehavesLikeTheSavedOne() {
        uart.out(LCR, 1, 0x80);
        uart.out(THR, 1, 0x0C);
        uart.out(LCR, 1, 0x1B);
        uart.out(IER, 1, 0x02);
        uart.out(FCR, 1, 0x01);
        uart.out(SCR, 1, 0x77);
        uart.out(MCR, 1, 0x0B);
        Uart16550 other = new Uart16550(Uart16550.COM1, sent::write);
        Snapshot.of(uart).restoreTo(other);
        for (int port = SCR; port >= THR; port--) {
            assertThat(other.in(port, 1)).as("port %X", port).isEqualTo(uart.in(port, 1));
        }
        other.out(LCR, 1, 0x80);
        assertThat(other.in(THR, 1)).isEqualTo(0x0C);
    }
}

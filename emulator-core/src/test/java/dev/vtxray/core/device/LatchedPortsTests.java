package dev.vtxray.core.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.state.Snapshot;
import org.junit.jupiter.api.Test;

class LatchedPortsTests {
    @Test
    void aPortReadsItsInitialValueThenWhatWasWritten() {
        LatchedPorts port = new LatchedPorts(LatchedPorts.SYSTEM_CONTROL_A, 1, LatchedPorts.A20_ON);
        assertThat(port.in(0x92, 1)).isEqualTo(2);
        port.out(0x92, 1, 0xFF);
        assertThat(port.in(0x92, 1)).isEqualTo(0xFF);
    }

    @Test
    void neighboursAreIndependent() {
        LatchedPorts ports = new LatchedPorts(0x80, 4, 0);
        ports.out(0x81, 2, 0xBBAA);
        assertThat(ports.in(0x80, 4)).isEqualTo(0x00BB_AA00);
    }

    @Test
    void latchesAreState() {
        LatchedPorts ports = new LatchedPorts(LatchedPorts.PIC_MASK_1, 1, 0);
        ports.out(LatchedPorts.PIC_MASK_1, 1, 0xFB);
        LatchedPorts other = new LatchedPorts(LatchedPorts.PIC_MASK_1, 1, 0);
        Snapshot.of(ports).restoreTo(other);
        assertThat(other.in(LatchedPorts.PIC_MASK_1, 1)).isEqualTo(0xFB);
    }
}

package dev.vtxray.core.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.state.Snapshot;
import org.junit.jupiter.api.Test;

class FirmwareConfigTests {
    private static final int SELECTOR = 0x510;
    private static final int DATA = 0x511;

    private final FirmwareConfig config = new FirmwareConfig(0x1_2345_6000L, 259);

    private long read(int key, int bytes) {
        config.out(SELECTOR, 2, key);
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (long) config.in(DATA, 1) << 8 * i;
        }
        return value;
    }

    @Test
    void ramSizeHasEightBytes() {
        assertThat(read(3, 8)).isEqualTo(0x1_2345_6000L);
    }

    @Test
    void theNumberOfCpusHasTwoBytes() {
        assertThat(read(5, 2)).isEqualTo(259);
    }

    @Test
    void theLimitOfRamIsZero() {
        assertThat(read(0x11, 8)).isZero();
    }

    @Test
    void readsBehindTheEndAndUnknownKeysGiveZero() {
        assertThat(read(5, 8)).isEqualTo(259);
        assertThat(read(0x19, 8)).isZero();
        assertThat(read(0xFFFF, 8)).isZero();
    }

    @Test
    void selectingAKeyBeginsItsValueAnew() {
        read(5, 1);
        assertThat(read(5, 2)).isEqualTo(259);
    }

    @Test
    void writesToTheDataPortAndByteWritesToTheSelectorChangeNothing() {
        config.out(SELECTOR, 2, 5);
        config.out(SELECTOR, 1, 3);
        config.out(DATA, 1, 3);
        assertThat(config.in(DATA, 1)).isEqualTo(3);
        assertThat(config.in(DATA, 1)).isEqualTo(1);
    }

    @Test
    void theSelectorReadsAsZero() {
        assertThat(config.in(SELECTOR, 1)).isZero();
    }

    @Test
    void aRestoredDeviceGoesOnInTheMiddleOfAValue() {
        read(5, 1);
        FirmwareConfig other = new FirmwareConfig(0x1_2345_6000L, 259);
        Snapshot.of(config).restoreTo(other);
        assertThat(other.in(DATA, 1)).isEqualTo(1);
    }
}

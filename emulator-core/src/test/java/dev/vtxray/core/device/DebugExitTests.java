package dev.vtxray.core.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.state.Snapshot;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DebugExitTests {
    private final List<Integer> requests = new ArrayList<>();
    private final DebugExit exit = new DebugExit(requests::add);

    /** The results that the test programs' own scripts know. */
    @ParameterizedTest
    @CsvSource({"0, 1", "1, 3", "38, 77", "63, 127", "0x80, 1", "0xFFFFFFFF, 255"})
    void theStatusIsTwiceTheCodePlusOneInEightBits(String code, int status) {
        exit.out(DebugExit.PORT, 4, Long.decode(code).intValue());
        assertThat(requests).containsExactly(status);
        assertThat(exit.status()).hasValue(status);
    }

    @Test
    void beforeTheFirstWriteThereIsNoStatus() {
        assertThat(exit.in(DebugExit.PORT, 1)).isZero();
        assertThat(exit.status()).isEmpty();
        assertThat(requests).isEmpty();
    }

    @Test
    void theStatusIsRestoredWithoutAskingForAStopAgain() {
        exit.out(DebugExit.PORT, 1, 1);
        DebugExit other = new DebugExit(requests::add);
        Snapshot.of(exit).restoreTo(other);
        assertThat(other.status()).hasValue(3);
        assertThat(requests).hasSize(1);
    }
}

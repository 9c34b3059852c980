package dev.vtxray.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.machine.StopReason;
import dev.vtxray.testkit.guests.BenchGuest;
import dev.vtxray.testkit.guests.GuestFile;
import dev.vtxray.testkit.pc.BootImage;
import dev.vtxray.testkit.pc.Pc;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LockStepTests {
    private static final StopReason SUCCESS = new StopReason.GuestExit(1);

    @ParameterizedTest
    @CsvSource({"alu, 0, 2000", "mem, 1, 1", "fib, 0, 1", "sha, 0, 1", "sort, 0, 1", "flat, 0, 5"})
    void benchmarksRunTheSameInBlocksAndStepByStep(String name, int variant, int iterations) {
        BenchGuest guest = new BenchGuest(name, variant, 0, 0);
        LockStep lockStep = new LockStep(() -> {
            Pc pc = Pc.builder().build();
            guest.start(pc, iterations);
            return pc;
        });
        assertThat(lockStep.compare(name.hashCode(), 500_000, 20_000_000)).isEqualTo(SUCCESS);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void theMultibootImageRunsTheSameInBlocksAndStepByStep(long seed) {
        LockStep lockStep = new LockStep(() -> {
            Pc pc = Pc.builder().cpus(2).build();
            BootImage.parse(GuestFile.read("mboot.elf")).start(pc, "mboot", List.of());
            return pc;
        });
        assertThat(lockStep.compare(seed, 100, 200_000)).isEqualTo(SUCCESS);
    }
}

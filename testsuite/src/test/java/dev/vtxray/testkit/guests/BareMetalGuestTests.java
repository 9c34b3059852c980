package dev.vtxray.testkit.guests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.machine.StopReason;
import dev.vtxray.testkit.pc.BootImage;
import dev.vtxray.testkit.pc.Pc;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The guest programs on bare hardware, compared with what the same sources do elsewhere. */
class BareMetalGuestTests {
    private static final StopReason SUCCESS = new StopReason.GuestExit(1);
    private static final StopReason NO_SECOND_CPU = new StopReason.GuestExit(7);

    private final StringBuilder serial = new StringBuilder();

    @Test
    void helloSaysHello() {
        Pc pc = pc(1);
        start(pc, "hello.elf");
        assertThat(pc.run(10_000)).isEqualTo(SUCCESS);
        assertThat(serial).hasToString("Hello from VTXray\n");
    }

    @Test
    void theMultibootImageFindsNoSecondProcessor() {
        Pc pc = pc(1);
        start(pc, "mboot.elf");
        assertThat(pc.run(100_000_000)).isEqualTo(NO_SECOND_CPU);
        assertThat(serial)
                .hasToString(
                        """
                VTXray multiboot test
                command line: mboot.elf a b
                ud2: ok
                int3: ok
                no ap
                """);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 8})
    void theMultibootImageStartsOtherProcessors(int cpus) {
        Pc pc = pc(cpus);
        start(pc, "mboot.elf");
        assertThat(pc.run(1_000_000)).isEqualTo(SUCCESS);
        assertThat(serial)
                .hasToString(
                        """
                VTXray multiboot test
                command line: mboot.elf a b
                ud2: ok
                int3: ok
                ap online
                """);
    }

    @ParameterizedTest
    @CsvSource({"0, false", "0, true", "1, false", "2, false", "2, true"})
    void twoProcessorsPlayPingPong(int waitMode, boolean x2apic) {
        int rounds = 51;
        Pc pc = pc(2);
        if (x2apic) {
            enableX2Apic(pc);
        }
        PingPong game = PingPong.start(pc, rounds, waitMode, x2apic);
        assertThat(pc.run(50_000_000)).isEqualTo(SUCCESS);
        assertThat(game.sent(0)).isEqualTo(26).isEqualTo(game.received(1));
        assertThat(game.sent(1)).isEqualTo(25).isEqualTo(game.received(0));
        assertThat(game.digest(0)).isEqualTo(PingPong.chain(rounds * PingPong.WORK));
        assertThat(game.digest(1)).isEqualTo(PingPong.chain((rounds - 1) * PingPong.WORK));
    }

    /** The checksums were computed by the same C sources, compiled for and run on the build machine. */
    @ParameterizedTest
    @CsvSource(
            textBlock =
                    """
            alu,  0, 3000, 6c81f909574d58c4
            mem,  0,    1, f00afcc237ea2625
            mem,  1,    2, fa7a2bbe92d403d8
            fib,  0,    3, 74875aae13464c27
            sha,  0,    1, 2052a63d5f6051d0
            sort, 0,    1, a5d726827b749de7
            flat, 0,   10, c19b48c6380bbe94
            """)
    void benchmarksComputeWhatTheSameSourceComputesNatively(String name, int variant, int iterations, String checksum) {
        Pc pc = pc(1);
        new BenchGuest(name, variant, 0, 0).start(pc, iterations);
        assertThat(pc.run(50_000_000)).isEqualTo(SUCCESS);
        assertThat(BenchGuest.hasFinished(pc)).isTrue();
        assertThat(Long.toHexString(BenchGuest.checksumOn(pc)))
                .isEqualTo(Long.toHexString(Long.parseUnsignedLong(checksum, 16)));
    }

    private Pc pc(int cpus) {
        return Pc.builder()
                .cpus(cpus)
                .serial(value -> serial.append((char) value))
                .build();
    }

    private static void start(Pc pc, String file) {
        BootImage.parse(GuestFile.read(file)).start(pc, file + " a b", List.of());
    }

    private static void enableX2Apic(Pc pc) {
        for (int cpu = 0; cpu < 2; cpu++) {
            long base = pc.cpu(cpu).msrs.read(0x1B);
            pc.cpu(cpu).msrs.write(0x1B, base | 0xC00);
        }
    }
}

package dev.vtxray.testkit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class BenchCommandTests {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void helpNamesEveryBenchmark() {
        assertThat(run("bench", "--help")).isZero();
        assertThat(out.toString().replaceAll("\\s+", " "))
                .contains("alu, mem-copy, mem-chase, fib, sha, sort, flat, cpuid-exit, cpuid-exit-ept-vpid, machine");
    }

    @Test
    void anUnknownBenchmarkIsRefusedBeforeAnythingRuns() {
        assertThat(run("bench", "machine", "chess")).isEqualTo(2);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith("vtxray bench: chess: no such benchmark; there are alu, ");
    }

    private int run(String... args) {
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }
}

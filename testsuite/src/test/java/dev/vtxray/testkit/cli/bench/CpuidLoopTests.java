package dev.vtxray.testkit.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.machine.StopReason;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.testkit.pc.RunStatistics;
import dev.vtxray.vmx.control.ExitReason;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpuidLoopTests {

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theGuestExitsForCpuidAndForNothingElse(boolean ept) {
        Pc pc = CpuidLoop.start(ept);
        RunStatistics statistics = new RunStatistics(pc);
        assertThat(pc.run(10_000).kind()).isEqualTo(StopReason.Kind.BUDGET_EXHAUSTED);
        assertThat(statistics.exits()).containsOnlyKeys(ExitReason.CPUID);
        assertThat(statistics.exits().get(ExitReason.CPUID)).isGreaterThan(1000);
    }
}

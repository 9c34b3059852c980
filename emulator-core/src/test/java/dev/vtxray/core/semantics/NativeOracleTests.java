package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.vtxray.core.isa.Row;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NativeOracleTests {
    private static final int CASES_PER_ROW = 150;

    @BeforeEach
    void needsTheProcessorUnderTheJvm() {
        assumeTrue(NativeOracle.isAvailable(), "gcc is not installed, or this is not Linux on x86-64");
    }

    static Stream<String> mnemonics() {
        return NativeComparison.rows().stream().map(Row::mnemonic).distinct();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mnemonics")
    void instructionDoesWhatTheProcessorDoes(String mnemonic) throws Exception {
        List<Row> rows = NativeComparison.rows().stream()
                .filter(row -> row.mnemonic().equals(mnemonic))
                .toList();
        NativeComparison.assertSame(NativeComparison.cases(rows, mnemonic.hashCode(), CASES_PER_ROW), 1);
    }

    @Test
    void oracleTellsARightResultFromAWrongOne() throws Exception {
        List<Row> rows = NativeComparison.rows().stream()
                .filter(row -> row.mnemonic().equals("ADD"))
                .toList();
        List<NativeCase> cases = NativeComparison.cases(rows, 1, 20);
        List<NativeCase.Outcome> outcomes = NativeOracle.run(cases);
        List<NativeCase> others = NativeComparison.cases(rows, 2, 20);
        assertThat(outcomes).hasSameSizeAs(cases);
        assertThat(NativeOracle.run(others).get(0).show(8, NativeCase.FLAGS))
                .isNotEqualTo(outcomes.get(0).show(8, NativeCase.FLAGS));
    }
}

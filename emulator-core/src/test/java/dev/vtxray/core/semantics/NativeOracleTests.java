package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.isa.Row;
import java.util.Arrays;
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
    void oracleAddsFiveAndSeven() throws Exception {
        Row add = NativeComparison.rows().stream()
                .filter(row -> row.toString().equals("ADD Ev,Gv"))
                .findFirst()
                .orElseThrow();
        byte[] code = Arrays.copyOf(new byte[] {0x48, 0x01, (byte) 0xC8, (byte) 0xCC}, 16);
        long[] registers = {5, 7, 0, 0, NativeCase.WINDOW, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        NativeCase given = new NativeCase(add, 8, code, 3, registers, 0, new byte[NativeCase.MEMORY_SIZE]);

        NativeCase.Outcome outcome = NativeOracle.run(List.of(given)).get(0);

        assertThat(outcome.vector()).isEqualTo(NativeCase.EXECUTED);
        assertThat(outcome.rip()).isEqualTo(3);
        assertThat(outcome.registers()).startsWith(12, 7);
        assertThat(outcome.flags()).isEqualTo(Flags.PF);
    }
}

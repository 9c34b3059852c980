package dev.vtxray.nested.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CostTableTests {

    @Test
    void processorsAreThoseOfTheCollection() {
        assertThat(CostTable.load().cpus()).containsExactly("nehalem", "ivybridge-ep", "haswell-ep", "skylake-sp");
    }

    @ParameterizedTest
    @EnumSource
    void aGenerationOfSoftwareSetsTheWorldSwitchOfHaswell(SoftwareGeneration software) {
        CostColumn haswell = CostTable.load().column("haswell-ep", software);
        double[] entryAndExit =
                switch (software) {
                    case KVM_OLD -> new double[] {15_000, 15_000};
                    case KVM_2019 -> new double[] {5_000, 4_500};
                    case KVM_MITIGATED -> new double[] {11_000, 11_000};
                };
        assertThat(haswell.get(Cost.NESTED_ENTRY).value()).isEqualTo(entryAndExit[0]);
        assertThat(haswell.get(Cost.NESTED_EXIT).value()).isEqualTo(entryAndExit[1]);
    }

    @Test
    void everyValueSaysWhereItComesFrom() {
        CostColumn ivyBridge = CostTable.load().column("ivybridge-ep", SoftwareGeneration.KVM_2019);
        CostValue software = ivyBridge.get(Cost.L0_NULL_EXIT);
        assertThat(software.value()).isEqualTo(550);
        assertThat(software.low()).isEqualTo(400);
        assertThat(software.high()).isEqualTo(850);
        assertThat(software.mark()).isEqualTo(Mark.D);
        assertThat(software.source()).contains("ISCA'16");
    }

    @Test
    void unknownProcessorIsRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> CostTable.load().column("486", SoftwareGeneration.KVM_OLD))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no costs are known for CPU \"486\"; known are "
                        + "nehalem, ivybridge-ep, haswell-ep, skylake-sp");
    }

    @Test
    void aRowThereTwiceIsNamedWithItsLine() {
        List<String> lines = lines();
        lines.add("vmread, 1 D, 1 D, 1 D, 1 D, again");
        assertRefused(lines, "my.csv:" + lines.size() + ": \"vmread\" is there twice");
    }

    @Test
    void aMissingRowIsNamed() {
        List<String> lines = lines();
        lines.removeIf(line -> line.startsWith("native-ipi"));
        assertRefused(lines, "my.csv: rows missing: [native-ipi]; rows that nobody knows: []");
    }

    @Test
    void anUnknownRowIsNamed() {
        List<String> lines = lines();
        lines.add("teleport, 1 D, 1 D, 1 D, 1 D, none");
        assertRefused(lines, "my.csv: rows missing: []; rows that nobody knows: [teleport]");
    }

    @Test
    void aMalformedCellIsNamed() {
        List<String> lines = lines();
        lines.replaceAll(line -> line.startsWith("vmptrld") ? "vmptrld, 1 D, 1 D, many, 1 D, none" : line);
        assertRefused(lines, "my.csv, row vmptrld: \"many\" is not like \"780 (700-900) D\" or \"780 D\"");
    }

    @Test
    void aDefaultOutsideItsRangeIsRefused() {
        List<String> lines = lines();
        lines.replaceAll(line -> line.startsWith("vmptrld") ? "vmptrld, 1 (2-3) D, 1 D, 1 D, 1 D, none" : line);
        assertRefused(lines, "my.csv, row vmptrld: a cost is at least 0 and inside its range, not 1.0 in 2.0 to 3.0");
    }

    @Test
    void aShortRowIsNamedWithItsLine() {
        List<String> lines = lines();
        lines.add("vmread, 1 D");
        assertRefused(lines, "my.csv:" + lines.size() + ": has 2 columns, not 6");
    }

    @Test
    void theHeaderIsRequired() {
        assertRefused(List.of("vmread, 1 D"), "my.csv:1: the header names operation, the processors, and source");
    }

    private static void assertRefused(List<String> lines, String message) {
        assertThatThrownBy(() -> CostTable.parse(lines, "my.csv"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static List<String> lines() {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(CostTable.class.getResourceAsStream("costs.csv")), StandardCharsets.UTF_8))) {
            return new ArrayList<>(reader.lines().toList());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}

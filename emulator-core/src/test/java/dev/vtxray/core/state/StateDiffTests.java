package dev.vtxray.core.state;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.core.state.StateDiff.Difference;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class StateDiffTests {
    private final SampleState state = new SampleState();
    private final Snapshot before = Snapshot.of(state);

    private StateDiff diff() {
        return StateDiff.between(before, Snapshot.of(state));
    }

    @Test
    void equalStatesHaveNoDifference() {
        assertThat(diff().isEmpty()).isTrue();
        assertThat(diff()).hasToString("");
    }

    @Test
    void everyDifferenceNamesItemAndBothValues() {
        state.scalar = 0xAB;
        state.longs[1] = -1;
        state.bytes[1] = 0x10;
        state.bytes[2] = 0x11;
        assertThat(diff().differences())
                .containsExactly(
                        new Difference("scalar", "1H", "ABH"),
                        new Difference("longs[1]", "3H", "FFFFFFFFFFFFFFFFH"),
                        new Difference("section.bytes[1H]", "05 06", "10 11"));
    }

    @Test
    void memoryDifferencesCarryTheirAddress() {
        PhysicalMemory memory = new PhysicalMemory(1 << 20);
        memory.write(0x3004, 2, 0x0201);
        Snapshot first = Snapshot.of(memory);
        memory.write(0x3004, 2, 0);
        memory.write(0x5FFF, 2, 0x0403);
        assertThat(StateDiff.between(first, Snapshot.of(memory)).differences())
                .containsExactly(
                        new Difference("ram[3004H]", "01 02", "00 00"),
                        new Difference("ram[5FFFH]", "00", "03"),
                        new Difference("ram[6000H]", "00", "04"));
    }

    @Test
    void itemsThatOnlyOneSideHasAreNamed() {
        Snapshot other = Snapshot.of(visitor -> visitor.value("other", () -> 0, value -> {}));
        assertThat(StateDiff.between(other, before).toString())
                .contains("other: present -> absent")
                .contains("scalar: absent -> present");
    }

    @Test
    void aLongListIsCutAndSaysSo() {
        long[] array = new long[50];
        Described component = visitor -> visitor.longs("x", array);
        Snapshot zeros = Snapshot.of(component);
        Arrays.fill(array, 1);
        StateDiff diff = StateDiff.between(zeros, Snapshot.of(component));
        assertThat(diff.differences()).hasSize(50);
        assertThat(diff.toString()).contains("x[39]").doesNotContain("x[40]").endsWith("... and 10 more");
    }
}

package dev.vtxray.core.state;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.memory.PhysicalMemory;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class SnapshotProperties {
    private static final int RAM = 8 << 12;

    private static void write(PhysicalMemory memory, List<Integer> addresses, int value) {
        for (int address : addresses) {
            memory.write(address, 4, value + address & 0xFF);
        }
    }

    @Property(tries = 200)
    void anyMemoryIsRestoredFromAnyOther(
            @ForAll @Size(max = 20) List<@IntRange(max = RAM - 4) Integer> first,
            @ForAll @Size(max = 20) List<@IntRange(max = RAM - 4) Integer> second) {
        PhysicalMemory memory = new PhysicalMemory(RAM);
        write(memory, first, 1);
        byte[] bytes = memory.readBytes(0, RAM);
        Snapshot snapshot = Snapshot.of(memory);
        String digest = Digest.of(memory);
        write(memory, second, 77);
        byte[] changed = memory.readBytes(0, RAM);

        boolean same = Arrays.equals(bytes, changed);
        assertThat(Snapshot.of(memory).equals(snapshot)).isEqualTo(same);
        assertThat(Digest.of(memory).equals(digest)).isEqualTo(same);
        assertThat(StateDiff.between(snapshot, Snapshot.of(memory)).isEmpty()).isEqualTo(same);

        snapshot.restoreTo(memory);
        assertThat(memory.readBytes(0, RAM)).isEqualTo(bytes);
        assertThat(Digest.of(memory)).isEqualTo(digest);
    }
}

package dev.vtxray.core.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.IoSpace;
import dev.vtxray.core.loader.LoadedImage;
import dev.vtxray.core.loader.MultibootLoader;
import dev.vtxray.core.memory.PhysicalMemory;
import java.util.List;
import org.junit.jupiter.api.Test;

class SnapshotTests {
    private final SampleState state = new SampleState();

    private static void change(SampleState state) {
        state.scalar = -1;
        state.longs[1] = Long.MIN_VALUE;
        state.bytes[3] = 99;
        state.inner = 0;
    }

    @Test
    void restoringBringsBackEveryItem() {
        Snapshot before = Snapshot.of(state);
        change(state);
        before.restoreTo(state);
        assertThat(state.scalar).isEqualTo(1);
        assertThat(state.longs).containsExactly(2, 3);
        assertThat(state.bytes).containsExactly(4, 5, 6, 7);
        assertThat(state.inner).isEqualTo(8);
    }

    @Test
    void aSnapshotDoesNotChangeWithTheComponent() {
        Snapshot before = Snapshot.of(state);
        change(state);
        assertThat(before).isNotEqualTo(Snapshot.of(state)).isEqualTo(Snapshot.of(new SampleState()));
    }

    @Test
    void theComponentIsToldOnceAfterAllItemsAreWritten() {
        Snapshot.of(state).restoreTo(state);
        assertThat(state.restoredCalls).isEqualTo(1);
    }

    @Test
    void aComponentOfAnotherShapeIsRefusedAndKeepsItsState() {
        Snapshot snapshot =
                Snapshot.of(new StateGroup().add("a", new SampleState()).add("b", new TraceDigest()));
        change(state);
        Snapshot changed = Snapshot.of(state);
        assertThatThrownBy(() ->
                        snapshot.restoreTo(new StateGroup().add("a", state).add("c", new TraceDigest())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("c.hash")
                .hasMessageContaining("b.hash");
        assertThatThrownBy(() -> snapshot.restoreTo(new StateGroup().add("a", state)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("b.hash");
        assertThat(Snapshot.of(state)).isEqualTo(changed);
    }

    @Test
    void arraysOfAnotherLengthAreRefused() {
        Described two = visitor -> visitor.longs("x", new long[2]);
        Described three = visitor -> visitor.longs("x", new long[3]);
        assertThatThrownBy(() -> Snapshot.of(two).restoreTo(three))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("x has 3 elements, the one in the snapshot 2");
    }

    @Test
    void namesInAGroupAreUnique() {
        StateGroup group = new StateGroup().add("a", state);
        assertThatThrownBy(() -> group.add("a", state))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("named a");
    }

    @Test
    void aSnapshotOfAHugeMemoryCopiesOnlyPagesThatAreNotZero() {
        PhysicalMemory memory = new PhysicalMemory(16L << 30);
        memory.write(0x3_1234_5678L, 8, -1);
        memory.write(0x2000, 8, 5);
        memory.write(0x2000, 8, 0);
        Snapshot snapshot = Snapshot.of(memory);
        assertThat(snapshot.size()).isEqualTo(4096);
    }

    @Test
    void restoredMemoryIsZeroWhereItWas() {
        PhysicalMemory memory = new PhysicalMemory(1 << 20);
        memory.write(0x1000, 8, 1);
        Snapshot snapshot = Snapshot.of(memory);
        memory.write(0x1004, 8, -1);
        memory.write(0x5000, 8, 2);
        snapshot.restoreTo(memory);
        assertThat(memory.read(0x1000, 8)).isEqualTo(1);
        assertThat(memory.read(0x1008, 8)).isZero();
        assertThat(memory.read(0x5000, 8)).isZero();
        assertThat(Snapshot.of(memory)).isEqualTo(snapshot);
    }

    @Test
    void memoryOfAnotherSizeIsRefused() {
        Snapshot snapshot = Snapshot.of(new PhysicalMemory(1 << 20));
        assertThatThrownBy(() -> snapshot.restoreTo(new PhysicalMemory(1 << 21)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2097152");
    }

    @Test
    void aRestoredCpuHasTheModeOfTheSavedOne() {
        PhysicalMemory memory = new PhysicalMemory(1 << 20);
        Cpu cpu = new Cpu(0, memory, new IoSpace());
        Snapshot real = Snapshot.of(cpu);
        MultibootLoader.enter(cpu, new LoadedImage(32, 0x1000, List.of(), 0));
        Snapshot flat = Snapshot.of(cpu);
        real.restoreTo(cpu);
        assertThat(cpu.codeSize).isEqualTo(2);
        assertThat(cpu.segBase[1]).isEqualTo(0xFFFF_0000L);
        flat.restoreTo(cpu);
        assertThat(cpu.codeSize).isEqualTo(4);
        assertThat(cpu.stackMask).isEqualTo(0xFFFF_FFFFL);
        assertThat(Snapshot.of(cpu)).isEqualTo(flat);
    }
}

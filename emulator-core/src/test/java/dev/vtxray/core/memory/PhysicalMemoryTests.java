package dev.vtxray.core.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.port.MmioDevice;
import dev.vtxray.core.state.Snapshot;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PhysicalMemoryTests {
    private static final long SIZE = 1 << 20;

    private static final MmioDevice ZERO = new MmioDevice() {
        @Override
        public long read(long offset, int size) {
            return 0;
        }

        @Override
        public void write(long offset, int size, long value) {}
    };

    private final PhysicalMemory memory = new PhysicalMemory(SIZE);
    private final RamPage code = page(0x3000);

    private RamPage page(long hpa) {
        RamPage page = memory.page(hpa);
        assertThat(page).isNotNull();
        return page;
    }

    @BeforeEach
    void firstLineOfThePageIsDecodedCode() {
        memory.write(0x3000, 8, 0x1111);
        code.codeLines = 1;
    }

    @Test
    void ramEndsWhereItsSizeSays() {
        assertThat(memory.isRam(0, SIZE)).isTrue();
        assertThat(memory.isRam(SIZE - 1, 1)).isTrue();
        assertThat(memory.isRam(SIZE - 1, 2)).isFalse();
        assertThat(memory.isRam(1, Long.MAX_VALUE)).isFalse();
        assertThat(memory.isRam(-1, 1)).isFalse();
        assertThat(memory.isRam(0, -1)).isFalse();
    }

    @Test
    void whereADeviceAnswersThereIsNoRam() {
        memory.map(0x8000, 0x1000, ZERO);
        assertThat(memory.isRam(0x7000, 0x1000)).isTrue();
        assertThat(memory.isRam(0x7000, 0x1001)).isFalse();
        assertThat(memory.isRam(0x8FFF, 1)).isFalse();
        assertThat(memory.isRam(0x9000, 0x1000)).isTrue();
    }

    @Test
    void clearingZeroesExactlyTheRange() {
        memory.write(0x4FF8, 8, -1);
        memory.write(0x5000, 8, -1);
        memory.write(0x6000, 8, -1);
        memory.clear(0x4FFC, 0x1005);
        assertThat(memory.read(0x4FF8, 8)).isEqualTo(0xFFFF_FFFFL);
        assertThat(memory.read(0x5000, 8)).isZero();
        assertThat(memory.read(0x6000, 8)).isEqualTo(0xFFFF_FFFF_FFFF_FF00L);
    }

    @Test
    void clearingDropsDecodedCodeOnlyWhereItIs() {
        memory.clear(0x3040, 0x1000);
        assertThat(code.codeLines).isEqualTo(1);
        memory.clear(0x303F, 1);
        assertThat(code.codeLines).isZero();
    }

    @Test
    void restoringKeepsDecodedCodeWhereTheBytesStayTheSame() {
        Snapshot snapshot = Snapshot.of(memory);
        memory.write(0x5000, 8, 1);
        snapshot.restoreTo(memory);
        assertThat(code.codeLines).isEqualTo(1);
    }

    @Test
    void restoringDropsDecodedCodeWhereTheBytesChange() {
        Snapshot snapshot = Snapshot.of(memory);
        memory.write(0x3800, 8, 1);
        assertThat(code.codeLines).as("data beside code").isEqualTo(1);
        snapshot.restoreTo(memory);
        assertThat(code.codeLines).isZero();
    }

    @Test
    void restoringDropsDecodedCodeOfPagesThatBecomeZero() {
        Snapshot empty = Snapshot.of(new PhysicalMemory(SIZE));
        empty.restoreTo(memory);
        assertThat(code.codeLines).isZero();
        assertThat(memory.read(0x3000, 8)).isZero();
    }

    @Test
    void ramBehindADeviceIsStateToo() {
        memory.write(0x8000, 8, 7);
        memory.map(0x8000, 0x1000, ZERO);
        Snapshot snapshot = Snapshot.of(memory);
        PhysicalMemory other = new PhysicalMemory(SIZE);
        other.map(0x8000, 0x1000, ZERO);
        snapshot.restoreTo(other);
        other.unmap(0x8000);
        assertThat(other.read(0x8000, 8)).isEqualTo(7);
    }

    @Test
    void blocksAreShownByRisingAddressesAndOnlyIfNotZero() {
        PhysicalMemory large = new PhysicalMemory(16L << 30);
        large.write(0x3_0000_0000L, 1, 1);
        large.write(0x1000, 1, 1);
        large.write(0x2000, 1, 0);
        List<Long> addresses = new ArrayList<>();
        large.forEachBlock((address, bytes) -> addresses.add(address));
        assertThat(addresses).containsExactly(0x1000L, 0x3_0000_0000L);
    }
}

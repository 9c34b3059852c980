package dev.vtxray.apic.virtual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vtxray.core.cpu.GuestFault;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** RDMSR and WRMSR of the x2APIC registers. */
class VirtualX2ApicTests {
    private final VirtualBench bench = new VirtualBench(VirtualBench.ALL);
    private final VirtualX2Apic x2Apic = bench.x2Apic;

    private List<Integer> virtualizedReads() {
        List<Integer> indices = new ArrayList<>();
        for (int index = 0x7FF; index <= 0xC00; index++) {
            if (x2Apic.virtualizesRead(index)) {
                indices.add(index);
            }
        }
        return indices;
    }

    private List<Integer> virtualizedWrites() {
        List<Integer> indices = new ArrayList<>();
        for (int index = 0x7FF; index <= 0xC00; index++) {
            if (x2Apic.virtualizesWrite(index)) {
                indices.add(index);
            }
        }
        return indices;
    }

    @Test
    void withoutRegisterVirtualizationOnlyTheTprIsReadVirtually() {
        bench.features = VirtualBench.INTERRUPT_DELIVERY;
        assertThat(virtualizedReads()).containsExactly(0x808);
    }

    @Test
    void withRegisterVirtualizationAllOf800To8ffAreReadVirtually() {
        bench.features = VirtualBench.REGISTERS;
        assertThat(virtualizedReads()).hasSize(256).contains(0x800, 0x80B, 0x831, 0x8FF);
    }

    @Test
    void withoutTheTprShadowNothingIsVirtualized() {
        bench.features = new ApicVirtualization(false, true, true);
        assertThat(virtualizedReads()).isEmpty();
        assertThat(virtualizedWrites()).isEmpty();
    }

    @Test
    void withoutInterruptDeliveryOnlyTheTprIsWrittenVirtually() {
        bench.features = VirtualBench.REGISTERS;
        assertThat(virtualizedWrites()).containsExactly(0x808);
    }

    @Test
    void interruptDeliveryAddsEoiAndSelfIpi() {
        bench.features = VirtualBench.INTERRUPT_DELIVERY;
        assertThat(virtualizedWrites()).containsExactly(0x808, 0x80B, 0x83F);
    }

    @Test
    void readsReturnEightBytesWhateverTheyAre() {
        bench.memory.write32(0xFF0, 0x89AB_CDEF);
        bench.memory.write32(0xFF4, 0x0123_4567);
        assertThat(x2Apic.read(0x8FF)).isEqualTo(0x0123_4567_89AB_CDEFL);
        bench.memory.write32(0x080, 0xFFFF_FFFF);
        assertThat(x2Apic.read(0x808)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void aWriteOfTheTprStoresEightBytesAndVirtualizesIt() {
        bench.features = VirtualBench.TPR_SHADOW;
        bench.threshold = 5;
        bench.memory.write32(0x084, -1);
        assertThat(x2Apic.write(0x808, 0x45)).isSameAs(Outcome.TPR_BELOW_THRESHOLD);
        assertThat(x2Apic.read(0x808)).isEqualTo(0x45);
    }

    @Test
    void aWriteOfTheEoiVirtualizesIt() {
        bench.serve(0x52);
        bench.load(0, 0x52);
        bench.reportedEois.add(0x52);
        bench.memory.write32(0x0B0, 7);
        assertThat(x2Apic.write(0x80B, 0)).isSameAs(Outcome.virtualizedEoi(0x52));
        assertThat(bench.memory.read32(0x0B0)).isZero();
    }

    @Test
    void aSelfIpiWithALegalVectorIsVirtualized() {
        assertThat(x2Apic.write(0x83F, 0x10)).isSameAs(Outcome.INTERRUPT_RECOGNIZED);
        assertThat(bench.vectors(VirtualBench.VIRR)).containsExactly(0x10);
        assertThat(bench.memory.read32(0x3F0)).isEqualTo(0x10);
    }

    @Test
    void aSelfIpiWithAnIllegalVectorIsLeftToTheSoftware() {
        assertThat(x2Apic.write(0x83F, 0x0F)).isSameAs(Outcome.apicWrite(0x3F0));
        assertThat(bench.memory.read32(0x3F0)).isEqualTo(0x0F);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x808, 0x80B, 0x83F})
    void reservedBitsFaultBeforeAnythingChanges(int index) {
        int offset = (index & 0xFF) * 16;
        bench.memory.write32(offset, 0x77);
        for (int bit = index == 0x80B ? 0 : 8; bit < 64; bit++) {
            long value = 1L << bit;
            assertThatThrownBy(() -> x2Apic.write(index, value))
                    .isInstanceOf(GuestFault.class)
                    .hasMessage("#GP(0H)");
        }
        assertThat(bench.memory.read32(offset)).isEqualTo(0x77);
    }

    @Test
    void aWriteThatIsNotVirtualizedIsAMisuse() {
        assertThatThrownBy(() -> x2Apic.write(0x830, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("830H");
    }
}

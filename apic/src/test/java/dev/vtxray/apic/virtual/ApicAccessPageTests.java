package dev.vtxray.apic.virtual;

import static dev.vtxray.apic.virtual.ApicAccess.ACCESS_TAKEN;
import static dev.vtxray.apic.virtual.ApicAccess.VIRTUALIZED;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Operations on the APIC-access page and what their writes cause. */
class ApicAccessPageTests {
    private final VirtualBench bench = new VirtualBench(VirtualBench.ALL);
    private final ApicAccessPage accesses = bench.accesses;

    private Outcome write(int offset, int value) {
        accesses.write(offset, 4, value);
        return accesses.endOperation();
    }

    // Operations

    @Test
    void virtualizedReadsReturnThePageWithoutSideEffects() {
        bench.memory.write32(0x300, 0x89AB_CDEF);
        assertThat(accesses.read(0x300, 4)).isEqualTo(0x89AB_CDEF);
        assertThat(accesses.read(0x301, 2)).isEqualTo(0xABCD);
        assertThat(accesses.read(0x303, 1)).isEqualTo(0x89);
        assertThat(accesses.endOperation()).isSameAs(Outcome.NOTHING);
    }

    @Test
    void partialWritesKeepTheOtherBytes() {
        bench.memory.write32(0x280, 0x1122_3344);
        accesses.write(0x281, 2, 0xFFFF_AABB);
        assertThat(bench.memory.read32(0x280)).isEqualTo(0x11AA_BB44);
    }

    @Test
    void aReadBeforeAWriteOfTheSameOperationIsVirtualized() {
        assertThat(accesses.checkRead(0x080, 4)).isEqualTo(VIRTUALIZED);
        accesses.read(0x080, 4);
        assertThat(accesses.checkWrite(0x080, 4)).isEqualTo(VIRTUALIZED);
    }

    @Test
    void aReadAfterAVirtualizedWriteOfTheSameOperationIsTaken() {
        accesses.write(0x080, 4, 0);
        assertThat(accesses.checkRead(0x080, 4)).isEqualTo(ACCESS_TAKEN);
        accesses.endOperation();
        assertThat(accesses.checkRead(0x080, 4)).isEqualTo(VIRTUALIZED);
    }

    @Test
    void aSecondWriteOfTheSameOperationMustHaveTheSameOffsetAndSize() {
        accesses.write(0x080, 4, 0);
        assertThat(accesses.checkWrite(0x080, 4)).isEqualTo(VIRTUALIZED);
        assertThat(accesses.checkWrite(0x080, 2)).isEqualTo(ACCESS_TAKEN);
        assertThat(accesses.checkWrite(0x0D0, 4)).isEqualTo(ACCESS_TAKEN);
        accesses.endOperation();
        assertThat(accesses.checkWrite(0x0D0, 4)).isEqualTo(VIRTUALIZED);
    }

    @Test
    void checksHaveNoEffect() {
        accesses.checkWrite(0x080, 4);
        assertThat(accesses.checkRead(0x080, 4)).isEqualTo(VIRTUALIZED);
        assertThat(accesses.endOperation()).isSameAs(Outcome.NOTHING);
    }

    @Test
    void anAbandonedOperationHasNoConsequence() {
        accesses.write(0x300, 4, 0x4_0041);
        accesses.abandonOperation();
        assertThat(accesses.endOperation()).isSameAs(Outcome.NOTHING);
        assertThat(bench.vectors(VirtualBench.VIRR)).isEmpty();
        assertThat(bench.memory.read32(0x300)).isEqualTo(0x4_0041);
    }

    @Test
    void theResponseComesOnce() {
        write(0x300, 0x4_0041);
        assertThat(accesses.endOperation()).isSameAs(Outcome.NOTHING);
    }

    // Responses

    @Test
    void aWriteOfTheTprClearsItsUpperBytesAndVirtualizesIt() {
        bench.features = VirtualBench.TPR_SHADOW;
        bench.threshold = 5;
        assertThat(write(0x080, 0xFFFF_FF45)).isSameAs(Outcome.TPR_BELOW_THRESHOLD);
        assertThat(bench.memory.read32(0x080)).isEqualTo(0x45);
        assertThat(write(0x080, 0x50)).isSameAs(Outcome.NOTHING);
    }

    @Test
    void aWriteOfTheEoiClearsItAndVirtualizesIt() {
        bench.serve(0x52);
        bench.request(0x31);
        bench.load(0x31, 0x52);
        assertThat(write(0x0B0, 0x1234)).isSameAs(Outcome.INTERRUPT_RECOGNIZED);
        assertThat(bench.memory.read32(0x0B0)).isZero();
        assertThat(bench.vectors(VirtualBench.VISR)).isEmpty();
    }

    @Test
    void withoutInterruptDeliveryAWriteOfTheEoiIsLeftToTheSoftware() {
        bench.features = VirtualBench.REGISTERS;
        assertThat(write(0x0B0, 0x1234)).isSameAs(Outcome.apicWrite(0x0B0));
        assertThat(bench.memory.read32(0x0B0)).isEqualTo(0x1234);
    }

    @Test
    void aSelfIpiIsVirtualized() {
        assertThat(write(0x300, 0x4_0041)).isSameAs(Outcome.INTERRUPT_RECOGNIZED);
        assertThat(bench.vectors(VirtualBench.VIRR)).containsExactly(0x41);
        assertThat(bench.memory.read32(0x300)).isEqualTo(0x4_0041);
    }

    @ParameterizedTest
    @ValueSource(ints = {11, 14})
    void destinationModeAndLevelDoNotMatterForASelfIpi(int bit) {
        assertThat(write(0x300, 0x4_0041 | 1 << bit)).isSameAs(Outcome.INTERRUPT_RECOGNIZED);
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 9, 10, 12, 13, 15, 16, 17, 19, 20, 25, 31})
    void anyOtherBitMakesTheCommandTheSoftwaresMatter(int bit) {
        assertThat(write(0x300, 0x4_0041 | 1 << bit)).isSameAs(Outcome.apicWrite(0x300));
        assertThat(bench.vectors(VirtualBench.VIRR)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "41,APIC_WRITE",
        "4000F,APIC_WRITE",
        "40010,INTERRUPT_RECOGNIZED",
        "80041,APIC_WRITE",
        "C0041,APIC_WRITE"
    })
    void onlyTheShorthandSelfWithALegalVectorIsASelfIpi(String command, Outcome.Kind expected) {
        assertThat(write(0x300, Integer.parseInt(command, 16)).kind()).isEqualTo(expected);
    }

    @Test
    void withoutInterruptDeliveryEvenASelfIpiIsLeftToTheSoftware() {
        bench.features = VirtualBench.REGISTERS;
        assertThat(write(0x300, 0x4_0041)).isSameAs(Outcome.apicWrite(0x300));
    }

    @Test
    void aWriteOfTheCommandsHighHalfClearsItsLowBytesSilently() {
        assertThat(write(0x310, 0x12FF_FFFF)).isSameAs(Outcome.NOTHING);
        assertThat(bench.memory.read32(0x310)).isEqualTo(0x1200_0000);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x020, 0x0D0, 0x0E0, 0x0F0, 0x280, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x380, 0x3E0})
    void allOtherWritesAreDoneAndLeftToTheSoftware(int offset) {
        assertThat(write(offset, 0x1234_5678)).isSameAs(Outcome.apicWrite(offset));
        assertThat(bench.memory.read32(offset)).isEqualTo(0x1234_5678);
    }

    @Test
    void theSoftwareHearsTheOffsetOfAPartialWriteItself() {
        accesses.write(0x322, 1, 1);
        assertThat(accesses.endOperation()).isSameAs(Outcome.apicWrite(0x322));
    }
}

package dev.vtxray.apic.virtual;

import static dev.vtxray.apic.virtual.VirtualBench.VIRR;
import static dev.vtxray.apic.virtual.VirtualBench.VISR;
import static dev.vtxray.apic.virtual.VirtualBench.VPPR;
import static dev.vtxray.apic.virtual.VirtualBench.VTPR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The operations on the virtual-APIC page. */
class VirtualApicTests {
    private final VirtualBench bench = new VirtualBench(VirtualBench.ALL);
    private final VirtualApic apic = bench.apic;

    // TPR virtualization

    @ParameterizedTest
    @CsvSource({"4F,5,TPR_BELOW_THRESHOLD", "50,5,NOTHING", "5F,5,NOTHING", "00,0,NOTHING", "00,1,TPR_BELOW_THRESHOLD"})
    void withoutInterruptDeliveryTprVirtualizationComparesWithTheThreshold(
            String tpr, int threshold, Outcome.Kind expected) {
        bench.features = VirtualBench.TPR_SHADOW;
        bench.threshold = threshold;
        bench.memory.write32(VTPR, Integer.parseInt(tpr, 16));
        bench.memory.write32(VPPR, 0x77);
        assertThat(apic.tprVirtualization().kind()).isEqualTo(expected);
        assertThat(bench.memory.read32(VPPR)).isEqualTo(0x77);
    }

    @Test
    void withInterruptDeliveryTprVirtualizationUpdatesThePprAndEvaluates() {
        bench.threshold = 15;
        bench.memory.write32(VTPR, 0x50);
        bench.load(0x55, 0);
        assertThat(bench.state.isRecognized()).isFalse();
        bench.memory.write32(VTPR, 0x4F);
        assertThat(apic.tprVirtualization()).isSameAs(Outcome.INTERRUPT_RECOGNIZED);
        assertThat(bench.memory.read32(VPPR)).isEqualTo(0x4F);
        bench.memory.write32(VTPR, 0x50);
        assertThat(apic.tprVirtualization()).isSameAs(Outcome.NOTHING);
        assertThat(bench.state.isRecognized()).isFalse();
    }

    @Test
    void cr8ReadsTheClassOfTheVirtualTprOnly() {
        bench.memory.write32(VTPR, 0xABCDEF9C);
        assertThat(apic.taskPriority()).isEqualTo(9);
    }

    @Test
    void cr8WritesClearTheRestOfTheVirtualTprAndVirtualizeIt() {
        bench.features = VirtualBench.TPR_SHADOW;
        bench.threshold = 7;
        bench.memory.write32(VTPR, 0xABCDEF9C);
        assertThat(apic.writeTaskPriority(6)).isSameAs(Outcome.TPR_BELOW_THRESHOLD);
        assertThat(bench.memory.read32(VTPR)).isEqualTo(0x60);
        assertThat(apic.writeTaskPriority(7)).isSameAs(Outcome.NOTHING);
    }

    // PPR virtualization

    @ParameterizedTest
    @CsvSource({"00,00,00", "45,30,45", "45,4F,45", "45,51,50", "05,31,30", "FFFFFF23,00,23"})
    void pprVirtualizationTakesTheHigherClass(String tpr, String servicing, String expected) {
        bench.memory.write32(VTPR, Integer.parseUnsignedInt(tpr, 16));
        bench.memory.write32(VPPR, -1);
        bench.state.loadGuestInterruptStatus(Integer.parseInt(servicing, 16) << 8);
        apic.pprVirtualization();
        assertThat(bench.memory.read32(VPPR)).isEqualTo(Integer.parseInt(expected, 16));
    }

    // EOI virtualization

    @Test
    void eoiVirtualizationEndsTheServiceOfSviAndEvaluates() {
        bench.serve(0x31, 0x52);
        bench.request(0x45);
        bench.load(0x45, 0x52);
        assertThat(apic.eoiVirtualization()).isSameAs(Outcome.INTERRUPT_RECOGNIZED);
        assertThat(bench.vectors(VISR)).containsExactly(0x31);
        assertThat(bench.state.servicingVirtualInterrupt()).isEqualTo(0x31);
        assertThat(bench.memory.read32(VPPR)).isEqualTo(0x30);
    }

    @Test
    void afterTheLastEoiSviIsZero() {
        bench.serve(0x31);
        bench.load(0, 0x31);
        assertThat(apic.eoiVirtualization()).isSameAs(Outcome.NOTHING);
        assertThat(bench.state.guestInterruptStatus()).isZero();
        assertThat(bench.memory.read32(VPPR)).isZero();
    }

    @Test
    void anEoiThatIsReportedDoesNotEvaluate() {
        bench.serve(0x52);
        bench.request(0x45);
        bench.load(0x45, 0x52);
        bench.reportedEois.add(0x52);
        assertThat(apic.eoiVirtualization()).isSameAs(Outcome.virtualizedEoi(0x52));
        assertThat(bench.vectors(VISR)).isEmpty();
        assertThat(bench.memory.read32(VPPR)).isZero();
        assertThat(bench.state.isRecognized()).isFalse();
    }

    @Test
    void anEoiWithNothingInServiceIsOneOfVectorZero() {
        bench.reportedEois.add(0);
        assertThat(apic.eoiVirtualization()).isSameAs(Outcome.virtualizedEoi(0));
    }

    // Self-IPI virtualization

    @Test
    void selfIpiVirtualizationRequestsAndEvaluates() {
        assertThat(apic.selfIpiVirtualization(0x41)).isSameAs(Outcome.INTERRUPT_RECOGNIZED);
        assertThat(bench.vectors(VIRR)).containsExactly(0x41);
        assertThat(bench.state.requestingVirtualInterrupt()).isEqualTo(0x41);
    }

    @Test
    void aLowerSelfIpiDoesNotLowerRvi() {
        apic.selfIpiVirtualization(0x81);
        apic.selfIpiVirtualization(0x41);
        assertThat(bench.state.requestingVirtualInterrupt()).isEqualTo(0x81);
        assertThat(bench.vectors(VIRR)).containsExactly(0x41, 0x81);
    }

    // Evaluation

    @ParameterizedTest
    @CsvSource({"40,4F,false", "50,4F,true", "4F,40,false", "0F,00,false", "10,0F,true", "FF,F0,false"})
    void evaluationComparesClasses(String requesting, String ppr, boolean recognized) {
        bench.state.loadGuestInterruptStatus(Integer.parseInt(requesting, 16));
        bench.memory.write32(VPPR, Integer.parseInt(ppr, 16));
        Outcome expected = recognized ? Outcome.INTERRUPT_RECOGNIZED : Outcome.NOTHING;
        assertThat(apic.evaluatePendingInterrupts()).isSameAs(expected);
        assertThat(bench.state.isRecognized()).isEqualTo(recognized);
    }

    @Test
    void nothingIsRecognizedWhileAnInterruptWindowIsAwaited() {
        bench.awaitsWindow = true;
        assertThat(apic.selfIpiVirtualization(0x41)).isSameAs(Outcome.NOTHING);
        bench.awaitsWindow = false;
        assertThat(bench.state.isRecognized()).isFalse();
        assertThat(apic.evaluatePendingInterrupts()).isSameAs(Outcome.INTERRUPT_RECOGNIZED);
    }

    @Test
    void recognitionLastsUntilTheNextEvaluation() {
        apic.selfIpiVirtualization(0x41);
        bench.memory.write32(VPPR, 0xF0);
        assertThat(bench.state.isRecognized()).isTrue();
        apic.evaluatePendingInterrupts();
        assertThat(bench.state.isRecognized()).isFalse();
    }

    @Test
    void loadingTheGuestInterruptStatusRecognizesNothingByItself() {
        apic.selfIpiVirtualization(0x41);
        bench.state.loadGuestInterruptStatus(0x3141);
        assertThat(bench.state.isRecognized()).isFalse();
        assertThat(bench.state.guestInterruptStatus()).isEqualTo(0x3141);
    }

    // Virtual-interrupt delivery

    @Test
    void deliveryMovesTheVectorFromRequestToService() {
        bench.request(0x31, 0x42);
        bench.load(0x42, 0);
        assertThat(apic.deliverVirtualInterrupt()).isEqualTo(0x42);
        assertThat(bench.vectors(VISR)).containsExactly(0x42);
        assertThat(bench.vectors(VIRR)).containsExactly(0x31);
        assertThat(bench.state.guestInterruptStatus()).isEqualTo(0x4231);
        assertThat(bench.memory.read32(VPPR)).isEqualTo(0x40);
        assertThat(bench.state.isRecognized()).isFalse();
    }

    @Test
    void deliveryOfTheLastRequestLeavesRviZero() {
        apic.selfIpiVirtualization(0x42);
        apic.deliverVirtualInterrupt();
        assertThat(bench.state.requestingVirtualInterrupt()).isZero();
    }

    @Test
    void deliveryDoesNotEvaluateAgain() {
        bench.request(0x42, 0x81);
        bench.load(0x42, 0);
        apic.deliverVirtualInterrupt();
        assertThat(bench.state.requestingVirtualInterrupt()).isEqualTo(0x81);
        assertThat(bench.state.isRecognized()).isFalse();
    }

    @Test
    void deliveryWithoutRecognitionIsAMisuse() {
        bench.request(0x42);
        assertThatThrownBy(apic::deliverVirtualInterrupt).isInstanceOf(IllegalStateException.class);
        assertThat(bench.vectors(VISR)).isEmpty();
    }

    // Outcomes

    @Test
    void outcomesSayWhatTheyAre() {
        assertThat(Outcome.virtualizedEoi(0x31)).hasToString("VIRTUALIZED_EOI(31H)");
        assertThat(Outcome.apicWrite(0x300)).hasToString("APIC_WRITE(300H)");
        assertThat(Outcome.NOTHING).hasToString("NOTHING");
        assertThat(Outcome.apicWrite(0x300).value()).isEqualTo(0x300);
        assertThat(Outcome.apicWrite(0x300)).isSameAs(Outcome.apicWrite(0x300));
    }
}

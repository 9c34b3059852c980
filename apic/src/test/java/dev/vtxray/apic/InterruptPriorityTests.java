package dev.vtxray.apic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vtxray.core.port.InterruptSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Acceptance, task and processor priorities, acknowledge and EOI. */
class InterruptPriorityTests {
    private final ApicBench bench = ApicBench.xApic(0);
    private final LocalApic apic = bench.apic();

    @Test
    void theHighestVectorIsDeliveredFirst() {
        apic.raise(0x31, false);
        apic.raise(0xF2, false);
        apic.raise(0x80, false);
        assertThat(apic.acknowledge()).isEqualTo(0xF2);
        assertThat(bench.requested()).containsExactly(0x31, 0x80);
        assertThat(bench.inService()).containsExactly(0xF2);
    }

    @Test
    void oneInterruptOfAVectorIsPendingWhileAnotherIsInService() {
        apic.raise(0x41, false);
        apic.acknowledge();
        apic.raise(0x41, false);
        apic.raise(0x41, false);
        assertThat(apic.highestDeliverable()).isEqualTo(InterruptSource.NONE);
        apic.endOfInterrupt();
        assertThat(apic.acknowledge()).isEqualTo(0x41);
        apic.endOfInterrupt();
        assertThat(apic.highestDeliverable()).isEqualTo(InterruptSource.NONE);
    }

    @Test
    void aVectorOfTheSameClassAsTheOneInServiceWaits() {
        apic.raise(0x41, false);
        apic.acknowledge();
        apic.raise(0x4F, false);
        assertThat(apic.highestDeliverable()).isEqualTo(InterruptSource.NONE);
        apic.raise(0x50, false);
        assertThat(apic.highestDeliverable()).isEqualTo(0x50);
    }

    @Test
    void onlyTheClassOfTheTaskPriorityHoldsBack() {
        apic.raise(0x4F, false);
        bench.write(0x080, 0x40);
        assertThat(apic.highestDeliverable()).isEqualTo(InterruptSource.NONE);
        bench.write(0x080, 0x3F);
        assertThat(apic.highestDeliverable()).isEqualTo(0x4F);
    }

    @ParameterizedTest
    @CsvSource({"00,00,00", "45,00,45", "45,30,45", "45,4F,45", "45,50,50", "05,31,30", "00,FF,F0"})
    void processorPriorityIsThatOfTheHigherClass(String task, String inService, String expected) {
        int vector = Integer.parseInt(inService, 16);
        if (vector != 0) {
            apic.raise(vector, false);
            apic.acknowledge();
        }
        bench.write(0x080, Integer.parseInt(task, 16));
        assertThat(bench.read(0x0A0)).isEqualTo(Integer.parseInt(expected, 16));
    }

    @ParameterizedTest
    @CsvSource({"45,00,00,45", "45,31,00,45", "45,00,61,60", "45,51,00,40", "65,51,61,65", "00,00,00,00"})
    void arbitrationPriorityFollowsTheManualsFormula(String task, String inService, String requested, String expected) {
        for (String name : new String[] {inService, requested}) {
            int vector = Integer.parseInt(name, 16);
            if (vector != 0) {
                apic.raise(vector, false);
                if (name.equals(inService)) {
                    apic.acknowledge();
                }
            }
        }
        bench.write(0x080, Integer.parseInt(task, 16));
        assertThat(bench.read(0x090)).isEqualTo(Integer.parseInt(expected, 16));
    }

    @Test
    void cr8IsTheClassOfTheTaskPriority() {
        bench.write(0x080, 0x9C);
        assertThat(apic.taskPriority()).isEqualTo(9);
        apic.setTaskPriority(5);
        assertThat(bench.read(0x080)).isEqualTo(0x50);
    }

    @Test
    void cr8WorksInX2apicModeAndWhileDisabled() {
        ApicBench x2 = ApicBench.x2Apic(0);
        x2.apic().setTaskPriority(7);
        assertThat(x2.msrs().read(0x808)).isEqualTo(0x70);
        bench.msrs().write(ApicMsrs.APIC_BASE, 0xFEE0_0000L);
        apic.setTaskPriority(3);
        assertThat(apic.taskPriority()).isEqualTo(3);
    }

    @Test
    void withNothingDeliverableTheSpuriousVectorComesAndNothingIsInService() {
        bench.write(0x0F0, 0x1AB);
        apic.raise(0x41, false);
        apic.setTaskPriority(15);
        assertThat(apic.acknowledge()).isEqualTo(0xAB);
        assertThat(bench.inService()).isEmpty();
        assertThat(bench.requested()).containsExactly(0x41);
    }

    @Test
    void eoiEndsTheHighestInServiceOnly() {
        apic.raise(0x31, false);
        apic.acknowledge();
        apic.raise(0x81, false);
        apic.acknowledge();
        bench.write(0x0B0, 0x1234);
        assertThat(bench.inService()).containsExactly(0x31);
    }

    @Test
    void eoiWithNothingInServiceHasNoEffect() {
        apic.raise(0x31, true);
        bench.write(0x0B0, 0);
        assertThat(bench.requested()).containsExactly(0x31);
        assertThat(bench.endOfInterruptMessages).isEmpty();
    }

    @Test
    void onlyLevelTriggeredInterruptsEndWithAnEoiMessage() {
        apic.raise(0x31, true);
        assertThat(ApicBench.vectors(apic, 0x180)).containsExactly(0x31);
        apic.acknowledge();
        apic.endOfInterrupt();
        apic.raise(0x32, false);
        apic.acknowledge();
        apic.endOfInterrupt();
        assertThat(bench.endOfInterruptMessages).containsExactly(0x31);
    }

    @Test
    void theTriggerModeIsThatOfTheLastAcceptance() {
        apic.raise(0x31, true);
        apic.raise(0x31, false);
        assertThat(ApicBench.vectors(apic, 0x180)).isEmpty();
    }

    @Test
    void eoiMessagesCanBeSuppressed() {
        bench.write(0x0F0, 0x11FF);
        apic.raise(0x31, true);
        apic.acknowledge();
        apic.endOfInterrupt();
        assertThat(bench.endOfInterruptMessages).isEmpty();
        assertThat(bench.inService()).isEmpty();
    }

    @Test
    void vectorsBelowSixteenAreReceiveIllegalVectorErrors() {
        apic.raise(15, false);
        assertThat(bench.requested()).isEmpty();
        bench.write(0x280, 0);
        assertThat(bench.read(0x280)).isEqualTo(0x40);
        apic.raise(16, false);
        assertThat(bench.requested()).containsExactly(16);
    }

    @Test
    void aSoftwareDisabledApicKeepsWhatIsPendingButAcceptsNothingMore() {
        apic.raise(0x31, false);
        apic.acknowledge();
        apic.raise(0x55, false);
        bench.write(0x0F0, 0xFF);
        apic.raise(0x66, false);
        assertThat(bench.requested()).containsExactly(0x55);
        assertThat(bench.inService()).containsExactly(0x31);
        assertThat(apic.highestDeliverable()).isEqualTo(0x55);
    }

    @Test
    void theProcessorIsToldOfEveryChangeThatCouldDeliver() {
        RecordedSignals pins = bench.pins.get(0);
        int before = pins.interruptChanges;
        apic.raise(0x31, false);
        assertThat(pins.interruptChanges).isEqualTo(before + 1);
        bench.write(0x080, 0x10);
        assertThat(pins.interruptChanges).isEqualTo(before + 2);
        apic.acknowledge();
        bench.write(0x0B0, 0);
        assertThat(pins.interruptChanges).isEqualTo(before + 3);
    }

    @Test
    void raisingANumberThatIsNoVectorIsAMisuse() {
        assertThatThrownBy(() -> apic.raise(256, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("256");
    }
}

package dev.vtxray.apic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.port.Timed;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The timer in its three modes, on a clock that the test moves. */
class ApicTimerTests {
    private static final int LVT_TIMER = 0x320;
    private static final int INITIAL = 0x380;
    private static final int CURRENT = 0x390;
    private static final int DIVIDE = 0x3E0;
    private static final int BY_ONE = 0xB;
    private static final int PERIODIC = 1 << 17;
    private static final int TSC_DEADLINE = 1 << 18;
    private static final int VECTOR = 0x40;

    private final ApicBench bench = ApicBench.xApic(0);

    private void start(int lvt, int divide, long count) {
        bench.write(LVT_TIMER, lvt);
        bench.write(DIVIDE, divide);
        bench.write(INITIAL, count);
    }

    @Test
    void oneShotInterruptsOnceAndStaysAtZero() {
        start(VECTOR, BY_ONE, 100);
        bench.pass(99);
        assertThat(bench.read(CURRENT)).isEqualTo(1);
        assertThat(bench.requested()).isEmpty();
        bench.pass(1);
        assertThat(bench.apic().acknowledge()).isEqualTo(VECTOR);
        assertThat(bench.read(CURRENT)).isZero();
        assertThat(bench.read(INITIAL)).isEqualTo(100);
        assertThat(bench.apic().nextDeadline()).isEqualTo(Timed.NEVER);
    }

    @Test
    void periodicReloads() {
        start(VECTOR | PERIODIC, BY_ONE, 100);
        bench.pass(100);
        assertThat(bench.apic().acknowledge()).isEqualTo(VECTOR);
        bench.pass(30);
        assertThat(bench.read(CURRENT)).isEqualTo(70);
        bench.pass(70);
        assertThat(bench.requested()).containsExactly(VECTOR);
    }

    @Test
    void periodicKeepsItsPhaseWhenItIsToldTheTimeLate() {
        start(VECTOR | PERIODIC, BY_ONE, 100);
        bench.clock.charge(250);
        bench.apic().advanceTo(250);
        assertThat(bench.apic().nextDeadline()).isEqualTo(300);
        assertThat(bench.read(CURRENT)).isEqualTo(50);
    }

    @ParameterizedTest
    @CsvSource({"0,2", "1,4", "2,8", "3,16", "8,32", "9,64", "A,128", "B,1"})
    void theDivideConfigurationSlowsTheCount(String configuration, int divisor) {
        start(VECTOR, Integer.parseInt(configuration, 16), 10);
        assertThat(bench.apic().nextDeadline()).isEqualTo(10L * divisor);
        bench.pass(3L * divisor);
        assertThat(bench.read(CURRENT)).isEqualTo(7);
    }

    @Test
    void aNewDivisorGoesOnFromTheCurrentCount() {
        start(VECTOR, BY_ONE, 100);
        bench.pass(40);
        bench.write(DIVIDE, 0x0);
        assertThat(bench.read(CURRENT)).isEqualTo(60);
        assertThat(bench.apic().nextDeadline()).isEqualTo(40 + 120);
    }

    @Test
    void timeIsCountedInTicksOfTheModel() {
        ApicBench slow = new ApicBench(new ApicFeatures(0x15, 7, true, true, true, 46, 25), 0);
        slow.write(DIVIDE, BY_ONE);
        slow.write(INITIAL, 0xFFFF_FFFFL);
        assertThat(slow.apic().nextDeadline()).isEqualTo(0xFFFF_FFFFL * 25);
    }

    @Test
    void writingTheInitialCountRestarts() {
        start(VECTOR, BY_ONE, 100);
        bench.pass(60);
        bench.write(INITIAL, 50);
        assertThat(bench.read(CURRENT)).isEqualTo(50);
        assertThat(bench.apic().nextDeadline()).isEqualTo(110);
    }

    @Test
    void writingZeroStops() {
        start(VECTOR | PERIODIC, BY_ONE, 100);
        bench.write(INITIAL, 0);
        assertThat(bench.apic().nextDeadline()).isEqualTo(Timed.NEVER);
        bench.pass(1000);
        assertThat(bench.requested()).isEmpty();
    }

    @Test
    void aMaskedTimerCountsOnAndItsInterruptIsDropped() {
        start(VECTOR, BY_ONE, 100);
        bench.write(LVT_TIMER, VECTOR | ApicBench.MASKED);
        bench.pass(50);
        assertThat(bench.read(CURRENT)).isEqualTo(50);
        bench.pass(50);
        bench.write(LVT_TIMER, VECTOR);
        assertThat(bench.requested()).isEmpty();
        assertThat(bench.read(CURRENT)).isZero();
    }

    @Test
    void fromOneShotToPeriodicTheCounterGoesOnAndReloadsAtZero() {
        start(VECTOR, BY_ONE, 100);
        bench.pass(60);
        bench.write(LVT_TIMER, VECTOR | PERIODIC);
        assertThat(bench.read(CURRENT)).isEqualTo(40);
        bench.pass(40);
        assertThat(bench.requested()).containsExactly(VECTOR);
        assertThat(bench.apic().nextDeadline()).isEqualTo(200);
    }

    @Test
    void fromPeriodicToOneShotTheCounterGoesOnAndStopsAtZero() {
        start(VECTOR | PERIODIC, BY_ONE, 100);
        bench.pass(160);
        bench.write(LVT_TIMER, VECTOR);
        assertThat(bench.read(CURRENT)).isEqualTo(40);
        bench.pass(40);
        assertThat(bench.read(CURRENT)).isZero();
        assertThat(bench.apic().nextDeadline()).isEqualTo(Timed.NEVER);
    }

    @Test
    void anExpiredOneShotStaysAtZeroAsPeriodic() {
        start(VECTOR, BY_ONE, 100);
        bench.pass(100);
        bench.write(LVT_TIMER, VECTOR | PERIODIC);
        assertThat(bench.read(CURRENT)).isZero();
        assertThat(bench.apic().nextDeadline()).isEqualTo(Timed.NEVER);
    }

    @Test
    void whatExpiredBeforeARegisterIsWrittenInterruptsAllTheSame() {
        start(VECTOR, BY_ONE, 100);
        bench.clock.charge(500);
        bench.write(DIVIDE, 0);
        assertThat(bench.requested()).containsExactly(VECTOR);
    }

    @Test
    void tscDeadlineFiresWhenTheCounterReachesItAndClearsTheMsr() {
        bench.write(LVT_TIMER, VECTOR | TSC_DEADLINE);
        bench.tscOffset = 1000;
        bench.msrs().write(ApicMsrs.TSC_DEADLINE, 1100);
        assertThat(bench.msrs().read(ApicMsrs.TSC_DEADLINE)).isEqualTo(1100);
        assertThat(bench.apic().nextDeadline()).isEqualTo(100);
        bench.pass(99);
        assertThat(bench.requested()).isEmpty();
        bench.pass(1);
        assertThat(bench.requested()).containsExactly(VECTOR);
        assertThat(bench.msrs().read(ApicMsrs.TSC_DEADLINE)).isZero();
    }

    @Test
    void aDeadlineInThePastFiresAtOnce() {
        bench.write(LVT_TIMER, VECTOR | TSC_DEADLINE);
        bench.tscOffset = 1000;
        bench.msrs().write(ApicMsrs.TSC_DEADLINE, 1);
        assertThat(bench.requested()).containsExactly(VECTOR);
        assertThat(bench.msrs().read(ApicMsrs.TSC_DEADLINE)).isZero();
    }

    @Test
    void writingZeroDisarmsTheDeadline() {
        bench.write(LVT_TIMER, VECTOR | TSC_DEADLINE);
        bench.msrs().write(ApicMsrs.TSC_DEADLINE, 100);
        bench.msrs().write(ApicMsrs.TSC_DEADLINE, 0);
        assertThat(bench.apic().nextDeadline()).isEqualTo(Timed.NEVER);
        bench.pass(1000);
        assertThat(bench.requested()).isEmpty();
    }

    @Test
    void theDeadlineFollowsTheTimeStampCounterWhenThatIsChanged() {
        bench.write(LVT_TIMER, VECTOR | TSC_DEADLINE);
        bench.msrs().write(ApicMsrs.TSC_DEADLINE, 1000);
        bench.tscOffset = 400;
        assertThat(bench.apic().nextDeadline()).isEqualTo(600);
        bench.tscOffset = 1000;
        assertThat(bench.apic().nextDeadline()).isZero();
    }

    @Test
    void deadlinesAreUnsigned() {
        bench.write(LVT_TIMER, VECTOR | TSC_DEADLINE);
        bench.msrs().write(ApicMsrs.TSC_DEADLINE, -1);
        assertThat(bench.apic().nextDeadline()).isEqualTo(Timed.NEVER);
        assertThat(bench.requested()).isEmpty();
    }

    @Test
    void inTscDeadlineModeInitialCountWritesAreIgnoredAndTheCurrentCountIsZero() {
        bench.write(LVT_TIMER, VECTOR | TSC_DEADLINE);
        bench.write(INITIAL, 100);
        assertThat(bench.read(INITIAL)).isZero();
        assertThat(bench.read(CURRENT)).isZero();
        assertThat(bench.apic().nextDeadline()).isEqualTo(Timed.NEVER);
    }

    @Test
    void inOtherModesTheDeadlineReadsZeroAndIgnoresWrites() {
        start(VECTOR, BY_ONE, 100);
        bench.msrs().write(ApicMsrs.TSC_DEADLINE, 50);
        assertThat(bench.msrs().read(ApicMsrs.TSC_DEADLINE)).isZero();
        assertThat(bench.apic().nextDeadline()).isEqualTo(100);
    }

    @Test
    void enteringTscDeadlineModeDisarmsTheCounter() {
        start(VECTOR | PERIODIC, BY_ONE, 100);
        bench.write(LVT_TIMER, VECTOR | TSC_DEADLINE);
        assertThat(bench.apic().nextDeadline()).isEqualTo(Timed.NEVER);
        assertThat(bench.read(INITIAL)).isZero();
    }

    @Test
    void leavingTscDeadlineModeDisarmsTheDeadline() {
        bench.write(LVT_TIMER, VECTOR | TSC_DEADLINE);
        bench.msrs().write(ApicMsrs.TSC_DEADLINE, 100);
        bench.write(LVT_TIMER, VECTOR);
        assertThat(bench.apic().nextDeadline()).isEqualTo(Timed.NEVER);
        bench.write(LVT_TIMER, VECTOR | TSC_DEADLINE);
        assertThat(bench.msrs().read(ApicMsrs.TSC_DEADLINE)).isZero();
    }

    @Test
    void inTheReservedModeNothingCounts() {
        start(VECTOR | PERIODIC | TSC_DEADLINE, BY_ONE, 100);
        bench.msrs().write(ApicMsrs.TSC_DEADLINE, 100);
        assertThat(bench.apic().nextDeadline()).isEqualTo(Timed.NEVER);
    }

    @Test
    void theMachineHearsOfEveryChangeOfTheDeadline() {
        bench.announcements.clear();
        start(VECTOR, BY_ONE, 100);
        bench.msrs().write(ApicMsrs.TSC_DEADLINE, 1);
        assertThat(bench.announcements).containsExactly("deadline", "deadline", "deadline", "deadline");
    }
}

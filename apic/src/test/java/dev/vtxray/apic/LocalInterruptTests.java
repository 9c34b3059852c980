package dev.vtxray.apic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The local vector table and the pins. */
class LocalInterruptTests {
    private static final int LINT0 = 0x350;
    private static final int LEVEL = 1 << 15;
    private static final int REMOTE_IRR = 1 << 14;

    private final ApicBench bench = ApicBench.xApic(0);
    private final LocalApic apic = bench.apic();

    @Test
    void eachSourceInterruptsAsItsEntrySays() {
        int vector = 0x31;
        for (LocalInterrupt source : LocalInterrupt.values()) {
            bench.write(source == LocalInterrupt.CMCI ? 0x2F0 : 0x310 + 0x10 * source.ordinal(), vector++);
            apic.signal(source);
        }
        assertThat(bench.requested()).containsExactly(0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37);
    }

    @Test
    void aMaskedSourceIsDropped() {
        bench.write(LINT0, 0x31 | ApicBench.MASKED);
        apic.signal(LocalInterrupt.LINT0);
        bench.write(LINT0, 0x31);
        assertThat(bench.requested()).isEmpty();
    }

    @Test
    void aPerformanceMonitoringInterruptMasksItsEntry() {
        bench.write(0x340, 0x31);
        apic.signal(LocalInterrupt.PERFORMANCE_MONITORING);
        assertThat(bench.read(0x340)).isEqualTo(0x31 | ApicBench.MASKED);
        assertThat(bench.requested()).containsExactly(0x31);
    }

    @Test
    void nmiAndInitEntriesGoToThePins() {
        bench.write(0x360, 4 << 8);
        bench.write(LINT0, 5 << 8);
        apic.setPin(LocalInterrupt.LINT1, true);
        apic.setPin(LocalInterrupt.LINT0, true);
        assertThat(bench.pins.get(0).events).containsExactly("NMI", "INIT");
    }

    @Test
    void smiAndExtIntEntriesAreDropped() {
        bench.write(LINT0, 2 << 8 | 0x31);
        apic.signal(LocalInterrupt.LINT0);
        bench.write(LINT0, 7 << 8 | 0x31);
        apic.signal(LocalInterrupt.LINT0);
        assertThat(bench.requested()).isEmpty();
        assertThat(bench.pins.get(0).events).isEmpty();
    }

    @Test
    void anEdgeOfAPinInterruptsOnce() {
        bench.write(LINT0, 0x31);
        apic.setPin(LocalInterrupt.LINT0, true);
        apic.acknowledge();
        apic.setPin(LocalInterrupt.LINT0, true);
        apic.endOfInterrupt();
        assertThat(bench.requested()).isEmpty();
        apic.setPin(LocalInterrupt.LINT0, false);
        apic.setPin(LocalInterrupt.LINT0, true);
        assertThat(bench.requested()).containsExactly(0x31);
    }

    @Test
    void anActiveLevelInterruptsAgainAfterItsEnd() {
        bench.write(LINT0, 0x31 | LEVEL);
        apic.setPin(LocalInterrupt.LINT0, true);
        assertThat(bench.read(LINT0)).isEqualTo(0x31 | LEVEL | REMOTE_IRR);
        apic.acknowledge();
        apic.endOfInterrupt();
        assertThat(bench.requested()).containsExactly(0x31);
        apic.acknowledge();
        apic.setPin(LocalInterrupt.LINT0, false);
        apic.endOfInterrupt();
        assertThat(bench.requested()).isEmpty();
        assertThat(bench.read(LINT0)).isEqualTo(0x31 | LEVEL);
    }

    @Test
    void theRemoteIrrBitCannotBeWritten() {
        bench.write(LINT0, 0x31 | LEVEL);
        apic.setPin(LocalInterrupt.LINT0, true);
        bench.write(LINT0, 0x31 | LEVEL);
        assertThat(bench.read(LINT0) & REMOTE_IRR).isNotZero();
    }

    @Test
    void onlyLint0AndLint1ArePins() {
        assertThatThrownBy(() -> apic.setPin(LocalInterrupt.TIMER, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("TIMER");
    }
}

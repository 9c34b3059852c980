package dev.vtxray.apic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.port.InterruptSource;
import dev.vtxray.core.port.Timed;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** IA32_APIC_BASE, the transitions between the modes, and what RESET and INIT leave. */
class ApicBaseTests {
    private static final long ADDRESS = 0xFEE0_0000L;
    private static final long BSP = 1 << 8;
    private static final long DISABLED = 0;
    private static final long XAPIC = 1 << 11;
    private static final long X2APIC = 3 << 10;

    private final ApicBench bench = ApicBench.xApic(0x12, 0x7);
    private final ApicMsrs msrs = bench.msrs();

    private void enter(long mode) {
        msrs.write(ApicMsrs.APIC_BASE, ADDRESS | mode);
    }

    @Test
    void afterPowerUpItIsInXapicModeAtTheUsualAddress() {
        assertThat(msrs.read(ApicMsrs.APIC_BASE)).isEqualTo(ADDRESS | XAPIC | BSP);
        assertThat(bench.msrs(1).read(ApicMsrs.APIC_BASE)).isEqualTo(ADDRESS | XAPIC);
        assertThat(bench.apic().isBootstrapProcessor()).isTrue();
        assertThat(bench.apics.get(1).isBootstrapProcessor()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "0,0,true", "0,800,true", "0,C00,false", "0,400,false",
        "800,0,true", "800,800,true", "800,C00,true", "800,400,false",
        "C00,0,true", "C00,800,false", "C00,C00,true", "C00,400,false"
    })
    void transitionsAreThoseOfTheManual(String from, String to, boolean allowed) {
        enter(Long.parseLong(from, 16));
        long before = msrs.read(ApicMsrs.APIC_BASE);
        long next = Long.parseLong(to, 16);
        if (allowed) {
            enter(next);
            assertThat(msrs.read(ApicMsrs.APIC_BASE)).isEqualTo(ADDRESS | next | BSP);
        } else {
            assertThatThrownBy(() -> enter(next)).isInstanceOf(GuestFault.class).hasMessage("#GP(0H)");
            assertThat(msrs.read(ApicMsrs.APIC_BASE)).isEqualTo(before);
        }
    }

    @Test
    void reservedBitsFault() {
        for (int bit : new int[] {0, 1, 2, 3, 4, 5, 6, 7, 9, 46, 52, 63}) {
            assertThatThrownBy(() -> enter(XAPIC | 1L << bit)).as("bit " + bit).isInstanceOf(GuestFault.class);
        }
    }

    @Test
    void withoutX2apicItsBitIsReserved() {
        ApicBench old = new ApicBench(new ApicFeatures(0x14, 6, false, false, false, 36, 1), 0);
        assertThatThrownBy(() -> old.msrs().write(ApicMsrs.APIC_BASE, ADDRESS | X2APIC))
                .isInstanceOf(GuestFault.class);
        assertThatThrownBy(() -> old.msrs().write(ApicMsrs.APIC_BASE, XAPIC | 1L << 36))
                .isInstanceOf(GuestFault.class);
    }

    @Test
    void theBspFlagCannotBeChanged() {
        msrs.write(ApicMsrs.APIC_BASE, ADDRESS | XAPIC);
        assertThat(msrs.read(ApicMsrs.APIC_BASE) & BSP).isEqualTo(BSP);
        bench.msrs(1).write(ApicMsrs.APIC_BASE, ADDRESS | XAPIC | BSP);
        assertThat(bench.msrs(1).read(ApicMsrs.APIC_BASE) & BSP).isZero();
    }

    @Test
    void theMachineHearsWhereThePageIs() {
        bench.announcements.clear();
        msrs.write(ApicMsrs.APIC_BASE, 0x20_0000_3000L | XAPIC);
        assertThat(bench.apic().baseAddress()).isEqualTo(0x20_0000_3000L);
        assertThat(bench.announcements).containsExactly("base 2000003000 XAPIC");
    }

    @Test
    void movingThePageKeepsTheState() {
        bench.write(0x080, 0x55);
        msrs.write(ApicMsrs.APIC_BASE, 0x3000 | XAPIC);
        assertThat(bench.read(0x080)).isEqualTo(0x55);
    }

    @Test
    void enteringX2apicModeKeepsStateRecomputesLdrAndLosesTheCommandsDestination() {
        bench.write(0x080, 0x55);
        bench.write(0x0D0, 0xFF00_0000L);
        bench.write(0x310, 0x0700_0000);
        bench.apic().raise(0x61, false);
        enter(X2APIC);
        assertThat(msrs.read(0x802)).isEqualTo(0x12);
        assertThat(msrs.read(0x808)).isEqualTo(0x55);
        assertThat(msrs.read(0x80D)).isEqualTo(0x0001_0004);
        assertThat(msrs.read(0x830)).isZero();
        assertThat(msrs.read(0x823)).isEqualTo(1 << 1);
    }

    @Test
    void aWideIdShowsItsLowByteInXapicMode() {
        ApicBench wide = new ApicBench(ApicFeatures.all(), 0x12345);
        wide.msrs().write(ApicMsrs.APIC_BASE, ADDRESS | X2APIC);
        assertThat(wide.msrs().read(0x802)).isEqualTo(0x12345);
        assertThat(wide.msrs().read(0x80D)).isEqualTo(0x1234_0020L);
        wide.msrs().write(ApicMsrs.APIC_BASE, ADDRESS);
        wide.msrs().write(ApicMsrs.APIC_BASE, ADDRESS | XAPIC);
        assertThat(wide.read(0x020)).isEqualTo(0x4500_0000);
    }

    @Test
    void whileDisabledThePageIsNotThereAndNothingIsAccepted() {
        bench.apic().raise(0x61, false);
        enter(DISABLED);
        assertThat(bench.read(0x020)).isEqualTo(0xFFFF_FFFFL);
        bench.apic().raise(0x71, false);
        bench.apic().signal(LocalInterrupt.LINT0);
        assertThat(bench.apic().highestDeliverable()).isEqualTo(InterruptSource.NONE);
        bench.bus.send(Ipi.fixed(0x41, 0x12));
        assertThat(bench.pins.get(0).events).isEmpty();
    }

    @Test
    void disablingClearsTheStateAndEnablingWorksAgain() {
        bench.write(0x080, 0x55);
        bench.write(0x380, 100);
        bench.apic().raise(0x61, false);
        enter(DISABLED);
        assertThat(bench.apic().nextDeadline()).isEqualTo(Timed.NEVER);
        enter(XAPIC);
        assertThat(bench.read(0x020)).isEqualTo(0x1200_0000);
        assertThat(bench.read(0x080)).isZero();
        assertThat(bench.read(0x0F0)).isEqualTo(0xFF);
        assertThat(bench.requested()).isEmpty();
        bench.write(0x0F0, ApicBench.SOFTWARE_ENABLED);
        bench.apic().raise(0x41, false);
        assertThat(bench.apic().acknowledge()).isEqualTo(0x41);
    }

    @Test
    void initKeepsModeBaseAndIdAndResetsTheRest() {
        msrs.write(ApicMsrs.APIC_BASE, 0x3000 | X2APIC);
        msrs.write(0x808, 0x55);
        msrs.write(0x838, 100);
        bench.apic().raise(0x61, false);
        bench.apic().init();
        assertThat(msrs.read(ApicMsrs.APIC_BASE)).isEqualTo(0x3000 | X2APIC | BSP);
        assertThat(msrs.read(0x802)).isEqualTo(0x12);
        assertThat(msrs.read(0x80D)).isEqualTo(0x0001_0004);
        assertThat(msrs.read(0x808)).isZero();
        assertThat(msrs.read(0x80F)).isEqualTo(0xFF);
        assertThat(msrs.read(0x823)).isZero();
        assertThat(bench.apic().nextDeadline()).isEqualTo(Timed.NEVER);
    }

    @Test
    void initKeepsTheDisabledState() {
        enter(DISABLED);
        bench.apic().init();
        assertThat(bench.apic().mode()).isEqualTo(ApicMode.DISABLED);
    }

    @Test
    void resetReturnsToXapicMode() {
        enter(X2APIC);
        bench.apic().reset();
        assertThat(msrs.read(ApicMsrs.APIC_BASE)).isEqualTo(ADDRESS | XAPIC | BSP);
    }

    @Test
    void featuresOutOfRangeAreAMisuse() {
        assertThatThrownBy(() -> new ApicFeatures(0x14, 8, false, false, false, 36, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lvtEntries is 8, must be in 4..7");
    }
}

package dev.vtxray.apic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.Vector;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The access rules of every register against the specification's own table. */
class RegisterAccessTests {
    private static final int SOFTWARE_ENABLE = 1 << 8;

    /** A row of the specification, for one slot of 16 bytes. */
    record Fact(int offset, String name, String xApic, String x2Apic, long writable, long ignored) {
        int msr() {
            return 0x800 + offset / 16;
        }

        @Override
        public String toString() {
            return Integer.toHexString(offset) + "H " + name;
        }
    }

    static Stream<Fact> facts() {
        List<Fact> facts = new ArrayList<>();
        for (String[] row : CsvRows.of(RegisterAccessTests.class, "local-apic-registers.csv")) {
            for (int offset = Integer.parseInt(row[0], 16); offset <= Integer.parseInt(row[1], 16); offset += 16) {
                facts.add(new Fact(
                        offset, row[2], row[3], row[4], Long.parseLong(row[5], 16), Long.parseLong(row[6], 16)));
            }
        }
        return facts.stream();
    }

    static Stream<Integer> reservedSlots() {
        List<Integer> used = facts().map(Fact::offset).toList();
        return Stream.iterate(0, offset -> offset < 0x1000, offset -> offset + 16)
                .filter(offset -> !used.contains(offset));
    }

    static Stream<Fact> xApicRegisters() {
        return facts().filter(fact -> !fact.xApic.equals("--"));
    }

    /** Registers whose reads return what was written, without side effects that a test would have to undo. */
    static Stream<Fact> plainRegisters() {
        return xApicRegisters()
                .filter(fact -> fact.xApic.equals("RW") && !fact.name.equals("ESR") && !fact.name.equals("SVR"));
    }

    @ParameterizedTest
    @MethodSource("xApicRegisters")
    void accessesToExistingRegistersAreNoErrorInXapicMode(Fact fact) {
        ApicBench bench = ApicBench.xApic(0);
        bench.read(fact.offset);
        bench.write(fact.offset, fact.offset == 0x300 ? 0x40020 : fact.writable);
        bench.write(0x280, 0);
        assertThat(bench.read(0x280)).isZero();
    }

    @ParameterizedTest
    @MethodSource("reservedSlots")
    void accessesToReservedSlotsAreIllegalRegisterAddressesInXapicMode(int offset) {
        ApicBench bench = ApicBench.xApic(0);
        assertThat(bench.read(offset)).isZero();
        bench.write(0x280, 0);
        assertThat(bench.read(0x280)).isEqualTo(0x80);
        bench.write(offset, 1);
        bench.write(0x280, 0);
        assertThat(bench.read(0x280)).isEqualTo(0x80);
    }

    @ParameterizedTest
    @MethodSource("plainRegisters")
    void xApicWritesKeepOnlyWritableBits(Fact fact) {
        ApicBench bench = ApicBench.xApic(0);
        bench.write(fact.offset, 0);
        long fixed = bench.read(fact.offset);
        bench.write(fact.offset, 0xFFFF_FFFFL);
        assertThat(bench.read(fact.offset)).isEqualTo(fact.writable | fixed);
    }

    @Test
    void readOnlyRegistersIgnoreXapicWrites() {
        ApicBench bench = ApicBench.xApic(5);
        xApicRegisters().filter(fact -> fact.xApic.equals("RO")).forEach(fact -> {
            long before = bench.read(fact.offset);
            bench.write(fact.offset, ~before);
            assertThat(bench.read(fact.offset)).as(fact.toString()).isEqualTo(before);
        });
    }

    @Test
    void theEoiRegisterReadsZero() {
        assertThat(ApicBench.xApic(0).read(0x0B0)).isZero();
    }

    @ParameterizedTest
    @MethodSource("facts")
    void x2ApicReadsFollowTheTable(Fact fact) {
        ApicMsrs msrs = ApicBench.x2Apic(0).msrs();
        if (fact.x2Apic.startsWith("R")) {
            assertThat(msrs.read(fact.msr())).isNotNegative();
        } else {
            assertGeneralProtection(() -> msrs.read(fact.msr()));
        }
    }

    @ParameterizedTest
    @MethodSource("facts")
    void x2ApicWritesOfReservedBitsFault(Fact fact) {
        ApicMsrs msrs = ApicBench.x2Apic(0).msrs();
        boolean writes = fact.x2Apic.endsWith("W") || fact.x2Apic.equals("WO");
        for (int bit = 0; bit < 64; bit++) {
            long value = 1L << bit;
            boolean isDestination = fact.msr() == 0x830 && bit >= 32;
            boolean allowed = writes && ((value & (fact.writable | fact.ignored)) != 0 || isDestination);
            if (allowed) {
                msrs.write(fact.msr(), value);
            } else {
                assertGeneralProtection(() -> msrs.write(fact.msr(), value));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("reservedSlots")
    void msrsThatAreNotListedFault(int offset) {
        ApicMsrs msrs = ApicBench.x2Apic(0).msrs();
        assertGeneralProtection(() -> msrs.read(0x800 + offset / 16));
        assertGeneralProtection(() -> msrs.write(0x800 + offset / 16, 0));
    }

    @Test
    void allMsrsUpToTheEndOfTheRangeFaultWhenNotListed() {
        ApicMsrs msrs = ApicBench.x2Apic(0).msrs();
        for (int index = 0x840; index <= ApicMsrs.X2APIC_LAST; index++) {
            int msr = index;
            assertGeneralProtection(() -> msrs.read(msr));
        }
    }

    @ParameterizedTest
    @MethodSource("facts")
    void msrsFaultInXapicMode(Fact fact) {
        ApicMsrs msrs = ApicBench.xApic(0).msrs();
        assertGeneralProtection(() -> msrs.read(fact.msr()));
        assertGeneralProtection(() -> msrs.write(fact.msr(), 0));
    }

    @Test
    void otherSizesAndOffsetsReadZeroWriteNothingAndLeaveTheErrorStatusAlone() {
        ApicBench bench = ApicBench.xApic(0);
        bench.write(0x080, 0x55);
        for (int size : new int[] {1, 2, 8}) {
            assertThat(bench.apic().read(0x080, size)).isZero();
            bench.apic().write(0x080, size, 0xAA);
        }
        for (int shift = 4; shift < 16; shift += 4) {
            assertThat(bench.read(0x080 + shift)).isZero();
            bench.write(0x080 + shift, 0xAA);
        }
        assertThat(bench.read(0x080)).isEqualTo(0x55);
        bench.write(0x280, 0);
        assertThat(bench.read(0x280)).isZero();
    }

    @Test
    void thePageIsOrdinaryMemoryInX2apicMode() {
        ApicBench bench = ApicBench.x2Apic(0);
        bench.write(0x080, 0x55);
        assertThat(bench.read(0x080)).isEqualTo(0xFFFF_FFFFL);
        assertThat(bench.apic().read(0x080, 1)).isEqualTo(0xFF);
        assertThat(bench.apic().read(0x080, 8)).isEqualTo(-1);
        assertThat(bench.msrs().read(0x808)).isZero();
    }

    @Test
    void resetValuesAreThoseOfTheManual() {
        ApicBench bench = ApicBench.xApic(3);
        bench.apic().reset();
        assertThat(bench.read(0x020)).isEqualTo(0x0300_0000);
        assertThat(bench.read(0x030)).isEqualTo(0x0106_0015);
        assertThat(bench.read(0x0D0)).isZero();
        assertThat(bench.read(0x0E0)).isEqualTo(0xFFFF_FFFFL);
        assertThat(bench.read(0x0F0)).isEqualTo(0xFF);
        for (int offset : new int[] {0x2F0, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370}) {
            assertThat(bench.read(offset)).isEqualTo(ApicBench.MASKED);
        }
    }

    @Test
    void lvtMasksAreSetAndStaySetWhileSoftwareDisabled() {
        ApicBench bench = ApicBench.xApic(0);
        bench.write(0x350, 0x30);
        assertThat(bench.read(0x350)).isEqualTo(0x30);
        bench.write(0x0F0, 0xFF);
        assertThat(bench.read(0x350)).isEqualTo(0x30 | ApicBench.MASKED);
        bench.write(0x350, 0x31);
        assertThat(bench.read(0x350)).isEqualTo(0x31 | ApicBench.MASKED);
        bench.write(0x0F0, 0xFF | SOFTWARE_ENABLE);
        assertThat(bench.read(0x350)).isEqualTo(0x31 | ApicBench.MASKED);
        bench.write(0x350, 0x31);
        assertThat(bench.read(0x350)).isEqualTo(0x31);
    }

    @Test
    void withoutASeventhEntryLvtCmciIsAReservedRegister() {
        ApicBench bench = new ApicBench(new ApicFeatures(0x14, 6, false, true, false, 36, 1), 0);
        assertThat(bench.read(0x030)).isEqualTo(0x0005_0014);
        assertThat(bench.read(0x2F0)).isZero();
        bench.write(0x280, 0);
        assertThat(bench.read(0x280)).isEqualTo(0x80);
    }

    @Test
    void bitsOfAbsentFeaturesAreReserved() {
        ApicBench bench = new ApicBench(new ApicFeatures(0x14, 6, false, true, false, 36, 1), 0);
        bench.write(0x0F0, 0x13FF);
        assertThat(bench.read(0x0F0)).isEqualTo(0x3FF);
        bench.write(0x320, 0x4_0000);
        assertThat(bench.read(0x320)).isZero();
        bench.msrs().write(ApicMsrs.APIC_BASE, bench.msrs().read(ApicMsrs.APIC_BASE) | 1 << 10);
        assertGeneralProtection(() -> bench.msrs().write(0x80F, 0x1100));
        assertGeneralProtection(() -> bench.msrs().write(0x832, 0x4_0000));
        assertGeneralProtection(() -> bench.msrs().read(0x82F));
        assertGeneralProtection(() -> bench.msrs().read(ApicMsrs.TSC_DEADLINE));
    }

    @Test
    void deliveryStatusInAnX2apicCommandIsClearedWithoutFault() {
        ApicMsrs msrs = ApicBench.x2Apic(0).msrs();
        msrs.write(0x830, 0x7_0000_1031L);
        assertThat(msrs.read(0x830)).isEqualTo(0x7_0000_0031L);
    }

    @Test
    void anMsrThatIsNoneOfALocalApicIsAMisuse() {
        ApicMsrs msrs = ApicBench.x2Apic(0).msrs();
        assertThatThrownBy(() -> msrs.read(0x10))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("10H");
    }

    private static void assertGeneralProtection(Runnable access) {
        assertThatThrownBy(access::run)
                .isInstanceOfSatisfying(
                        GuestFault.class, fault -> assertThat(fault.vector()).isEqualTo(Vector.GP));
    }
}

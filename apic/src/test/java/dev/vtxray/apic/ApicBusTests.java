package dev.vtxray.apic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vtxray.core.port.InterruptSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Interprocessor interrupts: destinations, shorthands and delivery modes. */
class ApicBusTests {
    private static final int FLAT = 0xFFFF_FFFF;
    private static final int CLUSTER = 0x0FFF_FFFF;
    private static final int LOGICAL = 1 << 11;
    private static final int ASSERT = 1 << 14;
    private static final int LEVEL = 1 << 15;
    private static final int LOWEST_PRIORITY = 1 << 8;
    private static final int NMI = 4 << 8;
    private static final int INIT = 5 << 8;
    private static final int START_UP = 6 << 8;

    private static void sendXapic(ApicBench bench, int low, int destination) {
        bench.write(0x310, Integer.toUnsignedLong(destination << 24));
        bench.write(0x300, Integer.toUnsignedLong(low));
    }

    private static void sendX2apic(ApicBench bench, int low, int destination) {
        bench.msrs().write(0x830, (long) destination << 32 | Integer.toUnsignedLong(low));
    }

    /** IDs of the APICs that have something to deliver. */
    private static List<Integer> receivers(ApicBench bench) {
        List<Integer> ids = new ArrayList<>();
        for (LocalApic apic : bench.apics) {
            if (apic.highestDeliverable() != InterruptSource.NONE) {
                ids.add(apic.id());
            }
        }
        return ids;
    }

    @ParameterizedTest
    @CsvSource({"0,0", "2,2", "5,", "255,0 1 2 3"})
    void xApicPhysicalDestinationsAreIds(int destination, String expected) {
        ApicBench bench = ApicBench.xApic(0, 1, 2, 3);
        sendXapic(bench, 0x41, destination);
        assertThat(receivers(bench)).isEqualTo(numbers(expected));
    }

    @ParameterizedTest
    @CsvSource({"1,0", "6,1 2", "8,3", "16,", "255,0 1 2 3"})
    void xApicFlatDestinationsAreMasksOfLogicalIds(int destination, String expected) {
        ApicBench bench = ApicBench.xApic(0, 1, 2, 3);
        for (LocalApic apic : bench.apics) {
            apic.write(0x0E0, 4, FLAT);
            apic.write(0x0D0, 4, 1 << 24 + apic.id());
        }
        sendXapic(bench, 0x41 | LOGICAL, destination);
        assertThat(receivers(bench)).isEqualTo(numbers(expected));
    }

    @ParameterizedTest
    @CsvSource({"01,0", "03,0 1", "11,2", "13,2 3", "F1,0 2", "FE,1 3", "FF,0 1 2 3", "21,", "10,"})
    void xApicClusterDestinationsAreAClusterAndAMask(String destination, String expected) {
        ApicBench bench = ApicBench.xApic(0, 1, 2, 3);
        int[] logicalIds = {0x01, 0x02, 0x11, 0x12};
        for (LocalApic apic : bench.apics) {
            apic.write(0x0E0, 4, CLUSTER);
            apic.write(0x0D0, 4, (long) logicalIds[apic.id()] << 24);
        }
        sendXapic(bench, 0x41 | LOGICAL, Integer.parseInt(destination, 16));
        assertThat(receivers(bench)).isEqualTo(numbers(expected));
    }

    @Test
    void theXapicBroadcastReachesEvenApicsWithoutLogicalId() {
        ApicBench bench = ApicBench.xApic(0, 1);
        sendXapic(bench, 0x41 | LOGICAL, 0xFF);
        assertThat(receivers(bench)).containsExactly(0, 1);
    }

    @Test
    void anUndefinedDestinationFormatMatchesNothing() {
        ApicBench bench = ApicBench.xApic(0);
        bench.write(0x0E0, 0x5000_0000);
        bench.write(0x0D0, 0xFF00_0000L);
        sendXapic(bench, 0x41 | LOGICAL, 1);
        assertThat(receivers(bench)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0,0", "17,17", "255,", "-1,0 1 16 17"})
    void x2ApicPhysicalDestinationsHave32Bits(int destination, String expected) {
        ApicBench bench = ApicBench.x2Apic(0, 1, 16, 17);
        sendX2apic(bench, 0x41, destination);
        assertThat(receivers(bench)).isEqualTo(numbers(expected));
    }

    @ParameterizedTest
    @CsvSource({"00000001,0", "00000003,0 1", "00010001,16", "00010003,16 17", "00020001,", "00010000,", "FFFFFFFF,0 1 16 17"})
    void x2ApicLogicalDestinationsAreAClusterAndAMask(String destination, String expected) {
        ApicBench bench = ApicBench.x2Apic(0, 1, 16, 17);
        sendX2apic(bench, 0x41 | LOGICAL, Integer.parseUnsignedInt(destination, 16));
        assertThat(receivers(bench)).isEqualTo(numbers(expected));
    }

    @ParameterizedTest
    @CsvSource({"1,1", "2,0 1 2", "3,0 2"})
    void shorthandsReplaceTheDestination(int shorthand, String expected) {
        ApicBench bench = ApicBench.xApic(1, 0, 2);
        sendXapic(bench, 0x41 | shorthand << 18, 0x77);
        List<Integer> ids = receivers(bench);
        ids.sort(null);
        assertThat(ids).isEqualTo(numbers(expected));
    }

    @ParameterizedTest
    @CsvSource({"1", "2"})
    void shorthandsThatIncludeSelfAreForFixedDeliveryOnly(int shorthand) {
        ApicBench bench = ApicBench.xApic(0, 1);
        for (int mode : new int[] {LOWEST_PRIORITY, NMI, INIT, START_UP}) {
            sendXapic(bench, 0x41 | mode | ASSERT | shorthand << 18, 0);
        }
        assertThat(receivers(bench)).isEmpty();
        assertThat(bench.pins.get(0).events).isEmpty();
        assertThat(bench.pins.get(1).events).isEmpty();
    }

    @Test
    void writingTheHighHalfOnlyStores() {
        ApicBench bench = ApicBench.xApic(0, 1);
        bench.write(0x300, 0x41);
        bench.apic().acknowledge();
        bench.write(0x310, 0x0100_0000);
        assertThat(receivers(bench)).isEmpty();
        assertThat(bench.read(0x310)).isEqualTo(0x0100_0000);
    }

    @Test
    void theCommandReadsBackWithoutDeliveryStatus() {
        ApicBench bench = ApicBench.xApic(0, 1);
        sendXapic(bench, 0x41 | 1 << 12, 1);
        assertThat(bench.read(0x300)).isEqualTo(0x41);
    }

    @Test
    void nmiInitAndStartUpGoToThePinsOfTheTarget() {
        ApicBench bench = ApicBench.xApic(0, 1);
        sendXapic(bench, NMI | 0x02, 1);
        sendXapic(bench, INIT | ASSERT, 1);
        sendXapic(bench, START_UP | ASSERT | 0x9A, 1);
        assertThat(bench.pins.get(1).events).containsExactly("NMI", "INIT", "SIPI 9a");
        assertThat(bench.pins.get(0).events).isEmpty();
    }

    @Test
    void theyReachASoftwareDisabledTargetToo() {
        ApicBench bench = ApicBench.xApic(0, 1);
        bench.apics.get(1).write(0x0F0, 4, 0xFF);
        sendXapic(bench, INIT | ASSERT, 1);
        sendXapic(bench, START_UP, 1);
        sendXapic(bench, 0x41, 1);
        assertThat(bench.pins.get(1).events).containsExactly("INIT", "SIPI 0");
        assertThat(receivers(bench)).isEmpty();
    }

    @Test
    void initAndStartUpCanBeSentToLogicalDestinations() {
        ApicBench bench = ApicBench.x2Apic(0, 1);
        sendX2apic(bench, INIT | ASSERT | LOGICAL, 2);
        assertThat(bench.pins.get(1).events).containsExactly("INIT");
    }

    @Test
    void anInitLevelDeassertIsDropped() {
        ApicBench bench = ApicBench.xApic(0, 1);
        sendXapic(bench, INIT | LEVEL, 1);
        assertThat(bench.pins.get(1).events).isEmpty();
        sendXapic(bench, INIT | LEVEL | ASSERT, 1);
        assertThat(bench.pins.get(1).events).containsExactly("INIT");
    }

    @Test
    void levelAndTriggerBitsOfAFixedIpiAreIgnored() {
        ApicBench bench = ApicBench.xApic(0, 1);
        sendXapic(bench, 0x41 | LEVEL, 1);
        assertThat(ApicBench.vectors(bench.apics.get(1), 0x200)).containsExactly(0x41);
        assertThat(ApicBench.vectors(bench.apics.get(1), 0x180)).isEmpty();
    }

    @Test
    void smiAndReservedDeliveryModesAreDropped() {
        ApicBench bench = ApicBench.xApic(0, 1);
        for (int mode : new int[] {2, 3, 7}) {
            sendXapic(bench, 0x41 | mode << 8, 1);
        }
        assertThat(receivers(bench)).isEmpty();
        assertThat(bench.pins.get(1).events).isEmpty();
        bench.write(0x280, 0);
        assertThat(bench.read(0x280)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0", "256"})
    void illegalVectorsAreNotSent(int mode) {
        ApicBench bench = ApicBench.xApic(0, 1);
        sendXapic(bench, 0x0F | mode, 1);
        bench.write(0x280, 0);
        assertThat(bench.read(0x280)).isEqualTo(0x20);
        bench.apics.get(1).write(0x280, 4, 0);
        assertThat(bench.apics.get(1).read(0x280, 4)).isZero();
    }

    @Test
    void selfIpiRegisterInterruptsTheSenderAlone() {
        ApicBench bench = ApicBench.x2Apic(3, 1);
        bench.msrs().write(0x83F, 0x41);
        assertThat(receivers(bench)).containsExactly(3);
        bench.msrs().write(0x83F, 0x05);
        bench.msrs().write(0x828, 0);
        assertThat(bench.msrs().read(0x828)).isEqualTo(0x20);
    }

    @Test
    void aSoftwareDisabledApicStillSends() {
        ApicBench bench = ApicBench.xApic(0, 1);
        bench.write(0x0F0, 0xFF);
        sendXapic(bench, 0x41, 1);
        assertThat(receivers(bench)).containsExactly(1);
    }

    @Test
    void lowestPriorityGoesToTheLowestProcessorPriorityAndOfEqualsToTheLowestId() {
        ApicBench bench = ApicBench.xApic(2, 1, 3);
        sendXapic(bench, 0x41 | LOWEST_PRIORITY, 0xFF);
        assertThat(receivers(bench)).containsExactly(1);
        bench.apics.get(1).acknowledge();
        sendXapic(bench, 0x51 | LOWEST_PRIORITY, 0xFF);
        assertThat(receivers(bench)).containsExactly(2);
        bench.apics.get(0).acknowledge();
        sendXapic(bench, 0x61 | LOWEST_PRIORITY, 0xFF);
        assertThat(receivers(bench)).containsExactly(3);
    }

    @Test
    void lowestPriorityPassesOverSoftwareDisabledApics() {
        ApicBench bench = ApicBench.xApic(0, 1);
        bench.write(0x0F0, 0xFF);
        sendXapic(bench, 0x41 | LOWEST_PRIORITY, 0xFF);
        assertThat(receivers(bench)).containsExactly(1);
    }

    @Test
    void devicesSendWithoutALocalApic() {
        ApicBench bench = ApicBench.xApic(0, 1);
        bench.bus.send(Ipi.fixed(0x41, 1));
        assertThat(receivers(bench)).containsExactly(1);
        assertThatThrownBy(() -> bench.bus.send(Ipi.toSelf(0x41)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("SELF");
    }

    @Test
    void idsAreUniqueAndAnApicIsOnOneBusOnly() {
        ApicBench bench = ApicBench.xApic(4);
        LocalApic twin = new LocalApic(4, false, ApicFeatures.all(), bench.clock, () -> 0);
        assertThatThrownBy(() -> bench.bus.connect(twin, new RecordedSignals(), ApicListener.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("APIC ID 4");
        assertThatThrownBy(() -> new ApicBus().connect(bench.apic(), new RecordedSignals(), ApicListener.NONE))
                .isInstanceOf(IllegalStateException.class);
    }

    private static List<Integer> numbers(String text) {
        List<Integer> numbers = new ArrayList<>();
        if (text != null) {
            for (String number : text.split(" ")) {
                numbers.add(Integer.valueOf(number));
            }
        }
        return numbers;
    }
}

package dev.vtxray.testkit.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.vtxray.nested.ExitKey;
import dev.vtxray.nested.Level;
import dev.vtxray.testkit.hypervisor.HandlerProfile;
import dev.vtxray.vmx.control.ExitReason;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ExperimentDataTests {

    @ParameterizedTest
    @CsvSource({"6, 3, 2", "40000, 10000, 4", "1, 3, 0.333333", "40001, 10000, 4.0001", "5, 2, 2.5", "0, 7, 0"})
    void ratiosAreWrittenExactlyWhenTheyAreIntegers(long numerator, long denominator, String text) {
        assertThat(new Ratio(numerator, denominator)).hasToString(text);
    }

    @Test
    void equalRatiosAreEqual() {
        assertThat(new Ratio(40_000, 10_000)).isEqualTo(Ratio.of(4)).isEqualByComparingTo(new Ratio(8, 2));
        assertThat(new Ratio(1, 3)).isLessThan(new Ratio(1, 2));
        assertThatThrownBy(() -> new Ratio(1, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "P_MIN, false, false, 4, 8", "P_MIN, false, true, 1, 2",
        "P_KVM, false, false, 4, 56", "P_KVM, false, true, 1, 14",
        "P_HAXM, false, false, 4, 228", "P_HAXM, false, true, 1, 57",
        "P_KVM, true, false, 4, 8", "P_KVM, true, true, 1, 2"
    })
    void expectationsAreThoseOfTheTable(
            HandlerProfile profile, boolean shadowing, boolean apicv, int reflected, int l0Exits) {
        ExperimentSetting setting = new ExperimentSetting("haswell-ep", profile, shadowing, apicv);
        assertThat(setting.expectedReflectedPerIpi()).isEqualTo(reflected);
        assertThat(setting.expectedL0ExitsPerIpi()).hasValue(l0Exits);
    }

    @Test
    void whereNotAllFieldsAreShadowedNothingIsExpected() {
        ExperimentSetting setting = new ExperimentSetting("haswell-ep", HandlerProfile.P_HAXM, true, false);
        assertThat(setting.expectedL0ExitsPerIpi()).isEmpty();
    }

    /** Two sources of the same facts: the table read from the file, and what the runs of the test kit expect. */
    @ParameterizedTest
    @EnumSource
    void theTableAndTheScenariosAgree(Scenario scenario) {
        ExpectedScenario expected = ExpectedScenario.all().get(scenario);
        assertThat(longs(expected.scenario().exits(false))).isEqualTo(expected.nestedOff());
        assertThat(longs(expected.scenario().exits(true))).isEqualTo(expected.nestedOn());
    }

    @Test
    void aRowIsAsExpectedOnlyIfExact() {
        ExperimentSetting setting = new ExperimentSetting("ivybridge-ep", HandlerProfile.P_KVM, false, false);
        ExperimentRow good = SampleReport.row(setting, 10_000);
        assertThat(good.isAsExpected()).isTrue();
        assertThat(row(good, 40_001, 560_000).isAsExpected()).isFalse();
        assertThat(row(good, 40_000, 559_999).isAsExpected()).isFalse();
    }

    @Test
    void exitsOfL1AreNeverReflected() {
        assertThatThrownBy(() -> new ExitCount(Level.L1, ExitReason.VMREAD, 5, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("VMREAD");
        assertThat(new ExitCount(Level.L2, ExitReason.APIC_ACCESS, 5, 3).l0Handled())
                .isEqualTo(2);
    }

    @Test
    void countersOfL0AreSummedByReasonWithLabelledSubKeys() {
        TreeMap<ExitKey, Long> hardware = new TreeMap<>(Map.of(
                new ExitKey(Level.L2, ExitReason.APIC_ACCESS, 0x300), 20L,
                new ExitKey(Level.L2, ExitReason.APIC_ACCESS, 0xB0), 10L,
                new ExitKey(Level.L2, ExitReason.EXTERNAL_INTERRUPT, 0), 7L,
                new ExitKey(Level.L1, ExitReason.VMREAD, 0x681E), 5L,
                new ExitKey(Level.L1, ExitReason.CPUID, 0x8000_0001L), 2L,
                new ExitKey(Level.L1, ExitReason.IO_INSTRUCTION, 0x3F8), 1L,
                new ExitKey(Level.L1, ExitReason.WRMSR, 0x1B), 3L,
                new ExitKey(Level.L1, ExitReason.EPT_VIOLATION, 0xFEE0_0310L), 4L,
                new ExitKey(Level.L1, ExitReason.EPT_VIOLATION, 0), 6L));
        TreeMap<ExitKey, Long> reflected =
                new TreeMap<>(Map.of(new ExitKey(Level.L2, ExitReason.APIC_ACCESS, 0x300), 19L));
        assertThat(ExitCount.listOf(hardware, reflected))
                .containsExactly(
                        new ExitCount(Level.L1, ExitReason.CPUID, 2, 0, Map.of("leaf 80000001H", 2L)),
                        new ExitCount(Level.L1, ExitReason.VMREAD, 5, 0, Map.of("GUEST_RIP", 5L)),
                        new ExitCount(Level.L1, ExitReason.IO_INSTRUCTION, 1, 0, Map.of("port 3F8H", 1L)),
                        new ExitCount(Level.L1, ExitReason.WRMSR, 3, 0, Map.of("MSR 1BH", 3L)),
                        new ExitCount(Level.L1, ExitReason.EPT_VIOLATION, 10, 0, Map.of("own APIC 310H", 4L)),
                        new ExitCount(Level.L2, ExitReason.EXTERNAL_INTERRUPT, 7, 0),
                        new ExitCount(Level.L2, ExitReason.APIC_ACCESS, 30, 19, Map.of("300H", 20L, "0B0H", 10L)));
    }

    @Test
    void aPictureRefusesExitsOutOfOrder() {
        SwimLane.Exit late = new SwimLane.Exit(0, 7, Level.L2, Level.L1, ExitReason.HLT, "");
        SwimLane.Exit early = new SwimLane.Exit(0, 6, Level.L1, Level.L2, ExitReason.VMRESUME, "");
        assertThatThrownBy(() -> new SwimLane("x", 0, 10, List.of(Level.L2), List.of(late, early)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("VMRESUME");
    }

    @Test
    void theMachineOfTheExperimentIsEchoed() {
        assertThat(Topology.standard()).isEqualTo(new Topology("ivybridge-ep", 2, 2, 2.7));
        assertThat(Topology.standard().nanoseconds(2_700)).isCloseTo(1_000, within(1e-9));
    }

    @Test
    void handlersAreFoundByTheirLabels() {
        assertThat(HandlerProfile.named("p-KVM")).isEqualTo(HandlerProfile.P_KVM);
        assertThatThrownBy(() -> HandlerProfile.named("P-xen"))
                .hasMessage("unknown handler profile \"P-xen\"; known are P-min, P-kvm, P-haxm");
    }

    @ParameterizedTest
    @CsvSource({
        "IO_INSTRUCTION, I/O instruction",
        "APIC_ACCESS, APIC access",
        "VMREAD, VMREAD",
        "HLT, HLT",
        "EXTERNAL_INTERRUPT, external interrupt",
        "EXCEPTION_OR_NMI, exception or NMI"
    })
    void reasonsHaveNamesToRead(ExitReason reason, String words) {
        assertThat(ReasonNames.inWords(reason)).isEqualTo(words);
    }

    private static Map<ExitReason, Long> longs(Map<ExitReason, Integer> counts) {
        Map<ExitReason, Long> longs = new HashMap<>();
        counts.forEach((reason, count) -> longs.put(reason, count.longValue()));
        return longs;
    }

    private static ExperimentRow row(ExperimentRow row, long reflected, long l0Exits) {
        return new ExperimentRow(
                row.setting(), row.rounds(), reflected, l0Exits, row.exits(), row.deliverySide(), row.ownWork());
    }
}

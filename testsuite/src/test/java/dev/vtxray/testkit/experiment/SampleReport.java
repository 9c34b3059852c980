package dev.vtxray.testkit.experiment;

import dev.vtxray.nested.Level;
import dev.vtxray.testkit.hypervisor.HandlerProfile;
import dev.vtxray.vmx.control.ExitReason;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** A report whose counts are exactly those expected, made without a machine. */
public final class SampleReport {
    private static final int VIRTUALIZED_ACCESSES = 3;

    private SampleReport() {}

    /** The whole table and all scenarios. */
    public static ExperimentReport asExpected(long rounds) {
        ExperimentOptions options = ExperimentOptions.wholeTable(rounds);
        List<ExperimentRow> rows =
                options.settings().stream().map(setting -> row(setting, rounds)).toList();
        return new ExperimentReport(
                rows,
                SyncTimeModel.standard().evaluate(scenarios(rounds)),
                List.of(lane(false), lane(true)),
                Topology.standard());
    }

    public static ExperimentRow row(ExperimentSetting setting, long rounds) {
        int reflected = setting.expectedReflectedPerIpi();
        int nested = reflected + 1;
        HandlerProfile profile = setting.profile();
        List<ExitCount> exits = new ArrayList<>();
        if (setting.apicv()) {
            exits.add(new ExitCount(Level.L2, ExitReason.APIC_WRITE, rounds, rounds, Map.of("300H write", rounds)));
        } else {
            exits.add(new ExitCount(
                    Level.L2,
                    ExitReason.APIC_ACCESS,
                    4 * rounds,
                    4 * rounds,
                    Map.of("300H read", rounds, "310H write", rounds, "300H write", rounds, "0B0H write", rounds)));
        }
        exits.add(new ExitCount(Level.L2, ExitReason.EXTERNAL_INTERRUPT, rounds, 0));
        exits.add(new ExitCount(Level.L1, ExitReason.VMRESUME, nested * rounds, 0));
        if (!setting.shadowing()) {
            exits.add(new ExitCount(Level.L1, ExitReason.VMREAD, (long) nested * profile.reads() * rounds, 0));
            exits.add(new ExitCount(Level.L1, ExitReason.VMWRITE, (long) nested * profile.writes() * rounds, 0));
        }
        exits.add(new ExitCount(Level.L1, ExitReason.APIC_ACCESS, 4 * rounds, 0));
        exits.add(new ExitCount(Level.L1, ExitReason.VMPTRLD, 2, 0));
        exits.add(new ExitCount(Level.L1, ExitReason.CPUID, 6, 0, Map.of("leaf 1", 4L, "leaf 80000001H", 2L)));
        return new ExperimentRow(
                setting,
                rounds,
                reflected * rounds,
                setting.expectedL0ExitsPerIpi().orElseThrow() * rounds,
                exits,
                Map.of(ExitReason.EXTERNAL_INTERRUPT, rounds),
                new OwnApicWork(3 * rounds, rounds, 0));
    }

    public static List<MeasuredScenario> scenarios(long rounds) {
        return ExpectedScenario.all().values().stream()
                .map(expected -> new MeasuredScenario(
                        expected.scenario(),
                        rounds,
                        counts(expected.nestedOff(), expected.l0ExitsOff(), 0, rounds),
                        counts(expected.nestedOn(), expected.l0ExitsOn(), VIRTUALIZED_ACCESSES, rounds)))
                .toList();
    }

    private static ScenarioCounts counts(
            Map<ExitReason, Long> perIpi, int l0ExitsPerIpi, int virtualized, long rounds) {
        Map<ExitReason, Long> nested = new EnumMap<>(perIpi);
        nested.replaceAll((reason, count) -> count * rounds);
        long perNestedExit = 2 + SyncTimeModel.PROFILE.reads() + SyncTimeModel.PROFILE.writes();
        long own = l0ExitsPerIpi - perNestedExit * ExitsByReason.sum(perIpi);
        return new ScenarioCounts(
                nested,
                l0ExitsPerIpi * rounds,
                new OwnApicWork(3 * rounds, (own - 3) * rounds, 0),
                virtualized * rounds);
    }

    /** P-kvm on two CPUs: CPU 0 sends, L1 kicks, CPU 1 receives. */
    private static SwimLane lane(boolean apicv) {
        LaneBuilder lane = new LaneBuilder();
        String[] sender = apicv ? new String[] {"300H write"} : new String[] {"300H read", "310H write", "300H write"};
        ExitReason reason = apicv ? ExitReason.APIC_WRITE : ExitReason.APIC_ACCESS;
        for (int i = 0; i < sender.length; i++) {
            lane.nestedExit(0, reason, sender[i], i == sender.length - 1);
        }
        lane.nestedExit(1, ExitReason.EXTERNAL_INTERRUPT, "vector F2H", false);
        if (!apicv) {
            lane.nestedExit(1, ExitReason.APIC_ACCESS, "0B0H write", false);
        }
        return new SwimLane(
                apicv ? "After: APICv given to L1" : "Before: APICv hidden from L1",
                1000,
                lane.now + 400,
                List.of(Level.L2, Level.L2),
                lane.exits);
    }

    private static final class LaneBuilder {
        final List<SwimLane.Exit> exits = new ArrayList<>();
        long now = 1000;

        void nestedExit(int cpu, ExitReason reason, String detail, boolean kick) {
            exit(cpu, 60, Level.L2, Level.L1, reason, detail);
            for (int i = 0; i < 12; i++) {
                exit(cpu, 3, Level.L1, Level.L1, i < 8 ? ExitReason.VMREAD : ExitReason.VMWRITE, "GUEST_RIP");
            }
            for (int i = 0; kick && i < 3; i++) {
                exit(cpu, 8, Level.L1, Level.L1, ExitReason.APIC_ACCESS, i == 1 ? "310H" : "300H");
            }
            exit(cpu, 12, Level.L1, Level.L2, ExitReason.VMRESUME, "");
        }

        void exit(int cpu, int after, Level from, Level next, ExitReason reason, String detail) {
            now += after;
            exits.add(new SwimLane.Exit(cpu, now, from, next, reason, detail));
        }
    }
}

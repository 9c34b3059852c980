package dev.vtxray.testkit.experiment;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.nested.EpisodeLedger;
import dev.vtxray.nested.EpisodeLedger.Part;
import dev.vtxray.nested.ExitCounters;
import dev.vtxray.nested.NestedObserver;
import dev.vtxray.testkit.hypervisor.HandlerProfile;
import dev.vtxray.vmx.VmxObserver;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.control.ExitReason;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The virtual APICv experiment, run for real: L2 and L1 are machine code, L0 counts.
 *
 * <p>Every run has a machine of its own, so several may go at the same time; what each gives does not depend on it.
 */
public final class TwoLevelExperiment implements VirtualApicvExperiment {
    /** Counts of a scenario are exact after a few rounds; it need not run as long as the table. */
    private static final long MOST_SCENARIO_ROUNDS = 1000;

    private static final long WORK = 1;
    private static final ExitReason END_OF_RUN = ExitReason.VMCALL;

    private final SyncTimeModel model = SyncTimeModel.standard();

    @Override
    public ExperimentReport run(ExperimentOptions options, ExperimentProgress progress) {
        Steps steps = new Steps(progress);
        List<ExperimentRow> rows = new ArrayList<>();
        for (ExperimentSetting setting : options.settings()) {
            steps.add(setting.label() + (setting.apicv() ? ", APICv on" : ", APICv off"), () -> {
                ExperimentRow row = row(setting, options.rounds());
                return () -> rows.add(row);
            });
        }
        List<ScenarioResult> syncTime = new ArrayList<>();
        if (options.scenarios()) {
            long rounds = Math.min(options.rounds(), MOST_SCENARIO_ROUNDS);
            for (Scenario scenario : Scenario.values()) {
                steps.add("scenario " + scenario.row(), () -> {
                    ScenarioResult result = model.evaluate(scenario(scenario, rounds));
                    return () -> syncTime.add(result);
                });
            }
        }
        List<SwimLane> lanes = new ArrayList<>();
        for (boolean apicv : new boolean[] {false, true}) {
            steps.add("one IPI, step by step", () -> {
                SwimLane lane = SwimLaneRecorder.record(apicv);
                return () -> lanes.add(lane);
            });
        }
        steps.run();
        return new ExperimentReport(rows, syncTime, lanes, Topology.standard());
    }

    // one row of the table

    private static ExperimentRow row(ExperimentSetting setting, long rounds) {
        HostedRun run = hosted(
                setting.cpu(),
                setting.profile(),
                Scenario.SPINNING_INTERRUPTED,
                setting.apicv(),
                setting.shadowing(),
                rounds);
        HostedRun.Result result = checked(run.run(), setting.label());
        long reflected = 0;
        long l0Exits = 0;
        for (ExitReason reason : new ExitReason[] {ExitReason.APIC_ACCESS, ExitReason.APIC_WRITE}) {
            reflected += result.counters().reflected(reason);
            l0Exits += result.episodes().totals(reason).nestedCost();
        }
        Map<ExitReason, Long> deliverySide = nestedExits(result.counters());
        deliverySide.remove(ExitReason.APIC_ACCESS);
        deliverySide.remove(ExitReason.APIC_WRITE);
        return new ExperimentRow(
                setting,
                rounds,
                reflected,
                l0Exits,
                ExitCount.listOf(result.counters().hardware(), result.counters().reflected()),
                deliverySide,
                ownWork(result.episodes()));
    }

    // one scenario

    private static MeasuredScenario scenario(Scenario scenario, long rounds) {
        return new MeasuredScenario(scenario, rounds, counts(scenario, false, rounds), counts(scenario, true, rounds));
    }

    private static ScenarioCounts counts(Scenario scenario, boolean apicv, long rounds) {
        HostedRun run = hosted(SyncTimeModel.CPU, SyncTimeModel.PROFILE, scenario, apicv, false, rounds);
        long[] virtualized = new long[1];
        HostedRun.Result result = checked(
                run.run((machine, l0) -> {
                    VmxObserver counting = new VmxObserver() {
                        @Override
                        public void apicAccessVirtualized(Cpu cpu, int offset, boolean write) {
                            virtualized[0]++;
                        }
                    };
                    machine.machine().cpus().forEach(cpu -> machine.vmx(cpu.number)
                            .setObserver(counting));
                    return NestedObserver.NONE;
                }),
                "scenario " + scenario.row());
        Map<ExitReason, Long> nested = nestedExits(result.counters());
        long l0Exits = 0;
        for (Map.Entry<ExitReason, EpisodeLedger.Totals> entry :
                result.episodes().totals().entrySet()) {
            for (Part part : Part.values()) {
                l0Exits += entry.getKey() == END_OF_RUN ? 0 : entry.getValue().exits(part);
            }
        }
        long completed = virtualized[0] - result.counters().reflected(ExitReason.APIC_WRITE);
        return new ScenarioCounts(nested, l0Exits, ownWork(result.episodes()), completed);
    }

    // shared

    private static HostedRun hosted(
            String cpu, HandlerProfile handler, Scenario scenario, boolean apicv, boolean shadowing, long rounds) {
        PingPong guest = new PingPong(rounds, scenario.waitMode(), WORK, TwoLevelRun.MASKED_DELAY);
        return new HostedRun(new TwoLevelRun(CpuProfile.named(cpu), handler, scenario, apicv, guest), shadowing);
    }

    private static HostedRun.Result checked(HostedRun.Result result, String what) {
        if (!result.problems().isEmpty()) {
            throw new IllegalStateException(what + ": " + String.join("; ", result.problems()));
        }
        return result;
    }

    /** Exits from L2 to L1 by reason, without the calls with which L2 ends. */
    private static Map<ExitReason, Long> nestedExits(ExitCounters counters) {
        Map<ExitReason, Long> exits = new EnumMap<>(ExitReason.class);
        counters.reflected().forEach((key, count) -> exits.merge(key.reason(), count, Long::sum));
        counters.originated().forEach((reason, count) -> exits.merge(reason, count, Long::sum));
        exits.remove(END_OF_RUN);
        return exits;
    }

    private static OwnApicWork ownWork(EpisodeLedger episodes) {
        long kick = 0;
        long eoi = 0;
        long halt = 0;
        for (Map.Entry<ExitReason, EpisodeLedger.Totals> entry :
                episodes.totals().entrySet()) {
            if (entry.getKey() != END_OF_RUN) {
                kick += entry.getValue().exits(Part.OWN_IPI);
                eoi += entry.getValue().exits(Part.OWN_EOI);
                halt += entry.getValue().exits(Part.OWN_HLT);
            }
        }
        return new OwnApicWork(kick, eoi, halt);
    }

    /** Independent runs, done side by side; what they give is kept in their order. */
    private static final class Steps {
        private final ExperimentProgress progress;
        private final List<String> names = new ArrayList<>();
        private final List<Supplier<Runnable>> tasks = new ArrayList<>();

        Steps(ExperimentProgress progress) {
            this.progress = progress;
        }

        /** @param task does the work and returns what keeps its result */
        void add(String name, Supplier<Runnable> task) {
            names.add(name);
            tasks.add(task);
        }

        void run() {
            AtomicInteger done = new AtomicInteger();
            List<Runnable> results = IntStream.range(0, tasks.size())
                    .parallel()
                    .mapToObj(number -> {
                        synchronized (progress) {
                            progress.step(names.get(number), done.get(), tasks.size());
                        }
                        Runnable keep = tasks.get(number).get();
                        done.incrementAndGet();
                        return keep;
                    })
                    .toList();
            results.forEach(Runnable::run);
        }
    }
}

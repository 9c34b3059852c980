package dev.vtxray.testkit.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.machine.StopReason;
import dev.vtxray.testkit.experiment.TwoLevelRun.Result;
import dev.vtxray.testkit.hypervisor.HandlerProfile;
import dev.vtxray.testkit.hypervisor.L1Memory;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.control.ExitReason;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/** L1 and L2 directly on the virtual hardware: the counts of table H5. */
class TwoLevelRunProperties {
    private static final List<String> WITH_APICV = List.of("ivybridge-ep", "haswell-ep", "skylake-sp");

    private static TwoLevelRun runOf(
            String cpu, HandlerProfile handler, Scenario scenario, boolean apicv, long rounds) {
        return TwoLevelRun.of(CpuProfile.named(cpu), handler, scenario, apicv, rounds);
    }

    private static SortedMap<ExitReason, Long> expected(Scenario scenario, boolean apicv, long rounds) {
        SortedMap<ExitReason, Long> exits = new TreeMap<>();
        if (rounds > 0) {
            scenario.exits(apicv).forEach((reason, count) -> exits.put(reason, count * rounds));
        }
        exits.put(ExitReason.VMCALL, (long) L1Memory.CPUS);
        return exits;
    }

    /** All of them: 3 profiles, 9 scenarios, APICv off and on. */
    @Property(tries = 54)
    void everyScenarioCausesExactlyTheExitsOfItsRow(
            @ForAll HandlerProfile handler, @ForAll Scenario scenario, @ForAll boolean apicv) {
        Result result = runOf("ivybridge-ep", handler, scenario, apicv, 50).run();
        assertThat(result.problems()).isEmpty();
        assertThat(result.exits().byReason()).isEqualTo(expected(scenario, apicv, 50));
    }

    @Property(tries = 20, shrinking = ShrinkingMode.OFF)
    void neitherRoundsNorProcessorNorScheduleChangeTheExitsOfOneIpi(
            @ForAll HandlerProfile handler,
            @ForAll Scenario scenario,
            @ForAll boolean apicv,
            @ForAll @IntRange(max = 2) int cpu,
            @ForAll @LongRange(max = 40) long rounds,
            @ForAll @LongRange(min = 20, max = 6000) long slice) {
        TwoLevelRun run = runOf(WITH_APICV.get(cpu), handler, scenario, apicv, rounds);
        Pc pc = run.machine().slice(slice).build();
        run.prepare(pc);
        ExitCounts exits = new ExitCounts(L1Memory.CPUS);
        pc.vmx(0).setObserver(exits);
        pc.vmx(1).setObserver(exits);
        assertThat(pc.run(run.cycles())).isEqualTo(new StopReason.GuestExit(1));
        assertThat(run.problems(pc)).isEmpty();
        assertThat(exits.byReason()).isEqualTo(expected(scenario, apicv, rounds));
    }

    @Property(tries = 6)
    void theSameRunGivesTheSameTrace(@ForAll HandlerProfile handler, @ForAll Scenario scenario, @ForAll boolean apicv) {
        TwoLevelRun run = runOf("haswell-ep", handler, scenario, apicv, 8);
        Result first = run.run();
        Result second = run.run();
        assertThat(second.exits().digest()).isEqualTo(first.exits().digest());
        assertThat(second.retired()).isEqualTo(first.retired());
    }

    @Property(tries = 6)
    void everyExitCostsTheAccessesOfTheProfile(
            @ForAll HandlerProfile handler, @ForAll Scenario scenario, @ForAll boolean apicv) {
        TwoLevelRun run = runOf("haswell-ep", handler, scenario, apicv, 3);
        Pc pc = run.machine().build();
        run.prepare(pc);
        AccessCounts counts = new AccessCounts(pc);
        assertThat(pc.run(run.cycles())).isEqualTo(new StopReason.GuestExit(1));
        assertThat(counts.episodes()).isNotEmpty().containsOnly(List.of(handler.reads(), handler.writes()));
    }

    @Property(tries = 9)
    void aProcessorWithoutApicvRunsEveryScenarioWithoutIt(@ForAll Scenario scenario) {
        Result result = runOf("sandybridge-ep", HandlerProfile.P_KVM, scenario, false, 6)
                .run();
        assertThat(result.problems()).isEmpty();
        assertThat(result.exits().byReason()).isEqualTo(expected(scenario, false, 6));
    }
}

package dev.vtxray.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.nested.EpisodeLedger;
import dev.vtxray.nested.EpisodeLedger.Part;
import dev.vtxray.nested.ExitCounters;
import dev.vtxray.nested.ExitCounters.NestedEntry;
import dev.vtxray.nested.ExitKey;
import dev.vtxray.nested.Level;
import dev.vtxray.testkit.experiment.HostedRun;
import dev.vtxray.testkit.experiment.Scenario;
import dev.vtxray.testkit.experiment.TwoLevelRun;
import dev.vtxray.testkit.hypervisor.HandlerProfile;
import dev.vtxray.testkit.trace.World;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.SecondaryControl;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** The counting model: what must hold for the exits of any two-level run, because the architecture leaves no other way. */
class CountingIdentitiesProperties {
    private static final int TRIES = 15;

    /** Every exit of the hardware is either reflected to L1 or finished by L0, by level and reason. */
    @Property(tries = TRIES)
    void everyHardwareExitIsReflectedOrHandled(
            @ForAll("cpus") CpuProfile cpu,
            @ForAll HandlerProfile handler,
            @ForAll Scenario scenario,
            @ForAll boolean apicv,
            @ForAll boolean shadowing,
            @ForAll @IntRange(min = 1, max = 12) int rounds) {
        ExitCounters counters = counters(cpu, handler, scenario, apicv, shadowing, rounds);
        SortedMap<ExitKey, Long> sum = new TreeMap<>(counters.handled());
        counters.reflected().forEach((key, count) -> sum.merge(key, count, Long::sum));
        assertThat(sum).isEqualTo(counters.hardware());
        assertThat(counters.reflected().keySet()).allMatch(key -> key.level() == Level.L2);
    }

    /** On every CPU, L1 has entered L2 as often as it has left it, or once more while L2 is current. */
    @Property(tries = TRIES)
    void everyNestedEntryHasItsNestedExit(
            @ForAll("cpus") CpuProfile cpu,
            @ForAll HandlerProfile handler,
            @ForAll Scenario scenario,
            @ForAll boolean apicv,
            @ForAll @IntRange(min = 1, max = 12) int rounds,
            @ForAll @IntRange(min = 10_000, max = 400_000) int cycles) {
        TwoLevelRun run = TwoLevelRun.of(cpu, handler, scenario, apicv && cpu.hasApicv(), rounds);
        NestedBalance balance = new NestedBalance();
        balance.run(run, cycles);
        assertThat(balance.current()).allMatch(inL2 -> inL2 == 0 || inL2 == 1);
        assertThat(balance.current()).isEqualTo(balance.reportedByL0());
    }

    /** VMCS shadowing changes the exits for VMREAD and VMWRITE of L1 and nothing else, least of all what L1 and L2 see. */
    @Property(tries = TRIES)
    void shadowingChangesOnlyExitsForVmreadAndVmwrite(
            @ForAll("shadowingCpus") CpuProfile cpu,
            @ForAll HandlerProfile handler,
            @ForAll Scenario scenario,
            @ForAll boolean apicv,
            @ForAll @IntRange(min = 1, max = 12) int rounds) {
        SortedMap<ExitKey, Long> without = new TreeMap<>(
                counters(cpu, handler, scenario, apicv, false, rounds).hardware());
        SortedMap<ExitKey, Long> with = new TreeMap<>(
                counters(cpu, handler, scenario, apicv, true, rounds).hardware());
        without.keySet().removeIf(CountingIdentitiesProperties::isFieldAccess);
        with.keySet().removeIf(CountingIdentitiesProperties::isFieldAccess);
        assertThat(with).isEqualTo(without);
        TwoLevelRun run = TwoLevelRun.of(cpu, handler, scenario, apicv && cpu.hasApicv(), rounds);
        assertThat(TwoLevelWorlds.run(World.HOSTED, run, true)
                        .firstDifference(TwoLevelWorlds.run(World.HOSTED, run, false), TwoLevelWorlds.opaquePages()))
                .isEmpty();
    }

    /** E0 = 2 + R + W for an exit of L2 that is reflected: itself, L1's VMREADs and VMWRITEs, and L1's VMRESUME. */
    @Property(tries = TRIES)
    void reflectedExitCostsTwoPlusReadsPlusWrites(
            @ForAll("cpus") CpuProfile cpu,
            @ForAll HandlerProfile handler,
            @ForAll Scenario scenario,
            @ForAll boolean apicv,
            @ForAll @IntRange(min = 2, max = 12) int rounds) {
        TwoLevelRun run = TwoLevelRun.of(cpu, handler, scenario, apicv && cpu.hasApicv(), rounds);
        EpisodeLedger episodes = new HostedRun(run, false).run().episodes();
        ExitReason reason = apicv && cpu.hasApicv() ? ExitReason.APIC_WRITE : ExitReason.APIC_ACCESS;
        EpisodeLedger.Totals totals = episodes.totals(reason);
        assertThat(totals.episodes()).isPositive();
        assertThat(totals.exits(Part.TRIGGER)).isEqualTo(totals.episodes());
        assertThat(totals.exits(Part.ENTRY)).isEqualTo(totals.episodes());
        assertThat(totals.nestedCost()).isEqualTo(totals.episodes() * (2L + handler.reads() + handler.writes()));
    }

    @Provide
    Arbitrary<CpuProfile> cpus() {
        return Arbitraries.of(CpuProfile.names()).map(CpuProfile::named);
    }

    @Provide
    Arbitrary<CpuProfile> shadowingCpus() {
        return cpus().filter(CountingIdentitiesProperties::hasShadowing);
    }

    private static boolean hasShadowing(CpuProfile cpu) {
        return cpu.vmx().supports(SecondaryControl.VMCS_SHADOWING);
    }

    private static boolean isFieldAccess(ExitKey key) {
        return key.level() == Level.L1 && (key.reason() == ExitReason.VMREAD || key.reason() == ExitReason.VMWRITE);
    }

    private static ExitCounters counters(
            CpuProfile cpu, HandlerProfile handler, Scenario scenario, boolean apicv, boolean shadowing, int rounds) {
        TwoLevelRun run = TwoLevelRun.of(cpu, handler, scenario, apicv && cpu.hasApicv(), rounds);
        HostedRun.Result result = new HostedRun(run, shadowing && hasShadowing(cpu)).run();
        assertThat(result.problems()).isEmpty();
        assertThat(result.counters().entries(NestedEntry.OK)).isPositive();
        return result.counters();
    }
}

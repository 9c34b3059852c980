package dev.vtxray.vmx.entry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.statistics.Statistics;

/** What holds for every VM entry, whatever the VMCS. */
class VmEntryCheckProperties {
    private static final List<VmEntryCheck> CHECKS =
            VmEntryChecks.all().stream().filter(VmEntryCheck::isEvaluated).toList();

    private static final List<CpuProfile> PROCESSORS =
            CpuProfile.names().stream().map(CpuProfile::named).toList();

    @Provide
    Arbitrary<CpuProfile> processors() {
        return Arbitraries.of(PROCESSORS);
    }

    @Provide
    Arbitrary<VmEntryCheck> checks() {
        return Arbitraries.of(CHECKS);
    }

    /** On average 200 states for each row. */
    @Property(tries = 52_200)
    void aRowDecidesAsTheSpecification(
            @ForAll("processors") CpuProfile cpu,
            @ForAll EntryScenario.Kind kind,
            @ForAll("checks") VmEntryCheck check,
            @ForAll @Size(min = 1, max = 4) List<Integer> mutations) {
        EntryScenario scenario = EntryScenario.of(kind, cpu);
        mutations.forEach(seed -> mutate(scenario, check.fields(), new Random(seed)));
        boolean passes = check.passes(scenario.prepared());
        assertThat(passes).isEqualTo(SpecificationRow.BY_ID.get(check.id()).passes(scenario.specification()));
        Statistics.collect(passes);
        Statistics.coverage(coverage -> {
            coverage.check(true).percentage(p -> p > 10);
            coverage.check(false).percentage(p -> p > 10);
        });
    }

    @Property(tries = 3_000)
    void lookingOnlyAtChangesGivesTheSameAnswerAsLookingAtEverything(
            @ForAll("processors") CpuProfile cpu,
            @ForAll EntryScenario.Kind kind,
            @ForAll @Size(min = 1, max = 12) List<Integer> mutations) {
        EntryScenario scenario = EntryScenario.of(kind, cpu);
        for (int seed : mutations) {
            Random random = new Random(seed);
            VmcsField field = VmcsField.at(random.nextInt(VmcsField.COUNT));
            long before = scenario.vmcs.get(field);
            mutate(scenario, List.of(field), random);
            EntryState state = scenario.prepared();
            VmEntryCheck first = VmEntryChecks.firstViolation(state);
            assertThat(VmEntryChecks.firstViolationOfChanges(state)).isSameAs(first);
            Statistics.collect(first == null ? "passes" : "fails");
            if (first != null) {
                scenario.set(field, before);
            }
        }
    }

    private static void mutate(EntryScenario scenario, List<VmcsField> fields, Random random) {
        if (fields.isEmpty() || random.nextInt(8) == 0) {
            scenario.mutateSurroundings(random);
        } else {
            scenario.mutate(fields.get(random.nextInt(fields.size())), random);
        }
    }
}

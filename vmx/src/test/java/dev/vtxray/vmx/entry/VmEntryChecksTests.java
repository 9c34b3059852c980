package dev.vtxray.vmx.entry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of VM-entry checks against the specification file, row by row. */
class VmEntryChecksTests {
    /** Rows that cannot be the only violation: another row always fails too. */
    private static final Map<String, String> NEVER_ALONE = Map.of(
            "CTRL-INJ-02", "CTRL-INJ-05",
            "CTRL-EXIT-STORE-2", "CTRL-EXIT-STORE-3",
            "CTRL-EXIT-LOAD-2", "CTRL-EXIT-LOAD-3",
            "CTRL-ENTRY-LOAD-2", "CTRL-ENTRY-LOAD-3",
            "HOST-ASZ-01", "HOST-ASZ-04",
            "HOST-ASZ-04", "HOST-ASZ-01");

    private static final int STATES_PER_CHECK = 20;
    private static final int PATIENCE = 5_000;

    private static final List<VmcsField> FIELDS = fieldsLookedAt();

    private static final CpuProfile WITHOUT_MTF = withoutMtf();

    private static final List<CpuProfile> PROCESSORS = Stream.concat(
                    CpuProfile.names().stream().map(CpuProfile::named), Stream.of(WITHOUT_MTF))
            .toList();

    private static CpuProfile withoutMtf() {
        CpuProfile skylake = CpuProfile.named("skylake-sp");
        return skylake.with(skylake.vmx().without(PrimaryControl.MONITOR_TRAP_FLAG));
    }

    private static List<VmEntryCheck> evaluated() {
        return VmEntryChecks.all().stream().filter(VmEntryCheck::isEvaluated).toList();
    }

    static Stream<VmEntryCheck> evaluatedChecks() {
        return evaluated().stream();
    }

    @Test
    void theTableHasExactlyTheRowsOfTheSpecificationInItsOrder() {
        assertThat(VmEntryChecks.all().stream().map(VmEntryCheck::id).toList())
                .isEqualTo(
                        SpecificationRow.ALL.stream().map(SpecificationRow::id).toList());
    }

    @Test
    void everyRowStandsInTheSectionAndHasTheOutcomeOfTheSpecification() {
        for (VmEntryCheck check : VmEntryChecks.all()) {
            SpecificationRow row = SpecificationRow.BY_ID.get(check.id());
            assertThat(check.section().title()).as(check.id()).isEqualTo(row.title());
            assertThat(inWordsOfTheSpecification(check)).as(check.id()).isEqualTo(row.outcome());
        }
    }

    private static String inWordsOfTheSpecification(VmEntryCheck check) {
        EntryOutcome outcome = check.outcome();
        return switch (outcome.kind()) {
            case INVALID_OPCODE -> "#UD";
            case GENERAL_PROTECTION -> "#GP(0)";
            case VM_EXIT -> "VM exit 20/24";
            case FAIL_INVALID -> "VMfailInvalid (CF=1)";
            case FAIL_VALID -> "VMfailValid(%d)".formatted(outcome.number());
            case ENTRY_FAILURE -> {
                String qualification = Integer.toString(outcome.qualification());
                if (outcome.number() == 34) {
                    qualification = check.id().equals("MSRLOAD-07") ? "= limit + 1" : "= 1-based entry index";
                }
                yield "entry-fail exit 0x%X qual %s".formatted(0x8000_0000L + outcome.number(), qualification);
            }
        };
    }

    @Test
    void everyRowNamesExactlyTheFieldsThatTheSpecificationLooksAt() {
        for (VmEntryCheck check : evaluated()) {
            SpecificationRow row = SpecificationRow.BY_ID.get(check.id());
            assertThat(check.fields()).as(check.id()).containsExactlyInAnyOrderElementsOf(row.fields());
            assertThat(check.looksOutsideVmcs()).as(check.id()).isEqualTo(row.looksOutsideVmcs());
        }
    }

    @Test
    void everyValidStatePassesOnEveryProcessorThatCanHaveIt() {
        for (CpuProfile cpu : PROCESSORS) {
            for (EntryScenario.Kind kind : EntryScenario.Kind.values()) {
                if (kind == EntryScenario.Kind.PENDING_MTF && cpu == WITHOUT_MTF) {
                    continue;
                }
                EntryScenario scenario = EntryScenario.of(kind, cpu);
                assertThat(VmEntryChecks.report(scenario.prepared()).render())
                        .as("%s on %s", kind, cpu)
                        .startsWith("VM entry passes");
                assertThat(VmEntryChecks.firstViolation(scenario.prepared())).isNull();
            }
        }
    }

    /** The comparison with the second judge; each row must have been seen to fail and to pass. */
    @Test
    void everyRowDecidesAsTheSpecificationOnMutatedStates() {
        Random random = new Random(20);
        List<VmEntryCheck> checks = evaluated();
        Set<String> failed = new TreeSet<>();
        Set<String> passed = new TreeSet<>();
        for (VmEntryCheck aimed : checks) {
            for (int n = 0; n < STATES_PER_CHECK || !failed.contains(aimed.id()) && n < PATIENCE; n++) {
                EntryScenario scenario = scenario(aimed, random);
                mutate(scenario, aimed.fields(), random);
                for (VmEntryCheck check : checks) {
                    (decidesAsTheSpecification(check, scenario) ? passed : failed).add(check.id());
                }
            }
        }
        assertThat(checks)
                .filteredOn(check -> !failed.contains(check.id()))
                .as("never failed")
                .isEmpty();
        assertThat(checks)
                .filteredOn(check -> !passed.contains(check.id()))
                .as("never passed")
                .isEmpty();
    }

    private static boolean decidesAsTheSpecification(VmEntryCheck check, EntryScenario scenario) {
        boolean passes = check.passes(scenario.prepared());
        if (passes != SpecificationRow.BY_ID.get(check.id()).passes(scenario.specification())) {
            fail(
                    "%s passes: %s, and the specification disagrees%n%s",
                    check, passes, VmEntryChecks.report(scenario.state).render());
        }
        return passes;
    }

    /** A valid state, if chance finds one to which the row applies. */
    private static EntryScenario scenario(VmEntryCheck aimed, Random random) {
        EntryScenario scenario;
        int attempts = 0;
        do {
            scenario = EntryScenario.of(pick(List.of(EntryScenario.Kind.values()), random), pick(PROCESSORS, random));
        } while (!aimed.applies(scenario.prepared()) && ++attempts < 8);
        return scenario;
    }

    /** Half of the mutations go to the fields of one row, so that rows with rare conditions fail too. */
    private static void mutate(EntryScenario scenario, List<VmcsField> aimed, Random random) {
        scenario.mutate(pick(aimed.isEmpty() ? FIELDS : aimed, random), random);
        for (int n = random.nextInt(3); n > 0; n--) {
            scenario.mutate(pick(random.nextBoolean() && !aimed.isEmpty() ? aimed : FIELDS, random), random);
        }
        if (random.nextInt(4) == 0) {
            scenario.mutateSurroundings(random);
        }
    }

    private static List<VmcsField> fieldsLookedAt() {
        Set<VmcsField> fields = EnumSet.noneOf(VmcsField.class);
        evaluated().forEach(check -> fields.addAll(check.fields()));
        return List.copyOf(fields);
    }

    private static <T> T pick(List<T> from, Random random) {
        return from.get(random.nextInt(from.size()));
    }

    @ParameterizedTest
    @MethodSource("evaluatedChecks")
    void aStateThatViolatesOnlyThisRowHasItsOutcomeAndItsNearestValidStatePasses(VmEntryCheck check) {
        Set<String> expected = new TreeSet<>(Set.of(check.id()));
        if (NEVER_ALONE.containsKey(check.id())) {
            expected.add(NEVER_ALONE.get(check.id()));
        }
        Random random = new Random(check.id().hashCode());
        for (int i = 0; i < 60_000; i++) {
            CpuProfile cpu = check.id().equals("CTRL-INJ-02") ? WITHOUT_MTF : pick(PROCESSORS, random);
            EntryScenario scenario = EntryScenario.of(pick(List.of(EntryScenario.Kind.values()), random), cpu);
            if (check.looksOutsideVmcs() && random.nextBoolean()) {
                scenario.mutateSurroundings(random);
            }
            for (int n = random.nextInt(3); n >= 0 && !check.fields().isEmpty(); n--) {
                scenario.mutate(pick(check.fields(), random), random);
            }
            if (!check.passes(scenario.prepared()) && violated(scenario).equals(expected)) {
                assertThat(VmEntryChecks.firstViolation(scenario.prepared()).outcome())
                        .isEqualTo(check.outcome());
                return;
            }
        }
        fail("no state was found that violates %s and nothing else", check);
    }

    private static Set<String> violated(EntryScenario scenario) {
        Set<String> ids = new TreeSet<>();
        VmEntryChecks.report(scenario.prepared())
                .violations()
                .forEach(violation -> ids.add(violation.check().id()));
        return ids;
    }

    @Test
    void theReportNamesRuleFieldAndValue() {
        EntryScenario scenario = EntryScenario.of(EntryScenario.Kind.LONG_MODE, CpuProfile.named("ivybridge-ep"))
                .set(VmcsField.GUEST_RFLAGS, 0);
        assertThat(VmEntryChecks.report(scenario.prepared()).render())
                .isEqualTo(
                        """
                        VM entry failed: exit 33, invalid guest state, qualification 0
                          GUEST-RFL-02  Checks on Guest RIP, RFLAGS, and SSP
                             rule  bit 1 of RFLAGS is 1          saw  GUEST_RFLAGS (6820H) = 0000_0000_0000_0000
                          also violated: none        passed: 50 control and host checks, 89 guest checks""");
    }

    @Test
    void theReportListsEveryFurtherViolation() {
        EntryScenario scenario = EntryScenario.of(EntryScenario.Kind.LONG_MODE, CpuProfile.named("ivybridge-ep"))
                .set(VmcsField.GUEST_RFLAGS, 0)
                .set(VmcsField.VIRTUAL_PROCESSOR_IDENTIFIER, 0);
        assertThat(VmEntryChecks.report(scenario.prepared()).render())
                .startsWith(
                        "VM entry failed: VMfailValid, error 7, VM entry with an invalid control field\n  CTRL-VPID-01")
                .contains("also violated: 1 ")
                .contains("saw  VIRTUAL_PROCESSOR_IDENTIFIER (0000H) = 0000\n")
                .contains("\n  GUEST-RFL-02  ");
    }
}

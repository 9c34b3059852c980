package dev.vtxray.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.machine.StopReason;
import dev.vtxray.testkit.experiment.Scenario;
import dev.vtxray.testkit.experiment.TwoLevelRun;
import dev.vtxray.testkit.hypervisor.HandlerProfile;
import dev.vtxray.testkit.hypervisor.InterruptDelivery;
import dev.vtxray.testkit.trace.TraceEvent;
import dev.vtxray.testkit.trace.World;
import dev.vtxray.testkit.trace.WorldRun;
import dev.vtxray.vmx.capability.CpuProfile;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The same L1 and L2 images run directly on the virtual hardware and under L0. Every VM entry and exit of L1, with all
 * registers and VMCS fields and the number of instructions before it, and all memory at the end must be the same.
 */
class TwoWorldsTests {
    private static final int ROUNDS = 20;

    static Stream<Arguments> scenarios() {
        return Stream.of(Scenario.values()).flatMap(scenario -> Stream.of(false, true)
                // Without APICv nothing is posted: those scenarios stand in the table a second time.
                .filter(apicv -> apicv || scenario.delivery(true) != InterruptDelivery.POSTED)
                .map(apicv -> Arguments.of(scenario, apicv)));
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void l1SeesTheSameUnderL0AsOnBareHardware(Scenario scenario, boolean apicv) {
        check(TwoLevelRun.of(CpuProfile.named("ivybridge-ep"), HandlerProfile.P_KVM, scenario, apicv, ROUNDS), false);
    }

    static Stream<Arguments> otherHandlers() {
        return Stream.of(HandlerProfile.P_MIN, HandlerProfile.P_HAXM).flatMap(handler -> Stream.of(
                        Scenario.WAITED_FOR_INTERRUPTED, Scenario.REENTERED_INTERRUPTED)
                .flatMap(scenario -> Stream.of(false, true).map(apicv -> Arguments.of(handler, scenario, apicv))));
    }

    @ParameterizedTest
    @MethodSource("otherHandlers")
    void l1SeesTheSameWhateverItAccesses(HandlerProfile handler, Scenario scenario, boolean apicv) {
        check(TwoLevelRun.of(CpuProfile.named("ivybridge-ep"), handler, scenario, apicv, ROUNDS), false);
    }

    static Stream<Arguments> processors() {
        return Stream.of("haswell", "haswell-ep", "skylake-sp")
                .flatMap(cpu -> Stream.of(false, true).map(shadowing -> Arguments.of(cpu, shadowing)));
    }

    @ParameterizedTest
    @MethodSource("processors")
    void vmcsShadowingIsInvisibleToL1(String cpu, boolean shadowing) {
        Scenario scenario = Scenario.MASKED_INTERRUPTED;
        check(TwoLevelRun.of(CpuProfile.named(cpu), HandlerProfile.P_HAXM, scenario, false, ROUNDS), shadowing);
    }

    private static void check(TwoLevelRun run, boolean shadowing) {
        WorldRun bare = TwoLevelWorlds.run(World.ARCHITECTURAL, run, shadowing);
        WorldRun hosted = TwoLevelWorlds.run(World.HOSTED, run, shadowing);
        assertThat(bare.stop()).isEqualTo(new StopReason.GuestExit(1));
        assertThat(TwoLevelWorlds.problems(run, bare)).isEmpty();
        assertThat(bare.trace().events())
                .as("entries and exits of every round")
                .hasSizeGreaterThan(2 * ROUNDS)
                .extracting(TraceEvent::kind)
                .contains(TraceEvent.Kind.ENTRY, TraceEvent.Kind.EXIT);
        assertThat(hosted.firstDifference(bare, TwoLevelWorlds.opaquePages())).isEmpty();
    }
}

package dev.vtxray.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.machine.StopReason;
import dev.vtxray.testkit.experiment.Scenario;
import dev.vtxray.testkit.experiment.TwoLevelRun;
import dev.vtxray.testkit.hypervisor.HandlerProfile;
import dev.vtxray.testkit.trace.World;
import dev.vtxray.testkit.trace.WorldRun;
import dev.vtxray.vmx.capability.CpuProfile;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same image and parameters give the same run, to the last bit; the lengths of turns change no result of L2. */
class DeterminismTests {
    private static final int ROUNDS = 20;
    private static final long[] SLICES = {1, 37, 1000, 25_000};

    private static final TwoLevelRun RUN = TwoLevelRun.of(
            CpuProfile.named("ivybridge-ep"), HandlerProfile.P_KVM, Scenario.WAITED_FOR_POSTED, true, ROUNDS);

    @ParameterizedTest
    @EnumSource
    void sameImageGivesSameTraceDigestTwice(World world) {
        WorldRun first = TwoLevelWorlds.run(world, RUN, false);
        WorldRun second = TwoLevelWorlds.run(world, RUN, false);
        assertThat(second.trace().digest()).isEqualTo(first.trace().digest());
        assertThat(second.instructions()).isEqualTo(first.instructions());
    }

    @ParameterizedTest
    @EnumSource
    void anotherNumberOfRoundsGivesAnotherTraceDigest(World world) {
        TwoLevelRun longer = TwoLevelRun.of(RUN.cpu(), RUN.handler(), RUN.scenario(), RUN.apicv(), ROUNDS + 1);
        assertThat(TwoLevelWorlds.run(world, longer, false).trace().digest())
                .isNotEqualTo(TwoLevelWorlds.run(world, RUN, false).trace().digest());
    }

    @ParameterizedTest
    @EnumSource
    void lengthOfTurnsChangesTheTraceButNoResultOfL2(World world) {
        Set<String> digests = new HashSet<>();
        for (long slice : SLICES) {
            WorldRun run = TwoLevelWorlds.runWithSlice(world, RUN, slice);
            assertThat(run.stop()).isEqualTo(new StopReason.GuestExit(1));
            assertThat(TwoLevelWorlds.problems(RUN, run))
                    .as("turns of " + slice + " cycles")
                    .isEmpty();
            digests.add(run.trace().digest());
        }
        assertThat(digests)
                .as("turns of different lengths interleave the CPUs differently")
                .hasSizeGreaterThan(1);
    }
}

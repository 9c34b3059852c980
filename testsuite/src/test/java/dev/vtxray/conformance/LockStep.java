package dev.vtxray.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.machine.StopReason;
import dev.vtxray.core.state.Digest;
import dev.vtxray.core.state.StateJson;
import dev.vtxray.testkit.pc.Pc;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** The same program on two machines: one runs blocks, the other fetches and decodes every instruction anew. */
final class LockStep {
    private final Pc blocks;
    private final Pc steps;

    /** @param setup builds the machine with its program, the same each time */
    LockStep(Supplier<Pc> setup) {
        blocks = setup.get();
        steps = setup.get();
        for (int cpu = 0; cpu < steps.machine().cpus().size(); cpu++) {
            steps.machine().engine(cpu).setStepping(true);
        }
    }

    /**
     * Runs both to their end and compares their complete states after stretches of random length.
     *
     * @param longest longest stretch in cycles
     * @param cycles  when to give up waiting for the end
     */
    StopReason compare(long seed, long longest, long cycles) {
        SplittableRandom random = new SplittableRandom(seed);
        StopReason reason = new StopReason.BudgetExhausted();
        while (reason.kind() == StopReason.Kind.BUDGET_EXHAUSTED
                && blocks.machine().time() < cycles) {
            long stretch = 1 + random.nextLong(longest);
            reason = blocks.run(stretch);
            StopReason other = steps.run(stretch);
            assertThat(other).isEqualTo(reason);
            checkSameState();
        }
        return reason;
    }

    private void checkSameState() {
        if (!Digest.of(blocks.machine()).equals(Digest.of(steps.machine()))) {
            assertThat(StateJson.of(steps.machine().cpu(0)))
                    .isEqualTo(StateJson.of(blocks.machine().cpu(0)));
            assertThat(StateJson.of(steps.machine())).isEqualTo(StateJson.of(blocks.machine()));
        }
    }
}

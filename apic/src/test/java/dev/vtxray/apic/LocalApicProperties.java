package dev.vtxray.apic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.port.InterruptSource;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;

/** Random sequences of operations, compared with a model that knows nothing but arrays of 256 flags. */
class LocalApicProperties {
    enum Kind {
        RAISE_EDGE,
        RAISE_LEVEL,
        ACKNOWLEDGE,
        END_OF_INTERRUPT,
        TASK_PRIORITY,
        CR8
    }

    record Step(Kind kind, int value) {}

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Integer> values = Arbitraries.frequencyOf(
                Tuple.of(3, Arbitraries.integers().between(0, 255)),
                Tuple.of(1, Arbitraries.of(0x30, 0x31, 0x3F, 0x40, 0x4F, 0xFF)));
        return Combinators.combine(Arbitraries.of(Kind.class), values)
                .as(Step::new)
                .list()
                .ofMaxSize(120);
    }

    @Property(tries = 400)
    void everySequenceAgreesWithTheModel(@ForAll("steps") List<Step> steps) {
        ApicBench bench = ApicBench.xApic(0);
        Model model = new Model();
        for (Step step : steps) {
            if (step.kind == Kind.ACKNOWLEDGE) {
                assertThat(bench.apic().acknowledge()).isEqualTo(model.acknowledge());
            } else {
                apply(step, bench);
                model.apply(step);
            }
            assertThat(bench.apic().highestDeliverable()).isEqualTo(model.deliverable());
            assertThat(bench.read(0x0A0)).isEqualTo(model.processorPriority());
        }
        assertThat(bench.requested()).isEqualTo(model.members(model.requested));
        assertThat(bench.inService()).isEqualTo(model.members(model.inService));
        assertThat(ApicBench.vectors(bench.apic(), 0x180)).isEqualTo(model.members(model.level));
        assertThat(bench.endOfInterruptMessages).isEqualTo(model.messages);
    }

    @Property(tries = 200)
    void aCopyOfTheStateGoesOnAsTheOriginal(
            @ForAll("steps") List<Step> before, @ForAll("steps") List<Step> after, @ForAll int count) {
        ApicBench original = ApicBench.xApic(0);
        original.write(0x320, 0x2_0055);
        original.write(0x380, Integer.toUnsignedLong(count));
        before.forEach(step -> apply(step, original));
        ApicBench copy = ApicBench.xApic(0);
        StateCopy.copy(original.apic(), copy.apic());
        original.pass(1000);
        copy.pass(1000);
        for (Step step : after) {
            apply(step, original);
            apply(step, copy);
            assertThat(copy.apic().highestDeliverable())
                    .isEqualTo(original.apic().highestDeliverable());
        }
        assertThat(StateCopy.of(copy.apic())).isEqualTo(StateCopy.of(original.apic()));
    }

    @Property
    void aTimerThatIsAskedInBetweenExpiresWhenOneThatIsNotAskedDoes(
            @ForAll @IntRange(min = 1, max = 10_000) int count,
            @ForAll List<@IntRange(max = 500) Integer> pauses,
            @ForAll boolean periodic) {
        ApicBench asked = ApicBench.xApic(0);
        ApicBench left = ApicBench.xApic(0);
        long total = 0;
        for (ApicBench bench : List.of(asked, left)) {
            bench.write(0x320, periodic ? 0x2_0055 : 0x55);
            bench.write(0x380, count);
        }
        for (int pause : pauses) {
            asked.pass(pause);
            asked.read(0x390);
            total += pause;
        }
        left.pass(total);
        assertThat(asked.read(0x390)).isEqualTo(left.read(0x390));
        assertThat(asked.apic().nextDeadline()).isEqualTo(left.apic().nextDeadline());
        assertThat(asked.requested()).isEqualTo(left.requested());
    }

    private static void apply(Step step, ApicBench bench) {
        switch (step.kind) {
            case RAISE_EDGE -> bench.apic().raise(step.value, false);
            case RAISE_LEVEL -> bench.apic().raise(step.value, true);
            case ACKNOWLEDGE -> bench.apic().acknowledge();
            case END_OF_INTERRUPT -> bench.write(0x0B0, 0);
            case TASK_PRIORITY -> bench.write(0x080, step.value);
            case CR8 -> bench.apic().setTaskPriority(step.value & 0xF);
        }
    }

    /** The rules of the manual on arrays of flags, without any regard to speed. */
    private static final class Model {
        final boolean[] requested = new boolean[256];
        final boolean[] inService = new boolean[256];
        final boolean[] level = new boolean[256];
        final List<Integer> messages = new ArrayList<>();
        int taskPriority;

        void apply(Step step) {
            switch (step.kind) {
                case RAISE_EDGE, RAISE_LEVEL -> {
                    if (step.value >= 16) {
                        requested[step.value] = true;
                        level[step.value] = step.kind == Kind.RAISE_LEVEL;
                    }
                }
                case END_OF_INTERRUPT -> {
                    int vector = highest(inService);
                    if (vector >= 0) {
                        inService[vector] = false;
                        if (level[vector]) {
                            messages.add(vector);
                        }
                    }
                }
                case TASK_PRIORITY -> taskPriority = step.value;
                case CR8 -> taskPriority = (step.value & 0xF) * 16;
                case ACKNOWLEDGE -> throw new AssertionError("acknowledge has an answer to compare");
            }
        }

        int acknowledge() {
            int vector = deliverable();
            if (vector < 0) {
                return 0xFF;
            }
            requested[vector] = false;
            inService[vector] = true;
            return vector;
        }

        int deliverable() {
            int vector = highest(requested);
            return vector >= 0 && vector / 16 > processorPriority() / 16 ? vector : InterruptSource.NONE;
        }

        int processorPriority() {
            int serviceClass = Math.max(highest(inService), 0) / 16;
            return taskPriority / 16 >= serviceClass ? taskPriority : serviceClass * 16;
        }

        List<Integer> members(boolean[] set) {
            List<Integer> members = new ArrayList<>();
            for (int i = 0; i < set.length; i++) {
                if (set[i]) {
                    members.add(i);
                }
            }
            return members;
        }

        private static int highest(boolean[] set) {
            for (int i = set.length - 1; i >= 0; i--) {
                if (set[i]) {
                    return i;
                }
            }
            return -1;
        }
    }
}

package dev.vtxray.apic.virtual;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.apic.StateCopy;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Random sequences of operations, compared with a model that knows nothing but arrays of 256 flags. */
class VirtualApicProperties {
    enum Kind {
        SELF_IPI,
        END_OF_INTERRUPT,
        TASK_PRIORITY,
        CR8,
        DELIVER,
        POST,
        PROCESS_POSTED,
        REPORT_EOI,
        AWAIT_WINDOW
    }

    record Step(Kind kind, int vector) {}

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Integer> vectors = Arbitraries.oneOf(
                Arbitraries.integers().between(16, 255), Arbitraries.of(0x30, 0x31, 0x3F, 0x40, 0x4F, 0xFF));
        return Combinators.combine(Arbitraries.of(Kind.class), vectors)
                .as(Step::new)
                .list()
                .ofMaxSize(150);
    }

    @Property(tries = 500)
    void everySequenceAgreesWithTheModel(@ForAll("steps") List<Step> steps) {
        VirtualBench bench = new VirtualBench(VirtualBench.ALL);
        PostedInterruptDescriptor descriptor =
                new PostedInterruptDescriptor(new VirtualBench.ArrayMemory(PostedInterruptDescriptor.SIZE));
        Model model = new Model();
        for (Step step : steps) {
            assertThat(apply(step, bench, descriptor)).isEqualTo(model.apply(step));
            assertThat(bench.state.isRecognized()).isEqualTo(model.recognized);
            assertThat(bench.memory.read32(VirtualBench.VPPR)).isEqualTo(model.processorPriority);
            assertThat(bench.state.guestInterruptStatus())
                    .isEqualTo(Math.max(Model.highest(model.inService), 0) * 256
                            + Math.max(Model.highest(model.requested), 0));
        }
        assertThat(bench.vectors(VirtualBench.VIRR)).isEqualTo(Model.members(model.requested));
        assertThat(bench.vectors(VirtualBench.VISR)).isEqualTo(Model.members(model.inService));
    }

    @Property(tries = 100)
    void theDescribedStateIsAllThatThereIsBesidesThePage(@ForAll("steps") List<Step> steps) {
        VirtualBench bench = new VirtualBench(VirtualBench.ALL);
        PostedInterruptDescriptor descriptor =
                new PostedInterruptDescriptor(new VirtualBench.ArrayMemory(PostedInterruptDescriptor.SIZE));
        steps.forEach(step -> apply(step, bench, descriptor));
        VirtualInterruptState copy = new VirtualInterruptState();
        StateCopy.copy(bench.state, copy);
        assertThat(copy.guestInterruptStatus()).isEqualTo(bench.state.guestInterruptStatus());
        assertThat(copy.isRecognized()).isEqualTo(bench.state.isRecognized());
    }

    /** Does one step and says in words what came of it. */
    private static String apply(Step step, VirtualBench bench, PostedInterruptDescriptor descriptor) {
        return switch (step.kind) {
            case SELF_IPI -> bench.apic.selfIpiVirtualization(step.vector).toString();
            case END_OF_INTERRUPT -> bench.apic.eoiVirtualization().toString();
            case TASK_PRIORITY -> {
                bench.accesses.write(VirtualBench.VTPR, 4, step.vector);
                yield bench.accesses.endOperation().toString();
            }
            case CR8 -> bench.apic.writeTaskPriority(step.vector & 0xF).toString();
            case DELIVER -> bench.state.isRecognized() ? "vector " + bench.apic.deliverVirtualInterrupt() : "none";
            case POST -> "notify " + descriptor.post(step.vector);
            case PROCESS_POSTED ->
                bench.apic.processPostedInterrupts(descriptor).toString();
            case REPORT_EOI -> "reports " + bench.reportedEois.add(step.vector);
            case AWAIT_WINDOW -> "awaits " + (bench.awaitsWindow = !bench.awaitsWindow);
        };
    }

    /** The rules of the manual on arrays of flags; RVI and SVI are always the highest members. */
    private static final class Model {
        final boolean[] requested = new boolean[256];
        final boolean[] inService = new boolean[256];
        final boolean[] posted = new boolean[256];
        final boolean[] reported = new boolean[256];
        boolean outstanding;
        boolean awaitsWindow;
        boolean recognized;
        int taskPriority;
        int processorPriority;

        String apply(Step step) {
            switch (step.kind) {
                case SELF_IPI -> {
                    requested[step.vector] = true;
                    return evaluate();
                }
                case END_OF_INTERRUPT -> {
                    return endOfInterrupt();
                }
                case TASK_PRIORITY, CR8 -> {
                    taskPriority = step.kind == Kind.CR8 ? step.vector % 16 * 16 : step.vector;
                    updateProcessorPriority();
                    return evaluate();
                }
                case DELIVER -> {
                    return deliver();
                }
                case POST -> {
                    posted[step.vector] = true;
                    boolean notify = !outstanding;
                    outstanding = true;
                    return "notify " + notify;
                }
                case PROCESS_POSTED -> {
                    outstanding = false;
                    for (int vector : members(posted)) {
                        requested[vector] = true;
                        posted[vector] = false;
                    }
                    return evaluate();
                }
                case REPORT_EOI -> {
                    boolean isNew = !reported[step.vector];
                    reported[step.vector] = true;
                    return "reports " + isNew;
                }
                default -> {
                    awaitsWindow = !awaitsWindow;
                    return "awaits " + awaitsWindow;
                }
            }
        }

        private String endOfInterrupt() {
            int vector = Math.max(highest(inService), 0);
            inService[vector] = false;
            updateProcessorPriority();
            return reported[vector] ? "VIRTUALIZED_EOI(" + Integer.toHexString(vector) + "H)" : evaluate();
        }

        private String deliver() {
            if (!recognized) {
                return "none";
            }
            int vector = highest(requested);
            requested[vector] = false;
            inService[vector] = true;
            processorPriority = vector / 16 * 16;
            recognized = false;
            return "vector " + vector;
        }

        private void updateProcessorPriority() {
            int serviceClass = Math.max(highest(inService), 0) / 16;
            processorPriority = taskPriority / 16 >= serviceClass ? taskPriority : serviceClass * 16;
        }

        private String evaluate() {
            recognized = !awaitsWindow && Math.max(highest(requested), 0) / 16 > processorPriority / 16;
            return recognized ? "INTERRUPT_RECOGNIZED" : "NOTHING";
        }

        static List<Integer> members(boolean[] set) {
            List<Integer> members = new ArrayList<>();
            for (int i = 0; i < set.length; i++) {
                if (set[i]) {
                    members.add(i);
                }
            }
            return members;
        }

        static int highest(boolean[] set) {
            for (int i = set.length - 1; i >= 0; i--) {
                if (set[i]) {
                    return i;
                }
            }
            return -1;
        }
    }
}

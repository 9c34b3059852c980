package dev.vtxray.testkit.pc;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.machine.StopReason;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * One run of a guest from its start to its end, which can say afterwards what the CPUs did last.
 *
 * <p>Remembering every instruction would make all runs slow. So the run goes on in chunks of fixed length without
 * remembering anything; when the guest ends in a way that wants an explanation, the same run is made once more on a second
 * PC (a machine is deterministic), watched in its last chunk only.
 */
public final class BareMetalRun {
    private static final long CHUNK = 1_000_000;
    /** Cycles watched at the end of a budget, where nothing has to be repeated. */
    private static final long TAIL = 10_000;

    private static final int REMEMBERED = 8;

    /** Builds a PC with the guest in it, the same each time. */
    @FunctionalInterface
    public interface Setup {
        /** @param again whether this is the repetition, whose output nobody wants to see twice */
        Pc build(boolean again);
    }

    private final Setup setup;
    private final long budget;
    private final Pc pc;
    private final Watch watch;
    private StopReason stop = new StopReason.BudgetExhausted();

    /**
     * Prepares a run.
     *
     * @param budget cycles after which it ends; each CPU retires at most one instruction a cycle
     */
    public BareMetalRun(Setup setup, long budget) {
        if (budget < 1) {
            throw new IllegalArgumentException("a run has a budget of at least one cycle, not " + budget);
        }
        this.setup = setup;
        this.budget = budget;
        this.pc = setup.build(false);
        this.watch = new Watch(pc);
    }

    /** The PC on which it runs, to attach observers to. */
    public Pc pc() {
        return pc;
    }

    /**
     * Runs the guest to its end.
     *
     * @param progress told now and then how many instructions have retired
     */
    public StopReason run(LongConsumer progress) {
        while (!hasEnded() && pc.machine().time() < budget) {
            long chunk = nextChunk(pc);
            if (budget - pc.machine().time() <= TAIL) {
                watch.begin();
            }
            stop = pc.run(chunk);
            progress.accept(pc.machine().retired());
        }
        return stop;
    }

    /** Lines about a run that has ended: registers and last instructions of the CPUs that matter. */
    public List<String> explain() {
        if (watch.hasBegun()) {
            return watch.lines(stop);
        }
        Pc again = setup.build(true);
        Watch second = new Watch(again);
        // A chunk that ended early left the time where its last slice began.
        long end = pc.machine().time();
        StopReason reached = new StopReason.BudgetExhausted();
        while (reached.kind() == StopReason.Kind.BUDGET_EXHAUSTED) {
            long chunk = nextChunk(again);
            if (again.machine().time() + chunk > end) {
                second.begin();
            }
            reached = again.run(chunk);
        }
        return second.lines(reached);
    }

    private boolean hasEnded() {
        return stop.kind() != StopReason.Kind.BUDGET_EXHAUSTED;
    }

    /** Where a run is cut decides about the turns of the CPUs, so both runs are cut in the same places. */
    private long nextChunk(Pc machine) {
        long left = budget - machine.machine().time();
        return left <= TAIL ? left : Math.min(CHUNK, left - TAIL);
    }

    /** Remembers the last instructions of every CPU of a PC. */
    private static final class Watch {
        private final Pc pc;
        private final List<LastInstructions> last = new ArrayList<>();

        Watch(Pc pc) {
            this.pc = pc;
        }

        boolean hasBegun() {
            return !last.isEmpty();
        }

        void begin() {
            if (!hasBegun()) {
                for (Cpu cpu : pc.machine().cpus()) {
                    LastInstructions probe = new LastInstructions(REMEMBERED);
                    last.add(probe);
                    cpu.probe = probe;
                }
            }
        }

        List<String> lines(StopReason reason) {
            List<String> lines = new ArrayList<>();
            for (Cpu cpu : pc.machine().cpus()) {
                boolean matters = reason instanceof StopReason.Shutdown shutdown
                        ? cpu.number == shutdown.cpu()
                        : cpu.activity != Activity.WAIT_FOR_SIPI;
                if (matters) {
                    lines.add("CPU " + cpu.number);
                    lines.addAll(CpuReport.registers(cpu));
                    lines.add("last instructions:");
                    lines.addAll(last.get(cpu.number).lines());
                    lines.add("next:");
                    lines.add(CpuReport.next(cpu, pc.machine().decoder()));
                }
            }
            return lines;
        }
    }
}

package dev.vtxray.core.machine;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.IoSpace;
import dev.vtxray.core.engine.Engine;
import dev.vtxray.core.isa.CpuidFeature;
import dev.vtxray.core.isa.Decoder;
import dev.vtxray.core.isa.Row;
import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.core.port.Timed;
import dev.vtxray.core.semantics.BaseInstructions;
import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * CPUs that take turns on one memory and one I/O space.
 *
 * <p>The CPUs run one after the other for the same short slice of time, in the order of their numbers, so that the same
 * image always runs in the same way. Time is retired instructions and what was charged beside them; a CPU that waits lets
 * it pass.
 */
public final class Machine implements Described {
    /** Default length of a slice, in cycles. */
    public static final long DEFAULT_SLICE = 1000;

    private final PhysicalMemory memory;
    private final IoSpace io = new IoSpace();
    private final List<Engine> engines = new ArrayList<>();
    private final List<Cpu> cpus = new ArrayList<>();
    private final List<Timed> timers = new ArrayList<>();
    private final Decoder decoder;
    private final long slice;
    private long time;
    private int running;
    private @Nullable StopReason requested;

    private Machine(Builder builder) {
        memory = new PhysicalMemory(builder.memoryBytes);
        slice = builder.slice;
        decoder = new Decoder(BaseInstructions.maps().with(builder.additional), builder.features);
        for (int number = 0; number < builder.cpuCount; number++) {
            Cpu cpu = new Cpu(number, memory, io);
            cpus.add(cpu);
            engines.add(new Engine(cpu, decoder));
            if (number > 0) {
                cpu.activity = Activity.WAIT_FOR_SIPI;
            }
        }
    }

    /** A machine to be configured: by default one CPU, 128 MiB, all features. */
    public static Builder builder() {
        return new Builder();
    }

    public PhysicalMemory memory() {
        return memory;
    }

    public IoSpace io() {
        return io;
    }

    public List<Cpu> cpus() {
        return List.copyOf(cpus);
    }

    public Cpu cpu(int number) {
        return cpus.get(number);
    }

    public Engine engine(int number) {
        return engines.get(number);
    }

    public Decoder decoder() {
        return decoder;
    }

    /** Adds a device that acts on the machine's time. One that belongs to a CPU goes to its {@link Engine}. */
    public void addTimer(Timed timer) {
        timers.add(timer);
    }

    /** Number of the CPU whose turn it is: the one whose access a device sees. */
    public int running() {
        return running;
    }

    /** Cycles since the machine was built. */
    public long time() {
        return time;
    }

    /** Instructions retired by all CPUs. */
    public long retired() {
        long sum = 0;
        for (Cpu cpu : cpus) {
            sum += cpu.retired();
        }
        return sum;
    }

    /** Makes {@link #run} return at the next instruction boundary; the first reason given wins. */
    public void requestStop(StopReason reason) {
        if (requested == null) {
            requested = reason;
        }
        for (Engine engine : engines) {
            engine.requestStop();
        }
    }

    /**
     * Runs until something stops the machine.
     *
     * @param cycles time that may pass: one cycle an instruction on every CPU, and the time in which all wait
     */
    public StopReason run(long cycles) {
        long end = time + cycles < 0 ? Long.MAX_VALUE : time + cycles;
        requested = null;
        while (time < end) {
            long deadline = runTimers();
            StopReason waiting = settleWaiting(deadline, end);
            if (waiting != null) {
                return waiting;
            }
            long sliceEnd = Math.min(Math.min(time + slice, end), Math.max(deadline, time + 1));
            for (Engine engine : engines) {
                running = engine.cpu().number;
                engine.runUntil(sliceEnd);
                StopReason reason = requested;
                if (reason != null) {
                    return reason;
                }
            }
            time = sliceEnd;
        }
        return new StopReason.BudgetExhausted();
    }

    private long runTimers() {
        long nearest = Timed.NEVER;
        for (Timed timer : timers) {
            if (timer.nextDeadline() <= time) {
                timer.advanceTo(time);
            }
            nearest = Math.min(nearest, timer.nextDeadline());
        }
        return nearest;
    }

    /** If all CPUs wait, lets time pass up to the next event; returns a reason to stop if there will be none. */
    private @Nullable StopReason settleWaiting(long machineDeadline, long end) {
        long nearest = machineDeadline;
        boolean shutdown = false;
        int shutdownCpu = 0;
        for (Engine engine : engines) {
            running = engine.cpu().number;
            while (engine.meetEvent()) {
                if (requested != null) {
                    return requested;
                }
            }
            Cpu cpu = engine.cpu();
            if (cpu.activity == Activity.ACTIVE) {
                return null;
            }
            if (cpu.activity == Activity.SHUTDOWN && !shutdown) {
                shutdown = true;
                shutdownCpu = cpu.number;
            }
            nearest = Math.min(nearest, engine.nextDeadline());
        }
        if (nearest == Timed.NEVER) {
            return shutdown ? new StopReason.Shutdown(shutdownCpu) : new StopReason.AllWaiting();
        }
        if (nearest > time + slice) {
            long target = Math.min(nearest, end) - slice;
            for (Cpu cpu : cpus) {
                cpu.charge(Math.max(0, target - cpu.now()));
            }
            time = Math.max(time, target);
        }
        return null;
    }

    @Override
    public void describe(StateVisitor visitor) {
        visitor.value("time", () -> time, value -> time = value);
        for (Cpu cpu : cpus) {
            visitor.section("cpu" + cpu.number, () -> cpu.describe(visitor));
        }
        visitor.section("memory", () -> memory.describe(visitor));
    }

    @Override
    public void restored() {
        cpus.forEach(Cpu::restored);
    }

    /** Collects what a machine is made of. */
    public static final class Builder {
        private long memoryBytes = 128L << 20;
        private int cpuCount = 1;
        private long slice = DEFAULT_SLICE;
        private final List<Row> additional = new ArrayList<>();
        private Predicate<CpuidFeature> features = feature -> true;

        private Builder() {}

        /** Bytes of RAM, a multiple of 4096. */
        public Builder memory(long bytes) {
            memoryBytes = bytes;
            return this;
        }

        /** Number of CPUs, 1 to 255. */
        public Builder cpus(int count) {
            if (count < 1 || count > 255) {
                throw new IllegalArgumentException("a machine has 1 to 255 CPUs, not " + count);
            }
            cpuCount = count;
            return this;
        }

        /** Cycles after which the next CPU takes its turn, at least 1. */
        public Builder slice(long cycles) {
            if (cycles < 1) {
                throw new IllegalArgumentException("a slice has at least one cycle, not " + cycles);
            }
            slice = cycles;
            return this;
        }

        /** More instructions than the base architecture has. */
        public Builder instructions(List<Row> rows) {
            additional.addAll(rows);
            return this;
        }

        /** CPUID features that the CPUs have; the rows of others are undefined opcodes. */
        public Builder features(Predicate<CpuidFeature> offered) {
            features = offered;
            return this;
        }

        public Machine build() {
            return new Machine(this);
        }
    }
}

package dev.vtxray.testkit.cli.bench;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.machine.StopReason;
import dev.vtxray.testkit.guests.BenchGuest;
import dev.vtxray.testkit.guests.GuestFile;
import dev.vtxray.testkit.pc.BootImage;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.VmxObserver;
import dev.vtxray.vmx.vmcs.Vmcs;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** How fast the emulator is on this host, by the CPU time of the thread that emulates. */
public final class EngineBench {
    private static final double NANOS = 1e9;
    private static final int WARM_UP = 10;
    private static final long LIMIT = 1_000_000_000;
    private static final long ROUND_TRIP_CYCLES = 10_000_000;
    private static final int MACHINES = 5_000;
    private static final int FIRST_INSTRUCTIONS = 100;

    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final Map<String, Supplier<Figure>> benchmarks = new LinkedHashMap<>();

    /**
     * A measured value.
     *
     * @param value in {@code unit}
     */
    public record Figure(double value, String unit) {}

    private static final class ExitCount implements VmxObserver {
        private long count;

        @Override
        public void exited(Cpu cpu, Vmcs vmcs, VmExit exit) {
            count++;
        }
    }

    /** All benchmarks, none run yet. */
    public EngineBench() {
        for (BenchGuest guest : BenchGuest.all()) {
            benchmarks.put(guest.toString().replace(' ', '-'), () -> instructionRate(guest));
        }
        benchmarks.put("cpuid-exit", () -> roundTripRate(false));
        benchmarks.put("cpuid-exit-ept-vpid", () -> roundTripRate(true));
        benchmarks.put("machine", this::machineTime);
    }

    /** Names of the benchmarks, in the order in which they make sense. */
    public List<String> names() {
        return new ArrayList<>(benchmarks.keySet());
    }

    /**
     * Runs a benchmark.
     *
     * @throws IllegalArgumentException if there is none of this name
     * @throws IllegalStateException    if the guest did not compute what it must
     */
    public Figure measure(String name) {
        Supplier<Figure> benchmark = benchmarks.get(name);
        if (benchmark == null) {
            throw new IllegalArgumentException("no benchmark " + name + "; there are " + String.join(", ", names()));
        }
        return benchmark.get();
    }

    private Figure instructionRate(BenchGuest guest) {
        timed(prepared(guest, Math.max(1, guest.iterations() / WARM_UP)));
        Pc pc = prepared(guest, guest.iterations());
        double seconds = timed(pc);
        if (!BenchGuest.hasFinished(pc) || BenchGuest.checksumOn(pc) != guest.checksum()) {
            throw new IllegalStateException(guest + " computed " + Long.toHexString(BenchGuest.checksumOn(pc))
                    + ", must be " + Long.toHexString(guest.checksum()));
        }
        return new Figure(pc.machine().retired() / seconds / 1e6, "million instructions/s");
    }

    private static Pc prepared(BenchGuest guest, long iterations) {
        Pc pc = Pc.builder().build();
        guest.start(pc, iterations);
        return pc;
    }

    private double timed(Pc pc) {
        long start = threads.getCurrentThreadCpuTime();
        pc.run(LIMIT);
        return (threads.getCurrentThreadCpuTime() - start) / NANOS;
    }

    private Figure roundTripRate(boolean ept) {
        Pc pc = CpuidLoop.start(ept);
        ExitCount exits = new ExitCount();
        pc.vmx(0).setObserver(exits);
        checkRunning(pc.run(ROUND_TRIP_CYCLES));
        long before = exits.count;
        long start = threads.getCurrentThreadCpuTime();
        checkRunning(pc.run(ROUND_TRIP_CYCLES));
        double seconds = (threads.getCurrentThreadCpuTime() - start) / NANOS;
        return new Figure((exits.count - before) / seconds, "round trips/s");
    }

    private static void checkRunning(StopReason reason) {
        if (reason.kind() != StopReason.Kind.BUDGET_EXHAUSTED) {
            throw new IllegalStateException("the hypervisor of the benchmark failed: " + reason.describe());
        }
    }

    private Figure machineTime() {
        BootImage image = BootImage.parse(GuestFile.read("hello.elf"));
        for (int i = 0; i < MACHINES; i++) {
            runShortly(image);
        }
        long start = threads.getCurrentThreadCpuTime();
        for (int i = 0; i < MACHINES; i++) {
            runShortly(image);
        }
        double seconds = (threads.getCurrentThreadCpuTime() - start) / NANOS;
        return new Figure(seconds / MACHINES * 1e6, "µs to build, run 100 instructions, discard");
    }

    private static void runShortly(BootImage image) {
        Pc pc = Pc.builder().build();
        image.start(pc, "", List.of());
        checkRunning(pc.run(FIRST_INSTRUCTIONS));
    }
}

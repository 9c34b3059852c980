package dev.vtxray.testkit.pc;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.machine.StopReason;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.VmxObserver;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.vmcs.Vmcs;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Counts what a PC did: instructions, cycles and VM exits by reason. Two runs of one image give the same numbers. */
public final class RunStatistics {
    private final Pc pc;
    private final List<ExitCounter> counters = new ArrayList<>();

    /** Counts on this PC from now on; it takes the place of other observers of VM exits. */
    public RunStatistics(Pc pc) {
        this.pc = pc;
        for (Cpu cpu : pc.machine().cpus()) {
            ExitCounter counter = new ExitCounter();
            counters.add(counter);
            pc.vmx(cpu.number).setObserver(counter);
        }
    }

    private static final class ExitCounter implements VmxObserver {
        private final Map<ExitReason, Long> exits = new EnumMap<>(ExitReason.class);
        private long entries;

        @Override
        public void entered(Cpu cpu, Vmcs vmcs) {
            entries++;
        }

        @Override
        public void exited(Cpu cpu, Vmcs vmcs, VmExit exit) {
            exits.merge(exit.reason(), 1L, Long::sum);
        }
    }

    /** VM exits of all CPUs by reason, in the order of the reasons' numbers. */
    public Map<ExitReason, Long> exits() {
        Map<ExitReason, Long> sum = new EnumMap<>(ExitReason.class);
        for (ExitCounter counter : counters) {
            counter.exits.forEach((reason, count) -> sum.merge(reason, count, Long::sum));
        }
        return sum;
    }

    /**
     * The counts as a JSON object: {@code stop} with {@code kind} and {@code text}; {@code instructions} and
     * {@code exits} of all CPUs; {@code cpus} with {@code instructions}, {@code cycles}, {@code entries} and
     * {@code exits} of each.
     *
     * @param stop why the run ended
     */
    public String json(StopReason stop) {
        String cpus = pc.machine().cpus().stream().map(this::json).collect(Collectors.joining(",\n"));
        return """
                {
                  "stop": {"kind": "%s", "text": "%s"},
                  "profile": "%s",
                  "instructions": %d,
                  "exits": %s,
                  "cpus": [
                %s
                  ]
                }
                """
                .formatted(
                        stop.kind(),
                        escaped(stop.describe()),
                        pc.profile().name(),
                        pc.machine().retired(),
                        json(exits()),
                        cpus);
    }

    private String json(Cpu cpu) {
        ExitCounter counter = counters.get(cpu.number);
        return "    {\"cpu\": %d, \"instructions\": %d, \"cycles\": %d, \"entries\": %d, \"exits\": %s}"
                .formatted(cpu.number, cpu.retired(), cpu.now(), counter.entries, json(counter.exits));
    }

    private static String json(Map<ExitReason, Long> exits) {
        return exits.entrySet().stream()
                .map(entry -> "\"" + entry.getKey() + "\": " + entry.getValue())
                .collect(Collectors.joining(", ", "{", "}"));
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\\\").replace("\"", "\\\"");
    }
}

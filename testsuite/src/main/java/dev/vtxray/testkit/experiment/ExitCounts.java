package dev.vtxray.testkit.experiment;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.state.TraceDigest;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.VmxObserver;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.SortedMap;
import java.util.TreeMap;

/** Counts VM exits by CPU and reason, and digests the trace of entries and exits. */
public final class ExitCounts implements VmxObserver {
    private final long[][] exits;
    private final TraceDigest trace = new TraceDigest();
    private long entries;

    public ExitCounts(int cpus) {
        exits = new long[cpus][ExitReason.values().length];
    }

    @Override
    public void entered(Cpu cpu, Vmcs vmcs) {
        entries++;
        trace.add(cpu.number);
        trace.add(cpu.retired());
        trace.add(vmcs.get(VmcsField.GUEST_RIP));
    }

    @Override
    public void exited(Cpu cpu, Vmcs vmcs, VmExit exit) {
        exits[cpu.number][exit.reason().ordinal()]++;
        trace.add(cpu.number);
        trace.add(cpu.retired());
        trace.add(exit.reason().number());
        trace.add(exit.qualification());
        trace.add(vmcs.get(VmcsField.GUEST_RIP));
    }

    /** VM entries. */
    public long entries() {
        return entries;
    }

    /** Exits of a CPU for this reason. */
    public long of(int cpu, ExitReason reason) {
        return exits[cpu][reason.ordinal()];
    }

    /** Exits of all CPUs, by reason; reasons that never occurred are left out. */
    public SortedMap<ExitReason, Long> byReason() {
        SortedMap<ExitReason, Long> sums = new TreeMap<>();
        for (long[] ofCpu : exits) {
            for (ExitReason reason : ExitReason.values()) {
                if (ofCpu[reason.ordinal()] != 0) {
                    sums.merge(reason, ofCpu[reason.ordinal()], Long::sum);
                }
            }
        }
        return sums;
    }

    /** Stands for every entry and exit with its moment; equal for equal traces. */
    public long digest() {
        return trace.value();
    }
}

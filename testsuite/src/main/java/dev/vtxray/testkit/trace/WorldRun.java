package dev.vtxray.testkit.trace;

import dev.vtxray.core.machine.StopReason;
import java.util.List;

/**
 * What a run left behind.
 *
 * @param trace        VM entries and exits of the hypervisor, and output
 * @param stop         why the machine stopped
 * @param instructions retired on each CPU
 * @param memory       the hypervisor's memory
 */
public record WorldRun(GuestTrace trace, StopReason stop, List<Long> instructions, GuestMemory memory) {
    /**
     * The first thing that this run and another show differently to the hypervisor, empty if there is none.
     *
     * @param opaque first bytes of pages whose content the architecture leaves open: VMXON and VMCS regions
     */
    public String firstDifference(WorldRun other, List<Long> opaque) {
        List<TraceEvent> mine = trace.events();
        List<TraceEvent> others = other.trace.events();
        for (int i = 0; i < Math.min(mine.size(), others.size()); i++) {
            if (!mine.get(i).equals(others.get(i))) {
                return "event %d, %s on CPU %d:%n%s"
                        .formatted(
                                i,
                                mine.get(i).kind(),
                                mine.get(i).cpu(),
                                mine.get(i).differences(others.get(i)));
            }
        }
        if (!stop.equals(other.stop)) {
            return stop.describe() + ", not " + other.stop.describe();
        }
        if (!trace.digest().equals(other.trace.digest())) {
            return "traces of " + mine.size() + " and " + others.size() + " events kept differ after those";
        }
        if (!instructions.equals(other.instructions)) {
            return "instructions retired: " + instructions + ", not " + other.instructions;
        }
        return memory.firstDifference(other.memory, opaque);
    }
}

package dev.vtxray.testkit.experiment;

import dev.vtxray.core.machine.StopReason;
import dev.vtxray.nested.EpisodeLedger;
import dev.vtxray.nested.ExitCounters;
import dev.vtxray.nested.L0;
import dev.vtxray.nested.L0Options;
import dev.vtxray.nested.NestedObserver;
import dev.vtxray.testkit.hypervisor.FieldAccess;
import dev.vtxray.testkit.pc.Pc;
import java.util.ArrayList;
import java.util.List;

/**
 * A two-level run in the hosted world: L0 slips under the same machine on which {@link TwoLevelRun} would run L1 directly.
 *
 * @param guests    what L1 and L2 do
 * @param shadowing whether L0 uses VMCS shadowing for L1
 */
public record HostedRun(TwoLevelRun guests, boolean shadowing) {
    private static final long HOST_RESERVE = 16L << 20;

    /**
     * What a run gave.
     *
     * @param stop     why the machine stopped
     * @param counters exits by level and reason
     * @param episodes what each nested exit cost
     * @param retired  instructions of both CPUs
     * @param problems what is wrong with the results, empty if nothing is
     */
    public record Result(
            StopReason stop, ExitCounters counters, EpisodeLedger episodes, long retired, List<String> problems) {}

    /** What L0 is told: APICv is hidden from an L1 that is not to use it. */
    public L0Options options() {
        return L0Options.standard()
                .withVirtualApicv(guests.apicv())
                .withVmcsShadowing(shadowing)
                .withVmcs12InMemory(guests.handler().access() == FieldAccess.MEMORY);
    }

    /** Builds a machine, slips L0 under it, runs it to its end and checks L2's results. */
    public Result run() {
        return run((machine, l0) -> NestedObserver.NONE);
    }

    /** Makes an observer for a machine that is about to run. */
    @FunctionalInterface
    public interface ObserverFactory {
        NestedObserver observer(Pc machine, L0 l0);
    }

    /** As {@link #run()}, observed. */
    public Result run(ObserverFactory observers) {
        StringBuilder serial = new StringBuilder();
        Pc pc = guests.machine()
                .memoryResidentVmcs(false)
                .hostReserve(HOST_RESERVE)
                .serial(value -> serial.append((char) value))
                .build();
        guests.prepare(pc, L0.offered(pc.profile(), options()));
        L0 l0 = L0.slipUnder(pc.hardware(), options());
        l0.setObserver(observers.observer(pc, l0));
        StopReason stop = pc.run(guests.cycles());
        List<String> problems = new ArrayList<>();
        if (!stop.equals(new StopReason.GuestExit(1))) {
            problems.add(stop.describe());
        }
        if (serial.length() > 0) {
            problems.add(serial.toString().strip());
        }
        problems.addAll(guests.guest().problems(pc.memory(), l0.hostAddress(TwoLevelRun.PARAMETERS)));
        return new Result(stop, l0.counters(), l0.episodes(), pc.machine().retired(), problems);
    }
}

package dev.vtxray.conformance;

import dev.vtxray.nested.L0Options;
import dev.vtxray.testkit.experiment.TwoLevelRun;
import dev.vtxray.testkit.hypervisor.FieldAccess;
import dev.vtxray.testkit.hypervisor.L1Memory;
import dev.vtxray.testkit.trace.World;
import dev.vtxray.testkit.trace.WorldRun;
import java.util.ArrayList;
import java.util.List;

/** Two-level runs in either world. */
final class TwoLevelWorlds {
    private static final long PAGE = 0x1000;
    private static final long PARAMETERS = L1Memory.L2_RAM + 0x1000;
    private static final int KEPT = 2000;

    private TwoLevelWorlds() {}

    /** L0 as a run needs it: APICv is hidden from an L1 that does not use it. */
    static L0Options options(TwoLevelRun run, boolean shadowing) {
        return L0Options.standard()
                .withVirtualApicv(run.apicv())
                .withVmcsShadowing(shadowing)
                .withVmcs12InMemory(run.handler().access() == FieldAccess.MEMORY);
    }

    static WorldRun run(World world, TwoLevelRun run, boolean shadowing) {
        return world.run(run.machine(), run.cpu(), options(run, shadowing), run::prepare, run.cycles(), KEPT);
    }

    /** As {@link #run(World, TwoLevelRun, boolean)} without shadowing, with turns of the CPUs of another length. */
    static WorldRun runWithSlice(World world, TwoLevelRun run, long slice) {
        return world.run(run.machine().slice(slice), run.cpu(), options(run, false), run::prepare, run.cycles(), KEPT);
    }

    /** What is wrong with the results of L2 that a run left behind. */
    static List<String> problems(TwoLevelRun run, WorldRun done) {
        return run.guest().problems(done.memory().memory(), done.memory().base() + PARAMETERS);
    }

    /** Pages whose content the architecture leaves open. */
    static List<Long> opaquePages() {
        List<Long> pages = new ArrayList<>();
        for (int cpu = 0; cpu < L1Memory.CPUS; cpu++) {
            pages.add(L1Memory.VMXON_REGIONS + cpu * PAGE);
            pages.add(L1Memory.VMCS_REGIONS + cpu * PAGE);
        }
        return pages;
    }
}

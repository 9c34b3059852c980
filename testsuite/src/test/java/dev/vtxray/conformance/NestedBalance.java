package dev.vtxray.conformance;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.nested.L0;
import dev.vtxray.testkit.experiment.TwoLevelRun;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.VmxObserver;
import dev.vtxray.vmx.vmcs.Vmcs;
import java.util.ArrayList;
import java.util.List;

/** Nested entries less nested exits of each CPU, for a run that is stopped at any time. */
final class NestedBalance implements VmxObserver {
    private static final long HOST_RESERVE = 16L << 20;

    private final List<Integer> current = new ArrayList<>();
    private final List<Integer> reported = new ArrayList<>();

    @Override
    public void entered(Cpu cpu, Vmcs vmcs) {
        current.set(cpu.number, current.get(cpu.number) + 1);
    }

    @Override
    public void exited(Cpu cpu, Vmcs vmcs, VmExit exit) {
        if (!exit.entryFailure()) {
            current.set(cpu.number, current.get(cpu.number) - 1);
        }
    }

    void run(TwoLevelRun run, long cycles) {
        Pc pc = run.machine()
                .memoryResidentVmcs(false)
                .hostReserve(HOST_RESERVE)
                .build();
        run.prepare(pc, L0.offered(pc.profile(), TwoLevelWorlds.options(run, false)));
        pc.machine().cpus().forEach(cpu -> current.add(0));
        L0 l0 = L0.slipUnder(pc.hardware(), TwoLevelWorlds.options(run, false));
        l0.setGuestObserver(this);
        pc.run(cycles);
        pc.machine().cpus().forEach(cpu -> reported.add(l0.runsL2(cpu.number) ? 1 : 0));
    }

    /** By what was observed. */
    List<Integer> current() {
        return current;
    }

    /** By what L0 says at the end. */
    List<Integer> reportedByL0() {
        return reported;
    }
}

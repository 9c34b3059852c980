package dev.vtxray.testkit.experiment;

import dev.vtxray.core.machine.Machine;
import dev.vtxray.nested.ExitKey;
import dev.vtxray.nested.Level;
import dev.vtxray.nested.NestedObserver;
import dev.vtxray.testkit.hypervisor.L1Memory;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.control.ApicAccessQualification;
import dev.vtxray.vmx.control.ExitReason;
import java.util.ArrayList;
import java.util.List;

/** Takes the picture of one IPI out of a short run. */
final class SwimLaneRecorder implements NestedObserver {
    private static final long ROUNDS = 12;
    /** Which IPI is shown: one after everything has settled. */
    private static final int SHOWN = 6;

    private static final long MARGIN = 150;
    private static final int ICR_LOW = 0x300;

    private final Machine machine;
    private final List<SwimLane.Exit> exits = new ArrayList<>();
    /** Positions in {@link #exits} at which an IPI begins. */
    private final List<Integer> beginnings = new ArrayList<>();

    private SwimLaneRecorder(Machine machine) {
        this.machine = machine;
    }

    static SwimLane record(boolean apicv) {
        Scenario scenario = Scenario.SPINNING_INTERRUPTED;
        PingPong guest = new PingPong(ROUNDS, scenario.waitMode(), 1, TwoLevelRun.MASKED_DELAY);
        TwoLevelRun guests =
                new TwoLevelRun(CpuProfile.named(SyncTimeModel.CPU), SyncTimeModel.PROFILE, scenario, apicv, guest);
        SwimLaneRecorder[] recorder = new SwimLaneRecorder[1];
        new HostedRun(guests, false).run((pc, l0) -> {
            recorder[0] = new SwimLaneRecorder(pc.machine());
            return recorder[0];
        });
        return recorder[0].picture(apicv ? "APICv on" : "APICv off");
    }

    private SwimLane picture(String title) {
        int first = beginnings.get(SHOWN);
        List<SwimLane.Exit> shown = List.copyOf(exits.subList(first, beginnings.get(SHOWN + 1)));
        List<Level> levels = new ArrayList<>();
        for (int cpu = 0; cpu < L1Memory.CPUS; cpu++) {
            levels.add(levelBefore(first, cpu));
        }
        long from = shown.get(0).at() - MARGIN;
        long to = shown.get(shown.size() - 1).at() + MARGIN;
        return new SwimLane(title, from, to, levels, shown);
    }

    private Level levelBefore(int position, int cpu) {
        for (int i = position - 1; i >= 0; i--) {
            if (exits.get(i).cpu() == cpu) {
                return exits.get(i).next();
            }
        }
        return Level.L1;
    }

    @Override
    public void hardwareExit(int cpu, Level level, VmExit exit, ExitKey key) {
        if (begins(level, exit)) {
            beginnings.add(exits.size());
        }
        exits.add(new SwimLane.Exit(
                cpu,
                machine.retired(),
                level,
                level,
                exit.reason(),
                SubKeyLabel.of(key).orElse("")));
    }

    /** The first thing that a sender does: the poll of ICR low, or with APICv the write that still exits. */
    private static boolean begins(Level level, VmExit exit) {
        if (level != Level.L2) {
            return false;
        }
        boolean poll = exit.reason() == ExitReason.APIC_ACCESS
                && ApicAccessQualification.offset(exit.qualification()) == ICR_LOW
                && ApicAccessQualification.type(exit.qualification()) == ApicAccessQualification.Type.LINEAR_READ;
        return poll || exit.reason() == ExitReason.APIC_WRITE;
    }

    @Override
    public void nestedExit(int cpu, ExitReason reason, boolean reflected) {
        enters(cpu, Level.L1);
    }

    @Override
    public void entered(int cpu, Level level) {
        enters(cpu, level);
    }

    /** The last exit of this CPU ends with another level than it began with. */
    private void enters(int cpu, Level level) {
        for (int i = exits.size() - 1; i >= 0; i--) {
            SwimLane.Exit exit = exits.get(i);
            if (exit.cpu() == cpu) {
                exits.set(i, new SwimLane.Exit(cpu, exit.at(), exit.from(), level, exit.reason(), exit.detail()));
                return;
            }
        }
    }
}

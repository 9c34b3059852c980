package dev.vtxray.testkit.experiment;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.loader.Elf;
import dev.vtxray.core.loader.Elf64Loader;
import dev.vtxray.core.loader.LoadedImage;
import dev.vtxray.core.machine.StopReason;
import dev.vtxray.testkit.hypervisor.FieldAccess;
import dev.vtxray.testkit.hypervisor.HandlerProfile;
import dev.vtxray.testkit.hypervisor.L1Hypervisor;
import dev.vtxray.testkit.hypervisor.L1Memory;
import dev.vtxray.testkit.hypervisor.L1Options;
import dev.vtxray.testkit.hypervisor.L2Memory;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.vmx.capability.CpuProfile;
import java.util.ArrayList;
import java.util.List;

/**
 * Two virtual CPUs that play ping-pong on an L1 hypervisor with two CPUs.
 *
 * <p>{@link #machine} and {@link #prepare} set everything up; whoever wants to put something beneath L1 does so between
 * preparing and running. {@link #run} does it all, with L1 directly on the virtual hardware.
 *
 * @param cpu      the processors
 * @param handler  how many VMCS accesses L1 makes for each exit
 * @param scenario how L2 waits and how L1 delivers interrupts
 * @param apicv    whether L1 uses APICv for L2
 * @param guest    what L2 does; its wait mode is that of the scenario
 */
public record TwoLevelRun(CpuProfile cpu, HandlerProfile handler, Scenario scenario, boolean apicv, PingPong guest) {
    /**
     * Links of the hash chain for each turn: a turn then takes longer than the other CPU needs to begin to wait, which
     * makes the number of exits exact.
     */
    public static final long WORK = 2;

    /** Long enough that the IPI arrives before STI. */
    public static final long MASKED_DELAY = 2000;

    static final long PARAMETERS = L1Memory.L2_RAM + L2Memory.PARAMETERS;
    private static final long CYCLES_TO_START = 10_000_000;
    private static final long CYCLES_FOR_A_ROUND = 1_000_000;

    /**
     * What a run gave.
     *
     * @param stop     why the machine stopped
     * @param exits    VM exits of L2
     * @param retired  instructions of both CPUs
     * @param problems what is wrong with the results, empty if nothing is
     */
    public record Result(StopReason stop, ExitCounts exits, long retired, List<String> problems) {}

    /** A run with this many rounds, and work and delays for which exits are exact. */
    public static TwoLevelRun of(
            CpuProfile cpu, HandlerProfile handler, Scenario scenario, boolean apicv, long rounds) {
        PingPong guest = new PingPong(rounds, scenario.waitMode(), WORK, MASKED_DELAY);
        return new TwoLevelRun(cpu, handler, scenario, apicv, guest);
    }

    /** A machine that fits, not built yet. */
    public Pc.Builder machine() {
        return Pc.builder()
                .profile(cpu)
                .cpus(L1Memory.CPUS)
                .memory(L1Memory.SIZE)
                .memoryResidentVmcs(handler.access() == FieldAccess.MEMORY);
    }

    /** Loads L1 and L2, and lets both CPUs stand at the entry of L1, which uses what the machine's processors offer. */
    public void prepare(Pc pc) {
        prepare(pc, pc.profile());
    }

    /** As {@link #prepare(Pc)}, for an L1 that will be offered something else. @param offered what L1 may use */
    public void prepare(Pc pc, CpuProfile offered) {
        L1Options options = new L1Options(offered, handler, apicv, scenario.delivery(apicv), scenario.haltHandling());
        byte[] l1 = L1Hypervisor.image(options, PingPong.entry());
        LoadedImage image = Elf64Loader.load(Elf.parse(l1), pc.memory());
        L2Memory.load(PingPong.image(), pc.memory());
        guest.writeParameters(pc.memory(), PARAMETERS);
        for (Cpu each : pc.machine().cpus()) {
            Elf64Loader.enter(each, image, each.number);
        }
    }

    /** Cycles after which a run that has not ended has gone wrong. */
    public long cycles() {
        return CYCLES_TO_START + guest.rounds() * CYCLES_FOR_A_ROUND;
    }

    /** What is wrong with L2's results in the memory of the machine; empty if nothing is. */
    public List<String> problems(Pc pc) {
        return guest.problems(pc.memory(), PARAMETERS);
    }

    /** Builds a machine, runs L1 and L2 on it to their end and checks L2's results. */
    public Result run() {
        StringBuilder serial = new StringBuilder();
        Pc pc = machine().serial(value -> serial.append((char) value)).build();
        prepare(pc);
        ExitCounts exits = new ExitCounts(L1Memory.CPUS);
        for (int number = 0; number < L1Memory.CPUS; number++) {
            pc.vmx(number).setObserver(exits);
        }
        StopReason stop = pc.run(cycles());
        List<String> problems = new ArrayList<>();
        if (!stop.equals(new StopReason.GuestExit(1))) {
            problems.add(stop.describe());
        }
        if (serial.length() > 0) {
            problems.add(serial.toString().strip());
        }
        problems.addAll(problems(pc));
        return new Result(stop, exits, pc.machine().retired(), problems);
    }
}

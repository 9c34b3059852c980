package dev.vtxray.testkit.trace;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.machine.StopReason;
import dev.vtxray.nested.L0;
import dev.vtxray.nested.L0Options;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.capability.ImplementedFeatures;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/** The two worlds in which the same hypervisor image runs: on bare virtual hardware, or as L1 of L0. */
public enum World {
    /** The hypervisor is the root software of the machine, whose processors are what L0 would offer. */
    ARCHITECTURAL {
        @Override
        Pc build(Pc.Builder machine, CpuProfile cpu, L0Options options) {
            return machine.profile(offered(cpu, options))
                    .memoryResidentVmcs(options.vmcs12InMemory())
                    .build();
        }

        @Override
        long slipUnder(Pc pc, L0Options options, GuestTrace trace) {
            for (Cpu each : pc.machine().cpus()) {
                pc.vmx(each.number).setObserver(trace);
            }
            return 0;
        }
    },
    /** L0 has slipped under the hypervisor. */
    HOSTED {
        @Override
        Pc build(Pc.Builder machine, CpuProfile cpu, L0Options options) {
            return machine.profile(cpu).hostReserve(HOST_RESERVE).build();
        }

        @Override
        long slipUnder(Pc pc, L0Options options, GuestTrace trace) {
            L0 l0 = L0.slipUnder(pc.hardware(), options);
            l0.setGuestObserver(trace);
            return l0.hostAddress(0);
        }
    };

    private static final long HOST_RESERVE = 16L << 20;

    abstract Pc build(Pc.Builder machine, CpuProfile cpu, L0Options options);

    /** @return machine address of the hypervisor's physical address 0 */
    abstract long slipUnder(Pc pc, L0Options options, GuestTrace trace);

    /** The processor that the hypervisor sees in both worlds. */
    public static CpuProfile offered(CpuProfile cpu, L0Options options) {
        return L0.offered(ImplementedFeatures.of(cpu), options);
    }

    /**
     * Runs a hypervisor.
     *
     * @param machine the machine, but for its processor, and with the size of memory that the hypervisor sees
     * @param cpu     the processor under L0
     * @param options what L0 gives; the architectural world gives the same
     * @param prepare loads images into the machine, for the processor given beside it, and sets the CPUs to their start
     * @param cycles  time that may pass
     * @param kept    events to keep for reading
     */
    public WorldRun run(
            Pc.Builder machine,
            CpuProfile cpu,
            L0Options options,
            BiConsumer<Pc, CpuProfile> prepare,
            long cycles,
            int kept) {
        GuestTrace trace = new GuestTrace(kept);
        Pc pc = build(machine.serial(trace::output), cpu, options);
        prepare.accept(pc, offered(cpu, options));
        long base = slipUnder(pc, options, trace);
        StopReason stop = pc.run(cycles);
        List<Long> retired = new ArrayList<>();
        for (Cpu each : pc.machine().cpus()) {
            retired.add(each.retired());
        }
        return new WorldRun(
                trace,
                stop,
                retired,
                new GuestMemory(pc.memory(), base, pc.hardware().guestMemory()));
    }
}

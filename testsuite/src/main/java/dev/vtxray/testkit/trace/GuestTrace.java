package dev.vtxray.testkit.trace;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.core.state.TraceDigest;
import dev.vtxray.testkit.trace.TraceEvent.Kind;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.VmxObserver;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Records the trace of a hypervisor: its VM entries and exits on all CPUs in the order in which they happen, with the
 * number of instructions before, the general registers and the whole VMCS, and the serial output in between.
 *
 * <p>To be given to each {@link dev.vtxray.vmx.VmxUnit} in the architectural world, or to
 * {@link dev.vtxray.nested.L0#setGuestObserver} where the hypervisor is L1 of L0.
 */
public final class GuestTrace implements VmxObserver {
    private static final int REGISTERS = 16;

    /** Names of the values of entries and exits: general registers, then VMCS fields. */
    static final List<String> STATE_NAMES = stateNames();

    private final TraceDigest digest = new TraceDigest();
    private final long[] state = new long[STATE_NAMES.size()];
    private final long[] single = new long[1];
    private final int kept;
    private final List<TraceEvent> events = new ArrayList<>();

    /** @param kept how many events are kept for reading, the first ones; all of them go into the digest */
    public GuestTrace(int kept) {
        this.kept = kept;
    }

    private static List<String> stateNames() {
        List<String> names = new ArrayList<>();
        for (int number = 0; number < REGISTERS; number++) {
            names.add(Reg.general(8, number).toString());
        }
        for (int i = 0; i < VmcsField.COUNT; i++) {
            names.add(VmcsField.at(i).name());
        }
        return Collections.unmodifiableList(names);
    }

    @Override
    public void entered(Cpu cpu, Vmcs vmcs) {
        addState(Kind.ENTRY, cpu, vmcs);
    }

    @Override
    public void exited(Cpu cpu, Vmcs vmcs, VmExit exit) {
        addState(Kind.EXIT, cpu, vmcs);
    }

    @Override
    public void refused(Cpu cpu, int error) {
        single[0] = error;
        add(Kind.REFUSAL, cpu.number, cpu.retired(), single);
    }

    /** A byte that software wrote to the serial port. */
    public void output(int value) {
        single[0] = value & 0xFF;
        add(Kind.OUTPUT, 0, 0, single);
    }

    private void addState(Kind kind, Cpu cpu, Vmcs vmcs) {
        System.arraycopy(cpu.r, 0, state, 0, REGISTERS);
        // The guest's stack pointer is in the VMCS; what the register holds meanwhile nobody can see.
        state[Cpu.RSP] = 0;
        for (int i = 0; i < VmcsField.COUNT; i++) {
            state[REGISTERS + i] = vmcs.get(VmcsField.at(i));
        }
        add(kind, cpu.number, cpu.retired(), state);
    }

    private void add(Kind kind, int cpu, long instructions, long[] values) {
        digest.add(kind.ordinal());
        digest.add(cpu);
        digest.add(instructions);
        for (long value : values) {
            digest.add(value);
        }
        if (events.size() < kept) {
            events.add(TraceEvent.of(kind, cpu, instructions, values));
        }
    }

    /** Digest of all events. */
    public String digest() {
        return digest.toString();
    }

    /** The first events, as many as are kept. */
    public List<TraceEvent> events() {
        return Collections.unmodifiableList(events);
    }
}

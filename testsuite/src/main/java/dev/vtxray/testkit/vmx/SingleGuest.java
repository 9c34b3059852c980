package dev.vtxray.testkit.vmx;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Assembler;
import dev.vtxray.core.isa.Row;
import dev.vtxray.core.machine.StopReason;
import dev.vtxray.core.semantics.BaseInstructions;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.VmxInstructions;
import dev.vtxray.vmx.VmxUnit;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.control.VmxControl;
import dev.vtxray.vmx.entry.VmEntryCheck;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One CPU that runs a snippet of guest code under a VMCS, with the test as its host: the shortest way from an instruction
 * to the VM exit that it causes.
 *
 * <pre>{@code
 * VmExit exit = SingleGuest.on("haswell-ep")
 *         .with(PrimaryControl.HLT_EXITING)
 *         .code(asm -> asm.emit("HLT"))
 *         .run();
 * assertThat(exit.reason()).isEqualTo(ExitReason.HLT);
 * }</pre>
 *
 * <p>The guest begins in 64-bit mode at privilege level 0 at {@link GuestMemory#CODE}, with interrupts off. Its memory is
 * laid out as {@link GuestMemory} says. Each exception or interrupt ends in its handler's VMCALL, which exits with the
 * handler's address in GUEST_RIP.
 */
public final class SingleGuest {
    private static final long CYCLE_LIMIT = 100_000;

    private final Pc pc;
    private final VmxUnit unit;
    private final Vmcs vmcs;
    private @Nullable VmExit exit;

    private SingleGuest(CpuProfile profile) {
        pc = Pc.builder().profile(profile).memory(GuestMemory.SIZE).build();
        unit = pc.vmx(0);
        vmcs = new Vmcs(unit.capabilities().revision());
        GuestMemory.prepare(pc.memory());
        VmcsTemplate.fill(vmcs, unit.capabilities());
        unit.setHost((taken, from) -> {
            exit = taken;
            pc.machine().requestStop(new StopReason.HaltedByHost(taken.toString()));
        });
    }

    /** A guest on a processor by the name of its profile. */
    public static SingleGuest on(String profile) {
        return new SingleGuest(CpuProfile.named(profile));
    }

    /** A guest on a processor. */
    public static SingleGuest on(CpuProfile profile) {
        return new SingleGuest(profile);
    }

    // preparing

    /** Sets VM-execution, VM-exit or VM-entry controls. */
    public SingleGuest with(VmxControl... controls) {
        for (VmxControl control : controls) {
            VmcsTemplate.control(vmcs, control, true);
        }
        return this;
    }

    /** Clears VM-execution, VM-exit or VM-entry controls. */
    public SingleGuest without(VmxControl... controls) {
        for (VmxControl control : controls) {
            VmcsTemplate.control(vmcs, control, false);
        }
        return this;
    }

    /** Sets a field of the VMCS. */
    public SingleGuest set(VmcsField field, long value) {
        vmcs.set(field, value);
        return this;
    }

    /** Lets the guest begin at privilege level 3. */
    public SingleGuest asUser() {
        VmcsTemplate.privilege(vmcs, true);
        return this;
    }

    /** Writes guest code to {@link GuestMemory#CODE}, followed by VMCALL so that it ends in an exit in any case. */
    public SingleGuest code(Consumer<Assembler> writer) {
        return code(GuestMemory.CODE, writer);
    }

    /** Writes 64-bit guest code to an address, followed by VMCALL. */
    public SingleGuest code(long address, Consumer<Assembler> writer) {
        return code(address, 8, writer);
    }

    /** Writes guest code to an address, followed by VMCALL. @param codeSize 2, 4 or 8 for 16-, 32- or 64-bit code */
    public SingleGuest code(long address, int codeSize, Consumer<Assembler> writer) {
        Assembler assembler = new Assembler(instructions(), codeSize, address);
        writer.accept(assembler);
        assembler.emit("VMCALL");
        byte[] bytes = assembler.bytes();
        pc.memory().write(address, bytes, 0, bytes.length);
        return this;
    }

    /** The base and VMX rows to assemble guest code with; to execute a VMX row throws IllegalStateException. */
    public static List<Row> instructions() {
        List<Row> rows = new ArrayList<>(BaseInstructions.rows());
        rows.addAll(VmxInstructions.rows(cpu -> {
            throw new IllegalStateException("these rows are for assembling, CPU " + cpu + " cannot execute them");
        }));
        return rows;
    }

    /** Sets a general register. */
    public SingleGuest register(int number, long value) {
        cpu().r[number] = value;
        return this;
    }

    /** Writes 8 bytes of memory. */
    public SingleGuest memory(long address, long value) {
        pc.memory().write(address, 8, value);
        return this;
    }

    // running

    /**
     * Enters the guest, where its state in the VMCS says, and runs it up to its next VM exit.
     *
     * @throws IllegalStateException if the entry fails its checks, with the report on them, or no exit comes within
     *     100,000 cycles
     */
    public VmExit run() {
        if (tryEnter() != null) {
            throw new IllegalStateException(String.valueOf(unit.lastEntryReport()));
        }
        return runOn();
    }

    /** Enters the guest without running it. @return the check that the entry failed, or null if the guest is entered */
    public @Nullable VmEntryCheck tryEnter() {
        exit = null;
        return unit.enter(vmcs);
    }

    /** Runs the guest that is entered up to its next VM exit; throws as {@link #run}. */
    public VmExit runOn() {
        if (exit == null) {
            StopReason reason = pc.run(CYCLE_LIMIT);
            if (exit == null) {
                throw new IllegalStateException(
                        "no VM exit: " + reason.describe() + ", RIP " + Long.toHexString(cpu().rip));
            }
        }
        return exit;
    }

    /** Runs the guest for so many cycles. @return its VM exit, or null if none came */
    public @Nullable VmExit runFor(long cycles) {
        if (exit == null) {
            pc.run(cycles);
        }
        return exit;
    }

    /** Enters the guest behind the instruction that exited, and runs it up to its next exit. */
    public VmExit skipAndRun() {
        vmcs.set(VmcsField.GUEST_RIP, vmcs.get(VmcsField.GUEST_RIP) + vmcs.get(VmcsField.VM_EXIT_INSTRUCTION_LENGTH));
        return run();
    }

    // looking

    public Pc pc() {
        return pc;
    }

    public Cpu cpu() {
        return pc.cpu(0);
    }

    public VmxUnit unit() {
        return unit;
    }

    public Vmcs vmcs() {
        return vmcs;
    }

    /** A field of the VMCS. */
    public long get(VmcsField field) {
        return vmcs.get(field);
    }

    /** Reads 8 bytes of memory. */
    public long memory(long address) {
        return pc.memory().read(address, 8);
    }
}

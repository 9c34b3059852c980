package dev.vtxray.testkit.vmx;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.device.DebugExit;
import dev.vtxray.core.isa.Assembler;
import dev.vtxray.core.isa.Imm;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.core.machine.StopReason;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.vmx.VmxUnit;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.function.Consumer;

/**
 * One CPU whose host is machine code: snippets of code in 64-bit mode at privilege level 0, run one after the other, for
 * the VMX instructions themselves. {@link #inVmxOperation} makes a VMCS current that passes all checks.
 *
 * <pre>{@code
 * RootProgram host = RootProgram.on("haswell-ep").inVmxOperation();
 * host.guest(asm -> asm.emit("CPUID"));
 * assertThat(host.run(asm -> asm.emit("VMLAUNCH"))).isEqualTo(RootProgram.Outcome.VM_EXIT);
 * }</pre>
 */
public final class RootProgram {
    /** Where a snippet ended. */
    public enum Outcome {
        /** Behind its last instruction. */
        FINISHED,
        /** At HOST_RIP. */
        VM_EXIT,
        /** In the shutdown state. */
        SHUTDOWN,
        /** In a guest, or in a handler that does not end. */
        STILL_RUNNING
    }

    private static final long HOST_CODE = 0x01_8000;
    private static final long EXIT_HANDLER = 0x01_7000;
    private static final long POINTER = 0x01_7800;
    private static final long CYCLE_LIMIT = 100_000;
    /** RAM for a host that slips under the program; untouched RAM costs nothing. */
    private static final long HOST_RESERVE = 16L << 20;

    private final Pc pc;
    private final Cpu cpu;

    private RootProgram(CpuProfile profile) {
        pc = Pc.builder()
                .profile(profile)
                .memory(GuestMemory.SIZE)
                .hostReserve(HOST_RESERVE)
                .build();
        cpu = pc.cpu(0);
        GuestMemory.prepare(pc.memory());
        enterLongMode();
        write(EXIT_HANDLER, asm -> {});
    }

    /** A processor by the name of its profile, outside VMX operation, with CR4.VMXE set. */
    public static RootProgram on(String profile) {
        return new RootProgram(CpuProfile.named(profile));
    }

    private void enterLongMode() {
        cpu.cr0 = Control.CR0_PE | Control.CR0_ET | Control.CR0_NE | Control.CR0_WP | Control.CR0_PG;
        cpu.cr3 = GuestMemory.PML4;
        cpu.cr4 = Control.CR4_PAE | VmcsTemplate.CR4_VMXE;
        cpu.efer = Control.EFER_LMA | Control.EFER_LME;
        cpu.gdtrBase = GuestMemory.GDT;
        cpu.gdtrLimit = GuestMemory.GDT_LIMIT;
        cpu.idtrBase = GuestMemory.IDT;
        cpu.idtrLimit = GuestMemory.IDT_LIMIT;
        for (SegmentRegister segment : cpu.seg) {
            segment.set(GuestMemory.DATA_SELECTOR, 0, -1, 0xC093);
        }
        cpu.seg[SegmentRegister.CS].set(GuestMemory.CODE_SELECTOR, 0, -1, 0xA09B);
        cpu.tr.set(GuestMemory.TSS_SELECTOR, GuestMemory.TSS, GuestMemory.TSS_LIMIT, 0x8B);
        cpu.r[Cpu.RSP] = GuestMemory.STACK_TOP;
        cpu.contextChanged();
    }

    /** Writes code that stops the machine at its end, and changes neither registers nor flags by that. */
    private void write(long address, Consumer<Assembler> writer) {
        Assembler assembler = new Assembler(SingleGuest.instructions(), 8, address);
        writer.accept(assembler);
        assembler.emit("OUT", Imm.of(DebugExit.PORT), Reg.AL);
        byte[] bytes = assembler.bytes();
        pc.memory().write(address, bytes, 0, bytes.length);
    }

    /**
     * Runs a snippet in the state that the CPU is in, registers included.
     *
     * @return how it ended
     */
    public Outcome run(Consumer<Assembler> code) {
        write(HOST_CODE, code);
        cpu.rip = HOST_CODE;
        cpu.contextChanged();
        StopReason reason = pc.run(CYCLE_LIMIT);
        if (reason.kind() == StopReason.Kind.SHUTDOWN) {
            return Outcome.SHUTDOWN;
        }
        return reason.kind() == StopReason.Kind.GUEST_EXIT ? ended() : Outcome.STILL_RUNNING;
    }

    private Outcome ended() {
        return cpu.rip >= EXIT_HANDLER && cpu.rip < POINTER ? Outcome.VM_EXIT : Outcome.FINISHED;
    }

    /** Enters VMX operation and makes a VMCS current that passes all checks. */
    public RootProgram inVmxOperation() {
        pc.memory().write(GuestMemory.VMXON_REGION, 4, unit().capabilities().revision());
        pc.memory().write(GuestMemory.VMCS_REGION, 4, unit().capabilities().revision());
        execute("VMXON", GuestMemory.VMXON_REGION);
        execute("VMCLEAR", GuestMemory.VMCS_REGION);
        execute("VMPTRLD", GuestMemory.VMCS_REGION);
        VmcsTemplate.fill(vmcs(), unit().capabilities());
        vmcs().set(VmcsField.HOST_RIP, EXIT_HANDLER);
        vmcs().set(VmcsField.HOST_RSP, GuestMemory.INNER_STACK_TOP);
        return this;
    }

    /** Runs VMXON, VMCLEAR, VMPTRLD with this pointer as its operand. */
    public Outcome execute(String mnemonic, long pointer) {
        pc.memory().write(POINTER, 8, pointer);
        return run(asm -> asm.emit(mnemonic, Mem.qwordAt(POINTER)));
    }

    /** Writes the guest's code to where it begins, followed by VMCALL. */
    public RootProgram guest(Consumer<Assembler> code) {
        Assembler assembler = new Assembler(SingleGuest.instructions(), 8, GuestMemory.CODE);
        code.accept(assembler);
        assembler.emit("VMCALL");
        pc.memory().write(GuestMemory.CODE, assembler.bytes(), 0, assembler.bytes().length);
        return this;
    }

    public Cpu cpu() {
        return cpu;
    }

    public Pc pc() {
        return pc;
    }

    public VmxUnit unit() {
        return pc.vmx(0);
    }

    /** The current VMCS. */
    public Vmcs vmcs() {
        return unit().current();
    }

    /** Writes 8 bytes of memory. */
    public RootProgram memory(long address, long value) {
        pc.memory().write(address, 8, value);
        return this;
    }

    /** Reads 8 bytes of memory. */
    public long memory(long address) {
        return pc.memory().read(address, 8);
    }
}

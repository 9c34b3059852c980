package dev.vtxray.testkit.hypervisor;

import static dev.vtxray.testkit.hypervisor.L1Context.RESUME;
import static dev.vtxray.testkit.hypervisor.L1Context.UNEXPECTED_EXIT;

import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.isa.Imm;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.vmx.control.InterruptionInfo;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.vmcs.VmcsField;

/**
 * How interrupts reach a virtual CPU. With every kind of delivery the sender sets a bit in the first 256 bits of the
 * target's descriptor. From there the processor takes it (posted interrupts), or the target's own CPU moves it to the
 * virtual APIC (APICv), or that CPU injects it at a VM entry.
 */
final class VirtualInterrupts {
    static final String EXTERNAL_INTERRUPT_EXIT = "externalInterruptExit";

    private static final int REQUEST_DWORDS = 8;
    private static final int OUTSTANDING_NOTIFICATION = REQUEST_DWORDS * 4;
    private static final int VIRTUAL_IRR = 0x200;
    private static final int STI_OR_MOV_SS = 3;

    private final HypervisorCode code;
    private final L1Options options;
    private final CpuBlock block;

    VirtualInterrupts(L1Context context) {
        this.code = context.code();
        this.options = context.options();
        this.block = context.block();
    }

    /** L1 acknowledges interrupts on exit, so all that is left is their end. */
    void writeExternalInterruptExit() {
        code.label(EXTERNAL_INTERRUPT_EXIT);
        code.emit("MOV", Reg.EAX, CpuBlock.low(block.field(VmcsField.VM_EXIT_INTERRUPTION_INFO)));
        code.emit("CMP", Reg.AL, L1Memory.KICK_VECTOR);
        code.branch("JNE", UNEXPECTED_EXIT);
        code.endOfInterrupt();
        code.branch("JMP", RESUME);
    }

    /**
     * Sends the interrupt whose vector is in EDI to the virtual CPU whose number is in ESI, and goes on at RESUME. A
     * virtual CPU on this processor needs no call. Changes RAX, RDX, R8 and R14.
     */
    void send() {
        descriptorOf(Reg.ESI);
        code.locked("BTS", Mem.dword(Reg.R8), Reg.EDI);
        code.emit("CMP", CpuBlock.low(CpuBlock.number()), Reg.ESI);
        code.branch("JE", RESUME);
        if (options.posts()) {
            code.locked("BTS", Mem.dword(Reg.R8).disp(OUTSTANDING_NOTIFICATION), Imm.of(0));
            code.branch("JC", RESUME);
        }
        code.emit("MOV", Reg.EAX, Reg.ESI);
        code.sendInterrupt(options.posts() ? L1Memory.NOTIFICATION_VECTOR : L1Memory.KICK_VECTOR);
        code.branch("JMP", RESUME);
    }

    private void descriptorOf(Reg number) {
        code.emit("MOV", Reg.R8D, number);
        code.emit("SHL", Reg.R8D, L1Memory.PAGE_SHIFT);
        code.emit("ADD", Reg.R8D, L1Memory.DESCRIPTORS);
    }

    /** Ends the service of the interrupt that was injected last. */
    void endService() {
        code.emit("MOV", CpuBlock.inService(), 0);
    }

    // waiting

    /** Branches if an interrupt waits for this virtual CPU. Changes RAX and R8. */
    void branchIfAny(String target) {
        if (options.apicv()) {
            code.emit("CMP", Mem.byteAt(CpuBlock.BASE).disp(requestedVector().disp()), 0);
            code.branch("JNE", target);
        }
        code.emit("MOV", Reg.R8, CpuBlock.descriptor());
        code.emit("MOV", Reg.RAX, Mem.qword(Reg.R8));
        for (int offset = 8; offset < REQUEST_DWORDS * 4; offset += 8) {
            code.emit("OR", Reg.RAX, Mem.qword(Reg.R8).disp(offset));
        }
        code.branch("JNZ", target);
    }

    /** Halts this CPU until an interrupt waits for its virtual CPU. The only place of L1 with IF = 1. */
    void waitInRoot() {
        String again = code.fresh("again");
        String woken = code.fresh("woken");
        code.label(again);
        branchIfAny(woken);
        code.emit("STI");
        code.emit("HLT");
        code.emit("CLI");
        code.branch("JMP", again);
        code.label(woken);
        if (options.posts()) {
            code.emit("MOV", Reg.R8, CpuBlock.descriptor());
            code.locked("BTR", Mem.dword(Reg.R8).disp(OUTSTANDING_NOTIFICATION), Imm.of(0));
            mergeIntoVirtualApic();
        }
    }

    // before VM entry

    /** Lets the next VM entry deliver what waits, as far as that is L1's business. */
    void prepareEntry() {
        VmcsField entryInfo = VmcsField.VM_ENTRY_INTERRUPTION_INFO;
        code.emit("MOV", block.field(entryInfo), 0);
        if (!options.apicv()) {
            inject();
        } else if (!options.posts()) {
            mergeIntoVirtualApic();
        }
    }

    /** Moves all interrupts from the descriptor to VIRR, and raises RVI. Changes RAX, RCX, RDX, R8 and R9. */
    private void mergeIntoVirtualApic() {
        String next = code.fresh("next");
        String done = code.fresh("merged");
        Mem rvi = Mem.byteAt(CpuBlock.BASE).disp(requestedVector().disp());
        code.emit("MOV", Reg.R8, CpuBlock.descriptor());
        code.emit("MOV", Reg.R9, CpuBlock.virtualApicPage());
        code.load(Reg.ECX, REQUEST_DWORDS);
        code.label(next);
        code.emit("DEC", Reg.ECX);
        code.branch("JS", done);
        code.emit("XOR", Reg.EAX, Reg.EAX);
        code.emit("XCHG", Mem.dword(Reg.R8).index(Reg.RCX, 4), Reg.EAX);
        code.emit("TEST", Reg.EAX, Reg.EAX);
        code.branch("JZ", next);
        code.emit("MOV", Reg.EDX, Reg.ECX);
        code.emit("SHL", Reg.EDX, 4);
        code.emit("OR", Mem.dword(Reg.R9).index(Reg.RDX, 1).disp(VIRTUAL_IRR), Reg.EAX);
        highestVector();
        code.emit("CMP", Reg.AL, rvi);
        code.branch("JBE", next);
        code.emit("MOV", rvi, Reg.AL);
        code.branch("JMP", next);
        code.label(done);
    }

    private Mem requestedVector() {
        return block.field(VmcsField.GUEST_INTERRUPT_STATUS);
    }

    /** From bits EAX of dword ECX to the highest vector in EAX. Changes RDX. */
    private void highestVector() {
        code.emit("BSR", Reg.EAX, Reg.EAX);
        code.emit("MOV", Reg.EDX, Reg.ECX);
        code.emit("SHL", Reg.EDX, 5);
        code.emit("ADD", Reg.EAX, Reg.EDX);
    }

    /**
     * Injects the highest interrupt that waits, or asks for an interrupt window if the guest cannot take it. The next
     * one has to wait until the guest has ended the service of this one. Changes RAX, RCX, RDX and R8.
     */
    private void inject() {
        String next = code.fresh("next");
        String closed = code.fresh("closed");
        String done = code.fresh("injected");
        Mem primary = block.field(VmcsField.PRIMARY_PROC_BASED_VM_EXEC_CONTROLS);
        code.load(Reg.RAX, VmcsSetup.primaryControls(options) & 0xFFFF_FFFFL);
        code.emit("MOV", primary, Reg.RAX);
        code.emit("CMP", CpuBlock.inService(), 0);
        code.branch("JNE", done);
        code.emit("MOV", Reg.R8, CpuBlock.descriptor());
        code.load(Reg.ECX, REQUEST_DWORDS);
        code.label(next);
        code.emit("DEC", Reg.ECX);
        code.branch("JS", done);
        code.emit("MOV", Reg.EAX, Mem.dword(Reg.R8).index(Reg.RCX, 4));
        code.emit("TEST", Reg.EAX, Reg.EAX);
        code.branch("JZ", next);
        highestVector();
        code.emit("TEST", CpuBlock.low(block.field(VmcsField.GUEST_RFLAGS)), Flags.IF);
        code.branch("JZ", closed);
        code.emit("TEST", CpuBlock.low(block.field(VmcsField.GUEST_INTERRUPTIBILITY_STATE)), STI_OR_MOV_SS);
        code.branch("JNZ", closed);
        code.locked("BTR", Mem.dword(Reg.R8), Reg.EAX);
        code.emit("MOV", CpuBlock.inService(), Reg.RAX);
        code.emit("OR", Reg.EAX, InterruptionInfo.VALID);
        code.emit("MOV", block.field(VmcsField.VM_ENTRY_INTERRUPTION_INFO), Reg.RAX);
        code.branch("JMP", done);
        code.label(closed);
        code.emit("OR", CpuBlock.low(primary), PrimaryControl.INTERRUPT_WINDOW_EXITING.mask());
        code.label(done);
    }
}

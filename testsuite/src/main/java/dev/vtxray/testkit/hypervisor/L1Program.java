package dev.vtxray.testkit.hypervisor;

import static dev.vtxray.testkit.hypervisor.L1Context.RESUME;
import static dev.vtxray.testkit.hypervisor.L1Context.UNEXPECTED_EXIT;

import dev.vtxray.core.isa.Imm;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.List;

/**
 * The code of the L1 hypervisor, except for interrupts and the virtual APIC: start on both CPUs, exit handler, end.
 *
 * <p>The handler copies the fields of its profile to the {@link CpuBlock}, works there, and writes its fields back from
 * there before it resumes. So every exit costs the same number of VMCS accesses.
 */
final class L1Program {
    static final String START = "start";
    private static final String EXIT_HANDLER = "exitHandler";
    private static final String UNEXPECTED_EVENT = "unexpectedEvent";
    private static final String FINISHED = "finished";

    private static final Reg CPU_OFFSET = Reg.R15;
    private static final Reg REGION = Reg.RBP;
    private static final int GUEST_DONE = 0x0FF;
    private static final int ACTIVITY_HLT = 1;
    private static final int FAILURE = 1;
    private static final int EXCEPTIONS = 32;
    private static final int STI_OR_MOV_SS = 3;

    private final HypervisorCode code;
    private final L1Options options;
    private final CpuBlock block;
    private final VirtualInterrupts interrupts;
    private final VirtualApicEmulation apic;

    L1Program(L1Options options) {
        HandlerProfile handler = options.handler();
        this.options = options;
        this.code = new HypervisorCode(L1Memory.CODE, L1Memory.APIC, handler.access(), REGION);
        this.block = new CpuBlock(List.of(
                handler.fieldsRead(options.apicv()),
                handler.fieldsWritten(options.apicv()),
                List.of(handler.lastFieldWritten(options.apicv()))));
        L1Context context = new L1Context(code, options, block);
        this.interrupts = new VirtualInterrupts(context);
        this.apic = new VirtualApicEmulation(context);
    }

    /** Writes everything. @param guestEntry where L2 starts */
    HypervisorCode write(long guestEntry) {
        start(guestEntry);
        exitHandler();
        halt();
        apic.write();
        interrupts.writeExternalInterruptExit();
        guestCall();
        resume();
        hostInterruptHandlers();
        failures();
        return code;
    }

    /** Label of the handler of an interrupt vector of L1, by vector. */
    static String handlerOf(int vector) {
        return vector < EXCEPTIONS ? "exception" + vector : "interrupt";
    }

    // start

    /** 64-bit mode, RDI = number of the CPU, a stack, IF = 0. */
    private void start(long guestEntry) {
        code.label(START);
        code.emit("CLD");
        code.emit("MOV", CPU_OFFSET, Reg.RDI);
        code.emit("SHL", CPU_OFFSET, L1Memory.PAGE_SHIFT);
        code.emit("LEA", CpuBlock.BASE, Mem.of(8, CPU_OFFSET).disp(L1Memory.CPU_BLOCKS));
        code.emit("MOV", CpuBlock.number(), Reg.RDI);
        pointTo(CpuBlock.vmxonPointer(), L1Memory.VMXON_REGIONS);
        pointTo(CpuBlock.vmcsPointer(), L1Memory.VMCS_REGIONS);
        pointTo(CpuBlock.virtualApicPage(), L1Memory.VIRTUAL_APIC_PAGES);
        pointTo(CpuBlock.descriptor(), L1Memory.DESCRIPTORS);
        code.emit("LIDT", Mem.unsized("idtPointer"));
        code.enableApic(L1Memory.SPURIOUS_VECTOR);
        code.vmxon(CpuBlock.vmxonPointer());
        code.vmclear(CpuBlock.vmcsPointer());
        code.emit("MOV", REGION, CpuBlock.vmcsPointer());
        if (options.handler().access() == FieldAccess.INSTRUCTION) {
            code.vmptrld(CpuBlock.vmcsPointer());
        }
        new VmcsSetup(code, options, CPU_OFFSET).writeAll(EXIT_HANDLER, guestEntry);
        if (options.handler().access() == FieldAccess.MEMORY) {
            code.vmptrld(CpuBlock.vmcsPointer());
        }
        code.load(Reg.RSI, L2Memory.PARAMETERS);
        code.emit("MOV", Reg.RDI, CpuBlock.number());
        code.vmlaunch();
        code.label("idtPointer");
        code.descriptorTablePointer(L1Memory.PAGE - 1, L1Memory.IDT);
    }

    private void pointTo(Mem pointer, long firstPage) {
        code.emit("LEA", Reg.RAX, Mem.of(8, CPU_OFFSET).disp(firstPage));
        code.emit("MOV", pointer, Reg.RAX);
    }

    // VM exits

    /** HOST_RSP is the end of the registers in the block of this CPU. */
    private void exitHandler() {
        code.label(EXIT_HANDLER);
        code.saveRegisters();
        code.emit("MOV", CpuBlock.BASE, Reg.RSP);
        code.emit("LEA", Reg.RSP, Mem.of(8, CpuBlock.BASE).disp(L1Memory.PAGE));
        code.emit("MOV", REGION, CpuBlock.vmcsPointer());
        for (VmcsField field : options.handler().fieldsRead(options.apicv())) {
            code.readField(field, block.field(field));
        }
        code.emit("MOV", CpuBlock.halted(), 0);
        code.emit("CMP", CpuBlock.low(block.field(VmcsField.IDT_VECTORING_INFO)), 0);
        code.branch("JNZ", UNEXPECTED_EXIT);
        code.emit("MOV", Reg.EAX, CpuBlock.low(block.field(VmcsField.EXIT_REASON)));
        dispatch(ExitReason.APIC_ACCESS, VirtualApicEmulation.APIC_ACCESS_EXIT);
        dispatch(ExitReason.APIC_WRITE, VirtualApicEmulation.APIC_WRITE_EXIT);
        dispatch(ExitReason.EXTERNAL_INTERRUPT, VirtualInterrupts.EXTERNAL_INTERRUPT_EXIT);
        dispatch(ExitReason.INTERRUPT_WINDOW, RESUME);
        dispatch(ExitReason.HLT, "halt");
        dispatch(ExitReason.VMCALL, "guestCall");
        code.branch("JMP", UNEXPECTED_EXIT);
    }

    private void dispatch(ExitReason reason, String handler) {
        code.emit("CMP", Reg.EAX, reason.number());
        code.branch("JE", handler);
    }

    private void halt() {
        code.label("halt");
        if (options.haltHandling() == HaltHandling.NOT_EXITING) {
            code.branch("JMP", UNEXPECTED_EXIT);
            return;
        }
        skipInstruction();
        if (options.haltHandling() == HaltHandling.WAIT_IN_ROOT) {
            interrupts.waitInRoot();
        } else {
            String awake = code.fresh("awake");
            interrupts.branchIfAny(awake);
            code.emit("MOV", CpuBlock.halted(), 1);
            code.label(awake);
        }
        code.branch("JMP", RESUME);
    }

    /** Moves RIP behind the instruction that has exited; what it was shadowed by ends with it. */
    private void skipInstruction() {
        code.emit("MOV", Reg.RAX, block.field(VmcsField.VM_EXIT_INSTRUCTION_LENGTH));
        code.emit("ADD", block.field(VmcsField.GUEST_RIP), Reg.RAX);
        code.emit("AND", CpuBlock.low(block.field(VmcsField.GUEST_INTERRUPTIBILITY_STATE)), ~STI_OR_MOV_SS);
    }

    /** L2 is done: when both virtual CPUs have said so, CPU 0 ends the machine with their statuses. */
    private void guestCall() {
        String waiting = code.fresh("waiting");
        code.label("guestCall");
        code.emit("CMP", CpuBlock.register(Reg.RAX.number()), GUEST_DONE);
        code.branch("JNE", UNEXPECTED_EXIT);
        code.emit("MOV", Reg.RAX, CpuBlock.register(Reg.RBX.number()));
        code.locked("OR", Mem.dwordAt(L1Memory.STATUS), Reg.EAX);
        skipInstruction();
        writeBack();
        code.locked("INC", Mem.dwordAt(L1Memory.FINISHED));
        code.emit("CMP", CpuBlock.number(), 0);
        code.branch("JNE", FINISHED);
        code.label(waiting);
        code.emit("PAUSE");
        code.emit("CMP", Mem.dwordAt(L1Memory.FINISHED), L1Memory.CPUS);
        code.branch("JNE", waiting);
        code.emit("MOV", Reg.EAX, Mem.dwordAt(L1Memory.STATUS));
        code.debugExit();
        code.label(FINISHED);
        code.stop();
    }

    private void resume() {
        code.label(RESUME);
        interrupts.prepareEntry();
        writeBack();
        code.emit("MOV", Reg.RSP, CpuBlock.BASE);
        code.restoreRegisters();
        code.vmresume();
    }

    private void writeBack() {
        for (VmcsField field : options.handler().fieldsWritten(options.apicv())) {
            code.writeField(field, block.field(field));
        }
        VmcsField last = options.handler().lastFieldWritten(options.apicv());
        if (options.haltHandling() != HaltHandling.REENTER_HALTED) {
            code.writeField(last, block.field(last));
            return;
        }
        String halts = code.fresh("halts");
        String done = code.fresh("written");
        code.emit("CMP", CpuBlock.halted(), 0);
        code.branch("JNE", halts);
        code.writeField(last, block.field(last));
        code.branch("JMP", done);
        code.label(halts);
        code.writeField(VmcsField.GUEST_ACTIVITY_STATE, ACTIVITY_HLT);
        code.label(done);
    }

    // L1's own interrupts, and what must not happen

    private void hostInterruptHandlers() {
        code.label(handlerOf(L1Memory.KICK_VECTOR));
        code.emptyInterruptHandler();
        for (int vector = 0; vector < EXCEPTIONS; vector++) {
            code.label(handlerOf(vector));
            code.emit("PUSH", Imm.of(vector));
            code.branch("JMP", UNEXPECTED_EVENT);
        }
    }

    private void failures() {
        code.label(UNEXPECTED_EXIT);
        beTheOnlyOneToReport();
        code.print("L1: unexpected VM exit, reason ");
        code.emit("MOV", Reg.R8, block.field(VmcsField.EXIT_REASON));
        code.printHexadecimal(8);
        code.print("H, qualification ");
        code.emit("MOV", Reg.R8, block.field(VmcsField.EXIT_QUALIFICATION));
        code.printHexadecimal(16);
        code.print("H, RIP ");
        code.emit("MOV", Reg.R8, block.field(VmcsField.GUEST_RIP));
        code.printHexadecimal(16);
        endWithFailure();
        code.label(UNEXPECTED_EVENT);
        beTheOnlyOneToReport();
        code.print("L1: unexpected exception ");
        code.emit("POP", Reg.R8);
        code.printHexadecimal(2);
        endWithFailure();
        code.label(HypervisorCode.VMX_FAILURE);
        beTheOnlyOneToReport();
        code.print("L1: a VMX instruction failed, error ");
        code.load(Reg.EAX, VmcsField.VM_INSTRUCTION_ERROR.encoding());
        code.emit("MOV", Reg.R8, -1);
        code.emit("VMREAD", Reg.R8, Reg.RAX);
        code.printHexadecimal(4);
        endWithFailure();
    }

    private void beTheOnlyOneToReport() {
        code.locked("BTS", Mem.dwordAt(L1Memory.REPORTING), Imm.of(0));
        code.branch("JC", FINISHED);
    }

    private void endWithFailure() {
        code.print("H\n");
        code.load(Reg.EAX, FAILURE);
        code.debugExit();
    }
}

package dev.vtxray.testkit.hypervisor;

import static dev.vtxray.testkit.hypervisor.L1Context.RESUME;
import static dev.vtxray.testkit.hypervisor.L1Context.UNEXPECTED_EXIT;

import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.vmx.vmcs.VmcsField;

/**
 * The local APIC that L1 gives to L2, as far as sending and ending interrupts goes. Its registers lie in the
 * virtual-APIC page, whether or not the processor uses that.
 *
 * <p>Without APICv every access exits like a fault, so L1 decodes the instruction: MOV in the forms 8B /r, 89 /r and C7
 * /0 with 32-bit operands, any address and any register but ESP. With APICv only the write of ICR-low exits, like a
 * trap.
 */
final class VirtualApicEmulation {
    static final String APIC_ACCESS_EXIT = "apicAccessExit";
    static final String APIC_WRITE_EXIT = "apicWriteExit";
    private static final String SEND = "sendIpi";
    private static final String READ = "readRegister";
    private static final String WRITE = "writeRegister";

    private static final int OFFSET_MASK = 0xFFF;
    private static final int TYPE_READ = 0x0000;
    private static final int TYPE_WRITE = 0x1000;
    private static final int RSP = 4;
    private static final int OPCODE_EXTENSION = 7;
    private static final int REX_R = 4;
    private static final int REX_W = 8;
    // Anything but a fixed, edge-triggered interrupt with a physical destination and no shorthand.
    private static final int ICR_UNSUPPORTED = 0x000C_8F00;

    private final HypervisorCode code;
    private final CpuBlock block;
    private final L1Options options;
    private final VirtualInterrupts interrupts;

    VirtualApicEmulation(L1Context context) {
        this.code = context.code();
        this.block = context.block();
        this.options = context.options();
        this.interrupts = new VirtualInterrupts(context);
    }

    void write() {
        if (options.apicv()) {
            apicWriteExit();
            code.label(APIC_ACCESS_EXIT);
            code.branch("JMP", UNEXPECTED_EXIT);
        } else {
            apicAccessExit();
            readRegister();
            writeRegister();
            code.label(APIC_WRITE_EXIT);
            code.branch("JMP", UNEXPECTED_EXIT);
        }
        send();
    }

    private void apicWriteExit() {
        code.label(APIC_WRITE_EXIT);
        code.emit("CMP", CpuBlock.low(block.field(VmcsField.EXIT_QUALIFICATION)), GuestCode.APIC_ICR_LOW);
        code.branch("JNE", UNEXPECTED_EXIT);
        code.emit("MOV", Reg.R9, CpuBlock.virtualApicPage());
        code.branch("JMP", SEND);
    }

    /** R9 points to the registers; the written value is there already. */
    private void send() {
        code.label(SEND);
        code.emit("MOV", Reg.EDI, Mem.dword(Reg.R9).disp(GuestCode.APIC_ICR_LOW));
        code.emit("TEST", Reg.EDI, ICR_UNSUPPORTED);
        code.branch("JNZ", UNEXPECTED_EXIT);
        code.emit("MOVZX", Reg.EDI, Reg.DIL);
        code.emit("MOV", Reg.ESI, Mem.dword(Reg.R9).disp(GuestCode.APIC_ICR_HIGH));
        code.emit("SHR", Reg.ESI, GuestCode.ICR_DESTINATION_SHIFT);
        code.emit("CMP", Reg.ESI, L1Memory.CPUS);
        code.branch("JAE", UNEXPECTED_EXIT);
        interrupts.send();
    }

    // without APICv

    /**
     * Decodes the instruction. In the end RSI points behind it, R10 is the number of its register, R11 the offset and
     * type of the access as the exit qualification reports them, R9 the page of the registers.
     */
    private void apicAccessExit() {
        code.label(APIC_ACCESS_EXIT);
        code.emit("MOV", Reg.R11D, CpuBlock.low(block.field(VmcsField.EXIT_QUALIFICATION)));
        code.emit("MOV", Reg.R9, CpuBlock.virtualApicPage());
        code.emit("MOV", Reg.RSI, block.field(VmcsField.GUEST_RIP));
        // L2's code is identity-mapped, and its physical memory is a range of L1's.
        code.emit("ADD", Reg.RSI, L1Memory.L2_RAM);
        decodePrefix();
        code.emit("MOVZX", Reg.EDI, Mem.byteAt(Reg.RSI));
        code.emit("MOVZX", Reg.ECX, Mem.byteAt(Reg.RSI).disp(1));
        code.emit("ADD", Reg.RSI, 2);
        decodeRegister();
        skipAddress();
        code.emit("CMP", Reg.EDI, 0x8B);
        code.branch("JE", READ);
        code.emit("CMP", Reg.R11D, TYPE_READ + OFFSET_MASK);
        code.branch("JBE", UNEXPECTED_EXIT);
        code.emit("CMP", Reg.EDI, 0x89);
        code.branch("JE", "valueFromRegister");
        code.emit("CMP", Reg.EDI, 0xC7);
        code.branch("JNE", UNEXPECTED_EXIT);
        code.emit("TEST", Reg.R10D, OPCODE_EXTENSION);
        code.branch("JNZ", UNEXPECTED_EXIT);
        code.emit("MOV", Reg.EAX, Mem.dword(Reg.RSI));
        code.emit("ADD", Reg.RSI, 4);
        code.branch("JMP", WRITE);
        code.label("valueFromRegister");
        code.emit("MOV", Reg.EAX, Mem.dword(CpuBlock.BASE).index(Reg.R10, 8));
        code.branch("JMP", WRITE);
    }

    /** REX to R8, 0 if there is none. An operand of 64 bits is no access to an APIC register. */
    private void decodePrefix() {
        String none = code.fresh("noRex");
        code.emit("XOR", Reg.R8D, Reg.R8D);
        code.emit("MOVZX", Reg.EAX, Mem.byteAt(Reg.RSI));
        code.emit("MOV", Reg.ECX, Reg.EAX);
        code.emit("AND", Reg.ECX, 0xF0);
        code.emit("CMP", Reg.ECX, 0x40);
        code.branch("JNE", none);
        code.emit("MOV", Reg.R8D, Reg.EAX);
        code.emit("INC", Reg.RSI);
        code.emit("TEST", Reg.R8D, REX_W);
        code.branch("JNZ", UNEXPECTED_EXIT);
        code.label(none);
    }

    /** From ModRM in ECX and REX in R8 to the register number in R10. */
    private void decodeRegister() {
        code.emit("MOV", Reg.R10D, Reg.ECX);
        code.emit("SHR", Reg.R10D, 3);
        code.emit("AND", Reg.R10D, 7);
        code.emit("AND", Reg.R8D, REX_R);
        code.emit("LEA", Reg.R10, Mem.of(8, Reg.R10).index(Reg.R8, 2));
        code.emit("CMP", Reg.R10D, RSP);
        code.branch("JE", UNEXPECTED_EXIT);
    }

    /** Moves RSI behind SIB byte and displacement of the ModRM byte in ECX. The qualification tells the address. */
    private void skipAddress() {
        String noSib = code.fresh("noSib");
        String disp8 = code.fresh("disp8");
        String disp32 = code.fresh("disp32");
        String done = code.fresh("addressed");
        code.emit("MOV", Reg.EDX, Reg.ECX);
        code.emit("AND", Reg.EDX, 7);
        code.emit("SHR", Reg.ECX, 6);
        code.emit("CMP", Reg.EDX, 4);
        code.branch("JNE", noSib);
        code.emit("MOVZX", Reg.EDX, Mem.byteAt(Reg.RSI));
        code.emit("AND", Reg.EDX, 7);
        code.emit("INC", Reg.RSI);
        code.label(noSib);
        code.emit("CMP", Reg.ECX, 1);
        code.branch("JE", disp8);
        code.branch("JA", disp32);
        code.emit("CMP", Reg.EDX, 5);
        code.branch("JNE", done);
        code.label(disp32);
        code.emit("ADD", Reg.RSI, 3);
        code.label(disp8);
        code.emit("INC", Reg.RSI);
        code.label(done);
    }

    /** Only the ICR is read; its delivery-status bit is always 0, since delivery takes no time here. */
    private void readRegister() {
        code.label(READ);
        code.emit("CMP", Reg.R11D, TYPE_READ | GuestCode.APIC_ICR_LOW);
        code.branch("JNE", UNEXPECTED_EXIT);
        code.emit("MOV", Reg.EAX, Mem.dword(Reg.R9).disp(GuestCode.APIC_ICR_LOW));
        code.emit("AND", Reg.EAX, ~GuestCode.ICR_DELIVERY_PENDING);
        code.emit("MOV", Mem.qword(CpuBlock.BASE).index(Reg.R10, 8), Reg.RAX);
        goBehindInstruction();
        code.branch("JMP", RESUME);
    }

    /** The value is in EAX. */
    private void writeRegister() {
        code.label(WRITE);
        goBehindInstruction();
        code.emit("MOV", Reg.EDX, Reg.R11D);
        code.emit("AND", Reg.EDX, OFFSET_MASK);
        code.emit("MOV", Mem.dword(Reg.R9).index(Reg.RDX, 1), Reg.EAX);
        code.emit("CMP", Reg.R11D, TYPE_WRITE | GuestCode.APIC_ICR_LOW);
        code.branch("JE", SEND);
        code.emit("CMP", Reg.R11D, TYPE_WRITE | GuestCode.APIC_ICR_HIGH);
        code.branch("JE", RESUME);
        code.emit("CMP", Reg.R11D, TYPE_WRITE | GuestCode.APIC_EOI);
        code.branch("JNE", UNEXPECTED_EXIT);
        interrupts.endService();
        code.branch("JMP", RESUME);
    }

    private void goBehindInstruction() {
        code.emit("SUB", Reg.RSI, L1Memory.L2_RAM);
        code.emit("MOV", block.field(VmcsField.GUEST_RIP), Reg.RSI);
        code.emit("AND", CpuBlock.low(block.field(VmcsField.GUEST_INTERRUPTIBILITY_STATE)), ~3);
    }
}

package dev.vtxray.testkit.hypervisor;

import dev.vtxray.core.device.DebugExit;
import dev.vtxray.core.device.Uart16550;
import dev.vtxray.core.isa.Assembler;
import dev.vtxray.core.isa.Imm;
import dev.vtxray.core.isa.LabelRef;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Operand;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.core.isa.Row;
import java.util.List;

/**
 * 64-bit system code in the making: an assembler with the building blocks that operating systems and hypervisors have
 * in common. Each block says which registers it changes; flags are always changed.
 */
public class GuestCode {
    private static final int LINE_STATUS = 5;
    private static final int TRANSMITTER_EMPTY = 1 << 5;
    private static final int GENERAL_REGISTERS = 16;
    private static final int RSP = 4;

    // Offsets of local-APIC registers and what is written there (SDM, Advanced Programmable Interrupt Controller).
    static final int APIC_EOI = 0x0B0;
    static final int APIC_SPURIOUS = 0x0F0;
    static final int APIC_ICR_LOW = 0x300;
    static final int APIC_ICR_HIGH = 0x310;
    static final int ICR_DELIVERY_PENDING = 1 << 12;
    static final int ICR_ASSERT = 1 << 14;
    static final int ICR_DESTINATION_SHIFT = 24;
    private static final int SPURIOUS_APIC_ENABLED = 1 << 8;

    private final Assembler asm;
    private final long apic;
    private int labels;

    /**
     * Code that is still empty.
     *
     * @param rows   the instructions to choose from
     * @param origin linear address of the first byte
     * @param apic   linear address of the local APIC's registers
     */
    public GuestCode(List<Row> rows, long origin, long apic) {
        this.asm = new Assembler(rows, 8, origin);
        this.apic = apic;
    }

    /** The code so far, with all labels filled in. */
    public final byte[] bytes() {
        return asm.bytes();
    }

    /** Address of a label that is defined. */
    public final long address(String label) {
        return asm.address(label);
    }

    // instructions

    public final void emit(String mnemonic, Operand... operands) {
        asm.emit(mnemonic, operands);
    }

    /** An instruction whose last operand is an immediate. */
    public final void emit(String mnemonic, Operand destination, long value) {
        asm.emit(mnemonic, destination, Imm.of(value));
    }

    /** An instruction with LOCK before it. */
    public final void locked(String mnemonic, Operand... operands) {
        asm.lock().emit(mnemonic, operands);
    }

    public final void label(String name) {
        asm.label(name);
    }

    /** A label name that nobody else uses. */
    public final String fresh(String stem) {
        return stem + '.' + labels++;
    }

    /** A branch: JMP, CALL, or a conditional jump. */
    public final void branch(String mnemonic, String label) {
        asm.emit(mnemonic, LabelRef.of(label));
    }

    /** Loads a register with as short an instruction as will do. */
    public final void load(Reg register, long value) {
        boolean zeroExtends = register.size() == 8 && value >>> 32 == 0;
        asm.emit("MOV", zeroExtends ? Reg.general(4, register.number()) : register, Imm.of(value));
    }

    /** Stops this CPU for good. */
    public final void stop() {
        String here = fresh("stop");
        label(here);
        emit("CLI");
        emit("HLT");
        branch("JMP", here);
    }

    /** What LGDT and LIDT load. @param limit offset of the last byte of the table */
    public final void descriptorTablePointer(int limit, long base) {
        asm.data16(limit).data64(base);
    }

    // general registers

    /**
     * Pushes all general registers so that RSP then points to a frame in which register n of the instruction encoding
     * lies at 8n. The slot of RSP holds no meaning.
     */
    public final void saveRegisters() {
        for (int n = GENERAL_REGISTERS - 1; n >= 0; n--) {
            emit("PUSH", Reg.general(8, n));
        }
    }

    /** Loads all general registers but RSP from the frame of {@link #saveRegisters}, to which RSP points. */
    public final void restoreRegisters() {
        for (int n = 0; n < GENERAL_REGISTERS; n++) {
            if (n == RSP) {
                emit("LEA", Reg.RSP, Mem.of(8, Reg.RSP).disp(8));
            } else {
                emit("POP", Reg.general(8, n));
            }
        }
    }

    // local APIC, in xAPIC mode

    /** Enables the local APIC. Changes R14. */
    public final void enableApic(int spuriousVector) {
        load(Reg.R14, apic);
        emit("MOV", Mem.dword(Reg.R14).disp(APIC_SPURIOUS), SPURIOUS_APIC_ENABLED | spuriousVector);
    }

    /** One access. Changes R14. */
    public final void endOfInterrupt() {
        load(Reg.R14, apic);
        emit("MOV", Mem.dword(Reg.R14).disp(APIC_EOI), 0);
    }

    /**
     * Sends a fixed interrupt to the APIC whose ID is in EAX: three accesses, more if the last one is not yet
     * delivered. Every access is a MOV. Changes RAX, RDX and R14.
     */
    public final void sendInterrupt(int vector) {
        String busy = fresh("busy");
        load(Reg.R14, apic);
        label(busy);
        emit("MOV", Reg.EDX, Mem.dword(Reg.R14).disp(APIC_ICR_LOW));
        emit("TEST", Reg.EDX, ICR_DELIVERY_PENDING);
        branch("JNZ", busy);
        emit("SHL", Reg.EAX, ICR_DESTINATION_SHIFT);
        emit("MOV", Mem.dword(Reg.R14).disp(APIC_ICR_HIGH), Reg.EAX);
        emit("MOV", Mem.dword(Reg.R14).disp(APIC_ICR_LOW), ICR_ASSERT | vector);
    }

    /** A handler that only ends the interrupt. */
    public final void emptyInterruptHandler() {
        emit("PUSH", Reg.R14);
        endOfInterrupt();
        emit("POP", Reg.R14);
        emit("IRETQ");
    }

    // output

    /** Writes AL to the serial port. Changes AH and RDX. */
    public final void printCharacter() {
        String full = fresh("full");
        emit("MOV", Reg.AH, Reg.AL);
        load(Reg.EDX, Uart16550.COM1 + LINE_STATUS);
        label(full);
        emit("IN", Reg.AL, Reg.DX);
        emit("TEST", Reg.AL, TRANSMITTER_EMPTY);
        branch("JZ", full);
        emit("MOV", Reg.AL, Reg.AH);
        load(Reg.EDX, Uart16550.COM1);
        emit("OUT", Reg.DX, Reg.AL);
    }

    /** Writes text to the serial port. Changes RAX and RDX. */
    public final void print(String text) {
        for (char character : text.toCharArray()) {
            load(Reg.EAX, character);
            printCharacter();
        }
    }

    /** Writes R8 to the serial port, as hexadecimal digits. Changes RAX, RCX, RDX and R8. */
    public final void printHexadecimal(int digits) {
        String next = fresh("digit");
        String decimal = fresh("decimal");
        load(Reg.ECX, digits);
        emit("ROR", Reg.R8, 4 * digits & 63);
        label(next);
        emit("ROL", Reg.R8, 4);
        emit("MOV", Reg.EAX, Reg.R8D);
        emit("AND", Reg.EAX, 0xF);
        emit("ADD", Reg.EAX, '0');
        emit("CMP", Reg.EAX, '9');
        branch("JBE", decimal);
        emit("ADD", Reg.EAX, 'A' - '9' - 1);
        label(decimal);
        printCharacter();
        emit("DEC", Reg.ECX);
        branch("JNZ", next);
    }

    /** Ends the machine with EAX as the value for the debug-exit port. Changes RDX. */
    public final void debugExit() {
        load(Reg.EDX, DebugExit.PORT);
        emit("OUT", Reg.DX, Reg.EAX);
        stop();
    }
}

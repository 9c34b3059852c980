package dev.vtxray.conformance;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.isa.Assembler;
import dev.vtxray.core.isa.Imm;
import dev.vtxray.core.isa.LabelRef;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Operand;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.core.isa.Row;
import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.core.semantics.BaseInstructions;
import dev.vtxray.testkit.hypervisor.Elf64File;
import dev.vtxray.vmx.VmxInstructions;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A program that executes VMX instructions one after the other and, after each, notes in memory what came of it: flags,
 * registers, or the exception. It goes on after everything: R15 points to the next record, the word RESUME to the next step.
 */
final class VmxProgram {
    // @formatter:off
    static final long CODE        = 0x10_0000;
    private static final long STACK_TOP   = 0x1F_F000;
    private static final long IDT         = 0x1F_F000;
    static final long LOG         = 0x20_0000;
    static final long REGIONS     = 0x30_0000;
    static final int REGION_COUNT = 4;
    private static final long OPERANDS    = 0x31_0000;
    private static final long BITMAPS     = 0x32_0000;
    private static final long GUEST_STACK = 0x33_0000;
    // @formatter:on

    private static final long PAGE = 0x1000;
    private static final int RECORD = 64;
    private static final int VECTORS = 32;
    private static final int ERROR_CODES = 1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17;
    private static final long CR4_VMXE = 1 << 13;
    private static final long OUTSIDE_RAM = 0x5000_0000L;
    private static final Mem RESUME = Mem.qwordAt(OPERANDS);

    /** Where VMX instructions find their 64-bit operands; the text says what kind of pointer each is. */
    private static final List<Long> POINTERS = List.of(
            REGIONS, // VMXON region
            REGIONS + PAGE, // VMCS regions
            REGIONS + 2 * PAGE,
            REGIONS + 3 * PAGE, // a region with a wrong revision
            REGIONS + 0x10, // not aligned
            1L << 50, // beyond the physical-address width
            OUTSIDE_RAM,
            -1L);

    private final CpuProfile cpu;
    private final Assembler asm;
    private int snippets;
    private int labels;

    private VmxProgram(CpuProfile cpu) {
        this.cpu = cpu;
        List<Row> rows = new ArrayList<>(BaseInstructions.rows());
        rows.addAll(VmxInstructions.rows(number -> {
            throw new IllegalStateException("these rows are for assembling");
        }));
        asm = new Assembler(rows, 8, CODE);
    }

    /** The program that executes these steps. */
    static byte[] image(CpuProfile cpu, List<VmxStep> steps) {
        VmxProgram program = new VmxProgram(cpu);
        program.write(steps);
        return Elf64File.of(CODE, CODE, program.asm.bytes());
    }

    /** Puts regions and operands into memory. */
    static void writeData(PhysicalMemory memory, CpuProfile cpu) {
        int revision = cpu.vmx().revision();
        for (int i = 0; i < REGION_COUNT; i++) {
            memory.write(REGIONS + i * PAGE, 4, i == REGION_COUNT - 1 ? revision + 1 : revision);
        }
        for (int i = 0; i < POINTERS.size(); i++) {
            memory.write(operand(i), 8, POINTERS.get(i));
        }
    }

    private static long operand(int number) {
        return OPERANDS + 0x100 + number * 16L;
    }

    private void emit(String mnemonic, Operand... operands) {
        asm.emit(mnemonic, operands);
    }

    private void load(Reg register, long value) {
        emit("MOV", register, Imm.of(value));
    }

    private String fresh(String stem) {
        return stem + labels++;
    }

    // frame

    private void write(List<VmxStep> steps) {
        load(Reg.RSP, STACK_TOP);
        load(Reg.R15, LOG);
        emit("LIDT", Mem.unsized("idtPointer"));
        writeGates();
        for (VmxStep step : steps) {
            write(step);
        }
        load(Reg.EDX, 0xF4);
        emit("OUT", Reg.DX, Reg.EAX);
        emit("HLT");
        writeHandlers();
        writeSnippets();
        asm.label("idtPointer").data16((int) (VECTORS * 16 - 1)).data64(IDT);
        asm.align(16).label("operand").data64(POINTERS.get(1), 0);
    }

    private void writeGates() {
        for (int vector = 0; vector < VECTORS; vector++) {
            emit("LEA", Reg.RAX, Mem.unsized("vector" + vector));
            emit("MOV", Mem.wordAt(IDT + vector * 16L), Reg.AX);
            emit("MOV", Mem.wordAt(IDT + vector * 16L + 2), Imm.of(8));
            emit("MOV", Mem.wordAt(IDT + vector * 16L + 4), Imm.of(0x8E00));
            emit("SHR", Reg.RAX, Imm.of(16));
            emit("MOV", Mem.qwordAt(IDT + vector * 16L + 6), Reg.RAX);
        }
    }

    /** Exceptions: vector, error code and CR2 go into the record. VM exits: only the fact. */
    private void writeHandlers() {
        for (int vector = 0; vector < VECTORS; vector++) {
            asm.label("vector" + vector);
            if ((ERROR_CODES >> vector & 1) == 0) {
                emit("PUSH", Imm.of(0));
            }
            emit("PUSH", Imm.of(vector + 0x100));
            emit("JMP", LabelRef.of("exception"));
        }
        asm.label("exception");
        emit("POP", Mem.qword(Reg.R15).disp(40));
        emit("POP", Mem.qword(Reg.R15).disp(48));
        emit("MOV", Reg.RAX, Reg.CR2);
        emit("MOV", Mem.qword(Reg.R15).disp(56), Reg.RAX);
        load(Reg.RSP, STACK_TOP);
        emit("JMP", RESUME);
        asm.label("exit");
        emit("MOV", Mem.qword(Reg.R15).disp(40), Imm.of(-1));
        emit("JMP", RESUME);
    }

    /** What L2 can execute, each followed by an unconditional exit. */
    private void writeSnippets() {
        snippet("VMCALL");
        snippet("CPUID");
        snippet("HLT");
        snippet("UD2");
        snippet("INT3");
        snippet("PAUSE");
        snippet("RDTSC");
        snippet("RDMSR");
        snippet("WBINVD");
        snippet("INVD");
        snippet("VMXOFF");
        snippet("CLTS");
        snippet("IN", Reg.AL, Reg.DX);
        snippet("OUT", Reg.DX, Reg.AL);
        snippet("MOV", Reg.CR3, Reg.RAX);
        snippet("MOV", Reg.RAX, Reg.CR3);
        snippet("MOV", Reg.CR0, Reg.RBX);
        snippet("MOV", Reg.CR4, Reg.RBX);
        snippet("MOV", Reg.RAX, Reg.CR4);
        snippet("MOV", Reg.RAX, Reg.CR0);
        snippet("MOV", Reg.RAX, Reg.DR7);
        snippet("INVLPG", Mem.byteAt(Reg.RBX));
        snippet("VMPTRLD", Mem.qword("operand"));
        snippet("VMREAD", Mem.qwordAt(operand(20)), Reg.RAX);
        snippet("VMWRITE", Reg.RAX, Mem.qword(Reg.RBX).index(Reg.RCX, 4).disp(8));
        snippet("SGDT", Mem.unsizedAt(operand(20)));
        snippet("MOV", Reg.RAX, Mem.qwordAt(OUTSIDE_RAM));
    }

    private void snippet(String mnemonic, Operand... operands) {
        asm.label(guestLabel(snippets++));
        emit(mnemonic, operands);
        emit("VMCALL");
        String loop = fresh("loop");
        asm.label(loop);
        emit("JMP", LabelRef.of(loop));
    }

    private static final int SNIPPETS = 27;

    // steps

    private void write(VmxStep step) {
        String next = fresh("step");
        emit("LEA", Reg.RAX, Mem.unsized(next));
        emit("MOV", RESUME, Reg.RAX);
        load(Reg.RAX, 0x1111_2222_3333_4444L);
        load(Reg.RCX, 0);
        load(Reg.RDX, 0xF4F4);
        load(Reg.RBX, step.value());
        emit("XOR", Reg.R9D, Reg.R9D); // known flags
        emit("STC");
        execute(step);
        emit("PUSHFQ");
        emit("POP", Mem.qword(Reg.R15));
        emit("MOV", Mem.qword(Reg.R15).disp(8), Reg.RAX);
        emit("MOV", Mem.qword(Reg.R15).disp(16), Reg.RBX);
        emit("MOV", Mem.qword(Reg.R15).disp(24), Reg.RCX);
        emit("MOV", Mem.qword(Reg.R15).disp(32), Reg.RDX);
        asm.label(next);
        emit("ADD", Reg.R15, Imm.of(RECORD));
    }

    private void execute(VmxStep step) {
        switch (step.kind()) {
            case VMXON, VMCLEAR, VMPTRLD -> emit(step.kind().name(), pointer(step));
            case VMPTRST -> emit("VMPTRST", result(step));
            case VMXOFF, VMCALL, VMLAUNCH, VMRESUME, CPUID -> {
                load(Reg.RAX, step.a() & 0x1F);
                emit(step.kind().name());
            }
            case VMLAUNCH_SHADOWED -> {
                emit("MOV", Reg.R9W, Reg.SS);
                emit("MOV", Reg.SS, Reg.R9W);
                emit("VMLAUNCH");
            }
            case VMREAD -> vmread(step);
            case VMWRITE -> vmwrite(step, encoding(step), step.value());
            case CHANGE_FIELD -> changeField(step);
            case INVEPT, INVVPID -> invalidate(step);
            case RDMSR -> {
                load(Reg.RCX, 0x480 + step.a() % 20);
                emit("RDMSR");
            }
            case WRMSR -> {
                load(Reg.RCX, step.a() % 2 == 0 ? 0x3A : 0x480 + step.a() % 20);
                emit("WRMSR");
            }
            case MOV_CR0 -> changeControlRegister(Reg.CR0, step, new long[] {Control.CR0_NE, Control.CR0_TS, 0});
            case MOV_CR4 -> changeControlRegister(Reg.CR4, step, new long[] {CR4_VMXE, CR4_VMXE, Control.CR4_PGE, 0});
            case START -> {
                emit("MOV", Reg.RAX, Reg.CR4);
                emit("OR", Reg.RAX, Imm.of(CR4_VMXE));
                emit("MOV", Reg.CR4, Reg.RAX);
                emit("VMXON", Mem.qwordAt(operand(0)));
                emit("VMCLEAR", Mem.qwordAt(operand(1 + step.a() % 2)));
                emit("VMPTRLD", Mem.qwordAt(operand(1 + step.a() % 2)));
                writeVmcs(step);
            }
            case WRITE_VMCS -> writeVmcs(step);
            case ENTER_SNIPPET -> {
                emit("LEA", Reg.RAX, Mem.unsized(guestLabel(step.a() % SNIPPETS)));
                emit("MOV", Reg.R9D, Imm.of(GUEST_RIP.encoding()));
                emit("VMWRITE", Reg.R9, Reg.RAX);
                load(Reg.RAX, 0x8000_0008L & step.b());
                load(Reg.RCX, step.b() % 3 == 0 ? 0xC000_0080L : 0x174);
                emit(step.b() % 2 == 0 ? "VMLAUNCH" : "VMRESUME");
            }
        }
    }

    private static String guestLabel(int number) {
        return "guest" + number;
    }

    private void changeControlRegister(Reg register, VmxStep step, long[] bits) {
        emit("MOV", Reg.RAX, register);
        load(Reg.R9, bits[step.a() % bits.length]);
        emit("XOR", Reg.RAX, Reg.R9);
        emit("MOV", register, Reg.RAX);
        emit("MOV", Reg.RAX, register);
    }

    // operands

    /** A memory operand with one of the pointers, mostly a sensible one, in one of the forms that addresses can have. */
    private Mem pointer(VmxStep step) {
        int sensible = step.kind() == VmxStep.Kind.VMXON ? 0 : 1 + step.b() % 2;
        long address = operand(step.a() % 3 == 0 ? step.b() % POINTERS.size() : sensible);
        return memory(step.b(), address, 8);
    }

    private Mem result(VmxStep step) {
        return memory(step.b(), operand(16 + step.a() % 8), 8);
    }

    private Mem memory(int form, long address, int size) {
        switch (form % 8) {
            case 0:
                return Mem.of(size, "operand");
            case 1:
                load(Reg.R8, address - 0x40);
                return Mem.of(size, Reg.R8).disp(0x40);
            case 2:
                load(Reg.R8, address - 24);
                load(Reg.R10, 3);
                return Mem.of(size, Reg.R8).index(Reg.R10, 8);
            case 3:
                load(Reg.R8, address + 0x1000);
                load(Reg.R10, -0x400);
                return Mem.of(size, Reg.R8).index(Reg.R10, 4);
            case 4:
                load(Reg.R8, address | 0x5_0000_0000L);
                return Mem.of(size, Reg.R8D);
            case 5:
                load(Reg.R8, form % 16 < 8 ? 1L << 62 : address); // not canonical, now and then
                return Mem.of(size, Reg.R8);
            case 6:
                load(Reg.R8, form % 16 < 8 ? 1L << 40 : address); // not mapped, now and then
                return Mem.of(size, Reg.R8);
            default:
                return Mem.of(size, address);
        }
    }

    private long encoding(VmxStep step) {
        if (step.a() % 8 == 0) {
            return step.value(); // most likely no field
        }
        VmcsField field = VmcsField.at(Math.floorMod(step.a() * 31 + step.b(), VmcsField.COUNT));
        boolean high = step.a() % 8 == 1 && field.width() == VmcsField.Width.BITS_64;
        return field.encoding() + (high ? 1 : 0);
    }

    private void vmread(VmxStep step) {
        load(Reg.RAX, encoding(step));
        if (step.b() % 2 == 0) {
            emit("VMREAD", Reg.RBX, Reg.RAX);
        } else {
            emit("VMREAD", result(step), Reg.RAX);
        }
    }

    private void vmwrite(VmxStep step, long encoding, long value) {
        load(Reg.RAX, encoding);
        load(Reg.RBX, value);
        if (step.b() % 2 == 0) {
            emit("VMWRITE", Reg.RAX, Reg.RBX);
        } else {
            emit("MOV", Mem.qwordAt(operand(30)), Reg.RBX);
            emit("VMWRITE", Reg.RAX, memory(step.b() / 2, operand(30), 8));
        }
    }

    /** Flips one bit of some field. */
    private void changeField(VmxStep step) {
        VmcsField field = VmcsField.at(Math.floorMod(step.a() * 31 + step.b(), VmcsField.COUNT));
        load(Reg.RAX, field.encoding());
        emit("VMREAD", Reg.RBX, Reg.RAX);
        load(Reg.R9, 1L << (step.value() & (staysInMemory(field) ? 15 : 31)));
        emit("XOR", Reg.RBX, Reg.R9);
        emit("VMWRITE", Reg.RAX, Reg.RBX);
    }

    /**
     * Whether the field is to point into memory. Where it does not, L0 has exits of its own while an event is delivered,
     * and RFLAGS.RF of L2 then is 1 as after any such exit, which L1 can see if L2 ends in a triple fault.
     */
    private static boolean staysInMemory(VmcsField field) {
        String name = field.name();
        return field.width() == VmcsField.Width.BITS_16
                || name.endsWith("_BASE")
                || name.endsWith("CR3")
                || name.endsWith("RSP")
                || name.endsWith("RIP");
    }

    private void invalidate(VmxStep step) {
        load(Reg.RAX, step.a() % 8 == 0 ? step.value() : step.a() % 5);
        load(Reg.R9, step.b() % 4 == 0 ? step.value() : step.b() % 2 == 0 ? 0x5000 | 6 | 3 << 3 : 1);
        emit("MOV", Mem.qwordAt(operand(32)), Reg.R9);
        emit("MOV", Mem.qwordAt(operand(32) + 8), Reg.RBX);
        emit(step.kind().name(), Reg.RAX, Mem.of(16, operand(32)));
    }

    // a VMCS with which VM entry succeeds

    private void writeVmcs(VmxStep step) {
        for (Map.Entry<VmcsField, Long> entry : fields().entrySet()) {
            field(entry.getKey(), entry.getValue());
        }
        for (VmcsField field : List.of(HOST_RIP, GUEST_RIP)) {
            emit("LEA", Reg.RBX, Mem.unsized(field == HOST_RIP ? "exit" : guestLabel(step.b() % SNIPPETS)));
            load(Reg.RAX, field.encoding());
            emit("VMWRITE", Reg.RAX, Reg.RBX);
        }
        for (VmcsField[] pair :
                new VmcsField[][] {{HOST_CR0, GUEST_CR0}, {HOST_CR3, GUEST_CR3}, {HOST_CR4, GUEST_CR4}}) {
            emit("MOV", Reg.RBX, pair[0] == HOST_CR0 ? Reg.CR0 : pair[0] == HOST_CR3 ? Reg.CR3 : Reg.CR4);
            for (VmcsField field : pair) {
                load(Reg.RAX, field.encoding());
                emit("VMWRITE", Reg.RAX, Reg.RBX);
            }
        }
    }

    private void field(VmcsField field, long value) {
        load(Reg.RAX, field.encoding());
        load(Reg.RBX, value);
        emit("VMWRITE", Reg.RAX, Reg.RBX);
    }

    private Map<VmcsField, Long> fields() {
        Map<VmcsField, Long> fields = new TreeMap<>();
        for (VmcsField field : VmcsField.values()) {
            if (!field.isReadOnly()) {
                fields.put(field, 0L);
            }
        }
        fields.put(PIN_BASED_VM_EXEC_CONTROLS, allowed0(ControlWord.PIN_BASED));
        fields.put(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS, allowed0(ControlWord.PRIMARY_PROCESSOR_BASED));
        fields.put(
                PRIMARY_VM_EXIT_CONTROLS, allowed0(ControlWord.VM_EXIT) | ExitControl.HOST_ADDRESS_SPACE_SIZE.mask());
        fields.put(VM_ENTRY_CONTROLS, allowed0(ControlWord.VM_ENTRY) | EntryControl.IA32E_MODE_GUEST.mask());
        fields.put(VMCS_LINK_POINTER, -1L);
        fields.put(MSR_BITMAPS_ADDRESS, BITMAPS);
        fields.put(VIRTUAL_APIC_ADDRESS, BITMAPS + PAGE);
        fields.put(APIC_ACCESS_ADDRESS, BITMAPS + 2 * PAGE);
        fields.put(IO_BITMAP_A_ADDRESS, BITMAPS);
        fields.put(IO_BITMAP_B_ADDRESS, BITMAPS);
        fields.put(VIRTUAL_PROCESSOR_IDENTIFIER, 1L);
        fields.put(GUEST_DR7, Control.DR7_FIXED);
        fields.put(GUEST_RFLAGS, 2L);
        fields.put(GUEST_RSP, GUEST_STACK);
        fields.put(GUEST_IA32_EFER, Control.EFER_LME | Control.EFER_LMA);
        fields.put(HOST_IA32_EFER, Control.EFER_LME | Control.EFER_LMA);
        fields.put(GUEST_IA32_PAT, 0x0007_0406_0007_0406L);
        fields.put(HOST_IA32_PAT, 0x0007_0406_0007_0406L);
        fields.put(HOST_RSP, STACK_TOP);
        fields.put(HOST_IDTR_BASE, IDT);
        fields.put(HOST_GDTR_BASE, 0x7_6000L);
        fields.put(GUEST_GDTR_BASE, 0x7_6000L);
        fields.put(GUEST_GDTR_LIMIT, 23L);
        fields.put(GUEST_IDTR_BASE, IDT);
        fields.put(GUEST_IDTR_LIMIT, VECTORS * 16L - 1);
        fields.put(HOST_TR_SELECTOR, 0x18L);
        segments(fields);
        return fields;
    }

    private static void segments(Map<VmcsField, Long> fields) {
        for (int i = 0; i < 6; i++) {
            boolean code = i == 1;
            fields.put(VmcsField.at(GUEST_ES_SELECTOR.ordinal() + i), code ? 8L : 0x10L);
            fields.put(VmcsField.at(GUEST_ES_LIMIT.ordinal() + i), 0xFFFF_FFFFL);
            fields.put(VmcsField.at(GUEST_ES_ACCESS_RIGHTS.ordinal() + i), code ? 0xA09BL : 0xC093L);
            fields.put(VmcsField.at(HOST_ES_SELECTOR.ordinal() + i), code ? 8L : 0x10L);
        }
        fields.put(GUEST_LDTR_ACCESS_RIGHTS, 0x1_0000L);
        fields.put(GUEST_TR_SELECTOR, 0x18L);
        fields.put(GUEST_TR_LIMIT, 0x67L);
        fields.put(GUEST_TR_ACCESS_RIGHTS, 0x8BL);
    }

    private long allowed0(ControlWord word) {
        return cpu.vmx().allowed0(word) & 0xFFFF_FFFFL;
    }
}

package dev.vtxray.core.isa;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Writes one instruction whose operands fit its row. */
final class Encoder {
    /**
     * Bytes that wait for a label's address.
     *
     * @param position offset of the bytes
     * @param size     how many
     * @param label    whose address
     * @param addend   added to the address
     * @param end      offset that the value is relative to, or -1 for an absolute one
     */
    record Fixup(int position, int size, String label, long addend, int end) {
        Fixup shifted(int by) {
            return new Fixup(position + by, size, label, addend, end < 0 ? -1 : end + by);
        }

        private Fixup relativeTo(int newEnd) {
            return end < 0 ? this : new Fixup(position, size, label, addend, newEnd);
        }
    }

    private final OperandFit fit;
    private final Row row;
    private final int codeSize;
    private final long start;
    private final Function<String, @Nullable Long> labels;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final List<Fixup> fixups = new ArrayList<>();
    private @Nullable String problem;

    private int rex;
    private boolean noRex;
    private int reg;
    private @Nullable Operand rm;
    private int opcodeLow;
    private @Nullable Mem memory;
    private int branchPosition = -1;
    private long branchTarget;
    private int branchSize;

    /**
     * Begins one instruction.
     *
     * @param start  address of the instruction
     * @param labels addresses of the labels that are known, null for others
     */
    Encoder(OperandFit fit, long start, Function<String, @Nullable Long> labels) {
        this.fit = fit;
        this.row = fit.row();
        this.codeSize = fit.codeSize();
        this.start = start;
        this.labels = labels;
    }

    /** Why the instruction cannot be encoded, or null. */
    @Nullable
    String problem() {
        return problem;
    }

    byte[] bytes() {
        return out.toByteArray();
    }

    /** What waits for labels, by offsets in {@link #bytes}. */
    List<Fixup> fixups() {
        return fixups;
    }

    /**
     * Encodes.
     *
     * @param prefixes LOCK and repeat prefixes
     */
    Encoder encode(List<Integer> prefixes) {
        Row.Encoding encoding = row.encoding();
        reg = Math.max(encoding.extension(), 0);
        collect();
        prefixes.forEach(out::write);
        sizePrefixes();
        if (encoding.prefix() > 1) {
            out.write(encoding.prefix());
        }
        rexPrefix();
        opcode(encoding);
        if (encoding.modRm() >= 0) {
            out.write(encoding.modRm());
        } else if (row.usesModRm()) {
            modRm();
        }
        constants();
        for (int i = 0; i < fixups.size(); i++) {
            fixups.set(i, fixups.get(i).relativeTo(out.size()));
        }
        return branch();
    }

    /** Sorts the operands to the places where they are encoded. */
    private void collect() {
        for (int i = 0; i < fit.operands().size(); i++) {
            Operand operand = fit.operands().get(i);
            OperandKind kind = row.operands().get(i);
            if (operand instanceof Reg register && register.isGeneral() && !kind.isFixed()) {
                noRex |= register.kind() == Reg.Kind.HIGH_BYTE;
                rex |= register.demandsRex() ? 0x40 : 0;
            }
            if (kind.isRm()) {
                rm = operand;
                rex |= operand instanceof Reg register && register.code() >= 8 ? 0x41 : 0;
            } else if (operand instanceof Reg register && !kind.isFixed()) {
                rex |= register.code() < 8 ? 0 : kind.method() == 'Z' ? 0x41 : 0x44;
                if (kind.method() == 'Z') {
                    opcodeLow = register.code() & 7;
                } else {
                    reg = register.code() & 7;
                }
            }
            if (operand instanceof Mem mem && (memory == null || kind.method() == 'X')) {
                memory = mem;
            }
        }
        if (memory != null) {
            rex |= memory.base() != null && memory.base().number() >= 8 && rm == memory ? 0x41 : 0;
            rex |= memory.index() != null && memory.index().number() >= 8 ? 0x42 : 0;
        }
        if (codeSize == 8 && fit.size() == 8 && row.operandSize() == Row.OperandSize.NORMAL && hasSize()) {
            rex |= 0x48;
        }
    }

    /** MOV to and from control and debug registers, for one, has no operand size to choose. */
    private boolean hasSize() {
        return fit.operands().stream()
                .noneMatch(operand -> operand instanceof Reg register
                        && (register.kind() == Reg.Kind.CONTROL || register.kind() == Reg.Kind.DEBUG));
    }

    private void sizePrefixes() {
        if (memory != null) {
            segmentPrefix(memory);
            if (addressSize(memory) != codeSize) {
                out.write(0x67);
            }
        }
        boolean narrow = codeSize == 8 ? fit.size() == 2 : fit.size() != codeSize;
        if (narrow) {
            out.write(0x66);
        }
    }

    private void segmentPrefix(Mem mem) {
        Reg segment = mem.segment();
        if (segment == null || segment == mem.defaultSegment() || isDestinationString(mem)) {
            return;
        }
        if (codeSize == 8 && segment.number() < 4) {
            problem = "segment " + segment + " has no effect in 64-bit code";
        }
        out.write(segment.number() < 4 ? 0x26 | segment.number() << 3 : 0x60 | segment.number());
    }

    private boolean isDestinationString(Mem mem) {
        int position = fit.operands().indexOf(mem);
        return row.operands().get(position).method() == 'Y';
    }

    private int addressSize(Mem mem) {
        Reg register = mem.base() != null ? mem.base() : mem.index();
        if (register != null) {
            return register.size();
        }
        boolean is16Bit = codeSize == 2 && mem.disp() == (mem.disp() & 0xFFFF);
        boolean isLow = codeSize == 8 && mem.disp() >>> 31 == 1;
        return mem.label() != null || is16Bit ? codeSize : isLow || codeSize == 2 ? 4 : codeSize;
    }

    private void rexPrefix() {
        if (rex != 0) {
            if (noRex) {
                problem = "AH, BH, CH and DH cannot be used in an instruction with a REX prefix";
            }
            out.write(rex);
        }
    }

    private void opcode(Row.Encoding encoding) {
        if (encoding.map() > 0) {
            out.write(0x0F);
        }
        if (encoding.map() > 1) {
            out.write(encoding.map() == 2 ? 0x38 : 0x3A);
        }
        if (encoding.map() == 0
                && encoding.opcode() == 0x90
                && encoding.inOpcode()
                && opcodeLow == 0
                && (rex & 1) == 0) {
            problem = "90H is NOP";
        }
        out.write(encoding.opcode() | (encoding.inOpcode() ? opcodeLow : 0));
    }

    private void modRm() {
        if (!(rm instanceof Mem mem)) {
            out.write(0xC0 | reg << 3 | (rm instanceof Reg register ? register.code() & 7 : 0));
        } else if (addressSize(mem) == 2) {
            modRm16(mem);
        } else if (mem.base() != null && mem.base().kind() == Reg.Kind.POINTER) {
            out.write(reg << 3 | 5);
            displacement(mem, 4);
        } else if (mem.base() == null && mem.index() == null) {
            withoutRegisters(mem);
        } else {
            withRegisters(mem);
        }
    }

    private void modRm16(Mem mem) {
        int rm = rm16(mem);
        if (rm < 0) {
            problem = "16-bit addresses are made of BX or BP, SI or DI, and a displacement";
            return;
        }
        if (mem.base() == null && mem.index() == null) {
            out.write(reg << 3 | 6);
            displacement(mem, 2);
            return;
        }
        int size = displacementSize(mem, 2, rm == 6);
        out.write((size == 0 ? 0 : size == 1 ? 0x40 : 0x80) | reg << 3 | rm);
        displacement(mem, size);
    }

    private static int rm16(Mem mem) {
        int base = mem.base() == null ? -1 : mem.base().number();
        int index = mem.index() == null ? -1 : mem.index().number();
        if (base < 0 && index < 0) {
            return 6;
        }
        if (mem.scale() != 1) {
            return -1;
        }
        return switch (base << 4 | index & 0xF) {
            case 0x36 -> 0;
            case 0x37 -> 1;
            case 0x56 -> 2;
            case 0x57 -> 3;
            case 0x6F -> 4;
            case 0x7F -> 5;
            case 0x5F -> 6;
            case 0x3F -> 7;
            default -> -1;
        };
    }

    private void withoutRegisters(Mem mem) {
        if (codeSize == 8 && mem.label() == null) {
            out.write(reg << 3 | 4);
            out.write(0x25); // neither index nor base: without this SIB byte the address would be relative to RIP
        } else {
            out.write(reg << 3 | 5);
        }
        displacement(mem, 4);
    }

    private void withRegisters(Mem mem) {
        Reg base = mem.base();
        Reg index = mem.index();
        int size = base == null ? 0 : displacementSize(mem, 4, (base.number() & 7) == 5);
        int mod = size == 0 ? 0 : size == 1 ? 0x40 : 0x80;
        if (index == null && base != null && (base.number() & 7) != 4) {
            out.write(mod | reg << 3 | base.number() & 7);
        } else {
            int low = base == null ? 5 : base.number() & 7;
            int middle = index == null ? 4 : index.number() & 7;
            out.write(mod | reg << 3 | 4);
            out.write(Integer.numberOfTrailingZeros(mem.scale()) << 6 | middle << 3 | low);
        }
        displacement(mem, base == null ? 4 : size);
    }

    /** Shortest displacement: 0, 1 or the full width. */
    private static int displacementSize(Mem mem, int full, boolean demanded) {
        if (mem.label() != null) {
            return full;
        }
        if (mem.disp() == 0 && !demanded) {
            return 0;
        }
        return Decoder.signExtend(mem.disp(), full) == (byte) mem.disp() ? 1 : full;
    }

    private void displacement(Mem mem, int size) {
        if (mem.label() != null) {
            boolean relative = codeSize == 8 && mem.base() == null && mem.index() == null;
            fixups.add(new Fixup(out.size(), size, mem.label(), mem.disp(), relative ? 0 : -1));
        } else if (size > 0) {
            boolean signed = mem.disp() == Decoder.signExtend(mem.disp(), size);
            boolean wraps = addressSize(mem) < 8 && mem.disp() >= 0 && mem.disp() >>> 8 * size == 0;
            if (!signed && !wraps) {
                problem = "displacement 0x" + Long.toHexString(mem.disp()) + " does not fit";
            }
        }
        value(mem.disp(), size);
    }

    private void constants() {
        for (int i = 0; i < fit.operands().size(); i++) {
            OperandKind kind = row.operands().get(i);
            if (kind.isFixed()) {
                continue;
            }
            Operand operand = fit.operands().get(i);
            switch (kind.method()) {
                case 'I' -> immediate(operand, fit.immediateBytes(kind));
                case 'J' -> displacement(operand, kind == OperandKind.Jb ? 1 : Math.min(fit.size(), 4));
                case 'A' -> farPointer((FarPointer) operand);
                case 'O' -> {
                    Mem mem = (Mem) operand;
                    int size = addressSize(mem);
                    if (size < 8 && mem.disp() >>> 8 * size != 0) {
                        problem = "address 0x" + Long.toHexString(mem.disp()) + " does not fit";
                    }
                    value(mem.disp(), size);
                }
                default -> {}
            }
        }
    }

    private void immediate(Operand operand, int size) {
        if (operand instanceof LabelRef label) {
            if (size < fit.size() && start != (int) start) {
                problem = "the address of a label is sign-extended here, and this code is above 2 GiB";
            }
            fixups.add(new Fixup(out.size(), size, label.name(), 0, -1));
            value(0, size);
        } else {
            value(((Imm) operand).value(), size);
        }
    }

    private void displacement(Operand operand, int size) {
        Long known = operand instanceof LabelRef label ? labels.apply(label.name()) : (Long) ((Imm) operand).value();
        if (known != null) {
            branchPosition = out.size();
            branchTarget = known;
            branchSize = size;
        } else if (operand instanceof LabelRef label) {
            if (size == 1 && !fit.lenient()) {
                problem = "label " + label + " is not known yet";
            }
            fixups.add(new Fixup(out.size(), size, label.name(), 0, 0));
        }
        value(0, size);
    }

    private void farPointer(FarPointer pointer) {
        if (pointer.label() != null) {
            fixups.add(new Fixup(out.size(), pointer.offsetSize(), pointer.label(), pointer.offset(), -1));
        }
        value(pointer.offset(), pointer.offsetSize());
        value(pointer.selector(), 2);
    }

    private void value(long value, int size) {
        for (int i = 0; i < size; i++) {
            out.write((int) (value >>> 8 * i));
        }
    }

    /** Fills in the displacement of a branch to a known address, now that the instruction's end is known. */
    private Encoder branch() {
        if (branchPosition >= 0) {
            long displacement = branchTarget - (start + out.size());
            // Offsets wrap at the width of the instruction pointer.
            long wrapped = codeSize == 8 ? displacement : Decoder.signExtend(displacement, codeSize);
            if (wrapped != Decoder.signExtend(wrapped, branchSize)) {
                problem = "the target is " + displacement + " bytes away";
            }
            byte[] bytes = out.toByteArray();
            for (int i = 0; i < branchSize; i++) {
                bytes[branchPosition + i] = (byte) (wrapped >>> 8 * i);
            }
            out.reset();
            out.writeBytes(bytes);
        }
        return this;
    }
}

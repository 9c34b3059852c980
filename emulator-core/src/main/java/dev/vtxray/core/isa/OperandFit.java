package dev.vtxray.core.isa;

import java.util.List;

/**
 * Whether operands fit a row at one effective operand size.
 *
 * @param row      the row
 * @param operands what was given for it; empty also for the implied operands of string instructions
 * @param size     effective operand size in bytes
 * @param codeSize 2, 4 or 8
 * @param lenient  also accept short branches to labels that are not defined yet
 */
record OperandFit(Row row, List<Operand> operands, int size, int codeSize, boolean lenient) {

    boolean fits() {
        List<OperandKind> kinds = row.operands();
        if (operands.isEmpty() && isString()) {
            return true;
        }
        if (kinds.size() != operands.size()) {
            return false;
        }
        for (int i = 0; i < kinds.size(); i++) {
            if (!fits(kinds.get(i), operands.get(i), i)) {
                return false;
            }
        }
        return true;
    }

    /** String instructions imply their operands. */
    private boolean isString() {
        return row.operands().stream().anyMatch(kind -> !kind.isFixed() && "XY".indexOf(kind.method()) >= 0);
    }

    /** Width of the elements that a name like MOVSB or CDQE speaks of. */
    int elementSize() {
        for (OperandKind kind : row.operands()) {
            if (!kind.isFixed() && "XY".indexOf(kind.method()) >= 0) {
                return width(kind);
            }
        }
        return size;
    }

    private int width(OperandKind kind) {
        return kind.size(size, codeSize == 8);
    }

    private boolean fits(OperandKind kind, Operand operand, int position) {
        if (kind.isFixed()) {
            return operand.equals(fixed(kind));
        }
        return switch (kind.method()) {
            case 'E' -> operand instanceof Mem mem ? memory(kind, mem) : general(kind, operand);
            case 'M' -> operand instanceof Mem mem && memory(kind, mem);
            case 'G', 'R', 'Z' -> general(kind, operand);
            case 'I' -> immediate(kind, operand, position);
            case 'J' -> operand instanceof Imm || operand instanceof LabelRef;
            case 'A' -> operand instanceof FarPointer pointer && pointer.offsetSize() == size;
            case 'O' -> operand instanceof Mem mem && mem.isAbsolute() && memory(kind, mem);
            case 'X' -> operand instanceof Mem mem && isAt(mem, 6) && memory(kind, mem);
            case 'Y' -> operand instanceof Mem mem && isAt(mem, 7) && memory(kind, mem) && mem.segment() == Reg.ES;
            case 'S' -> operand instanceof Reg register && register.kind() == Reg.Kind.SEGMENT;
            case 'C' -> operand instanceof Reg register && register.kind() == Reg.Kind.CONTROL;
            case 'D' -> operand instanceof Reg register && register.kind() == Reg.Kind.DEBUG;
            default -> throw new IllegalStateException("operand kind " + kind + " of " + row + " cannot be assembled");
        };
    }

    private Operand fixed(OperandKind kind) {
        return switch (kind) {
            case AL -> Reg.AL;
            case AX -> Reg.AX;
            case eAX, rAX -> Reg.general(width(kind), 0);
            case CL -> Reg.CL;
            case DX -> Reg.DX;
            case ONE -> new Imm(1);
            default -> Reg.segment(kind.ordinal() - OperandKind.ES.ordinal());
        };
    }

    private boolean general(OperandKind kind, Operand operand) {
        return operand instanceof Reg register && register.isGeneral() && register.size() == width(kind);
    }

    private boolean memory(OperandKind kind, Mem mem) {
        if (kind == OperandKind.M || kind == OperandKind.Ms) {
            return true;
        }
        if (mem.size() == 0) {
            return kind.method() == 'M' || isSizedByRegister(kind);
        }
        return mem.size() == (kind == OperandKind.Mp ? size + 2 : width(kind));
    }

    /** Whether another operand is a register as wide as this kind. */
    private boolean isSizedByRegister(OperandKind kind) {
        String width = kind.name().substring(1);
        for (int i = 0; i < operands.size(); i++) {
            OperandKind other = row.operands().get(i);
            boolean same =
                    switch (other) {
                        case AL -> width.equals("b");
                        case eAX -> width.equals("z");
                        case rAX -> width.equals("v");
                        default -> !other.isFixed() && other.name().substring(1).equals(width);
                    };
            if (same && operands.get(i) instanceof Reg) {
                return true;
            }
        }
        return false;
    }

    private static boolean isAt(Mem mem, int register) {
        Reg base = mem.base();
        return base != null && base.number() == register && mem.index() == null && mem.disp() == 0;
    }

    private boolean immediate(OperandKind kind, Operand operand, int position) {
        int bytes = immediateBytes(kind);
        if (operand instanceof LabelRef) {
            return bytes > 1 && bytes >= Math.min(codeSize, 4);
        }
        if (!(operand instanceof Imm imm)) {
            return false;
        }
        long value = imm.value();
        if (kind == OperandKind.Iw || kind == OperandKind.Ib && !row.signExtendsByte()) {
            return value >= 0 && value >>> 8 * bytes == 0 || value == Decoder.signExtend(value, bytes);
        }
        int width = position > 0 ? width(row.operands().get(0)) : size;
        if (width < 8 && value != Decoder.signExtend(value, width) && value >>> 8 * width != 0) {
            return false;
        }
        long extended = Decoder.signExtend(value, width);
        return extended == Decoder.signExtend(extended, bytes);
    }

    /** Width in bytes with which an immediate stands in the instruction. */
    int immediateBytes(OperandKind kind) {
        return switch (kind) {
            case Ib -> 1;
            case Iw -> 2;
            case Iz -> Math.min(size, 4);
            default -> size;
        };
    }
}

package dev.vtxray.core.isa;

import dev.vtxray.core.isa.Row.OperandSize;
import dev.vtxray.core.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Turns decoded instructions back into operands and into text in Intel syntax, close to what objdump writes. */
public final class Disassembler {
    private Disassembler() {}

    /**
     * The instruction as text: {@code add QWORD PTR [rax+rcx*4+0x10],0x1}. Branch targets are absolute addresses.
     *
     * @param address address of the instruction
     */
    public static String text(Insn insn, long address) {
        StringBuilder text = new StringBuilder();
        if (insn.lock) {
            text.append("lock ");
        }
        text.append(repeatPrefix(insn)).append(mnemonic(insn));
        List<Operand> operands = operands(insn, address);
        String separator = " ";
        for (int i = 0; i < operands.size(); i++) {
            text.append(separator).append(text(insn, i, operands.get(i)));
            separator = ",";
        }
        return text.toString();
    }

    private static String repeatPrefix(Insn insn) {
        if (insn.rep == Insn.NO_REP) {
            return "";
        }
        return switch (Mnemonics.family(insn.row.mnemonic())) {
            case "MOVS", "STOS", "LODS", "INS", "OUTS" -> insn.rep == Insn.REP ? "rep " : "repnz ";
            default -> insn.rep == Insn.REP ? "repz " : "repnz ";
        };
    }

    private static String mnemonic(Insn insn) {
        String family = Mnemonics.family(insn.row.mnemonic());
        boolean wide = insn.codeSize == 8
                && insn.row.operands().stream()
                        .anyMatch(kind -> kind == OperandKind.Iv && insn.size == 8
                                || !kind.isFixed() && kind.method() == 'O' && insn.addressSize == 8);
        if (wide) {
            return "movabs";
        }
        String name =
                switch (family) {
                    case "CBW", "CWD", "CMPXCHG8B" -> Mnemonics.ofSize(family, insn.size);
                    case "JRCXZ" -> Mnemonics.counterIsZero(insn.addressSize);
                    case "SYSRET", "SYSEXIT" ->
                        insn.codeSize < 8 ? family : Mnemonics.ofSize(family, Math.max(insn.size, 4));
                    case "IRET", "PUSHF", "POPF", "PUSHA", "POPA", "RETF" ->
                        insn.size == defaultSize(insn) ? family : Mnemonics.ofSize(family, insn.size);
                    default -> family;
                };
        return name.toLowerCase(Locale.ROOT);
    }

    private static int defaultSize(Insn insn) {
        return insn.codeSize < 8 ? insn.codeSize : insn.row.operandSize() == OperandSize.NORMAL ? 4 : 8;
    }

    /**
     * The operands in the order of the row, so that {@link Assembler#emit} can write the instruction again. The target
     * of a branch is an {@link Imm} with its absolute address.
     *
     * @param address address of the instruction
     */
    public static List<Operand> operands(Insn insn, long address) {
        List<Operand> operands = new ArrayList<>();
        List<OperandKind> kinds = insn.row.operands();
        for (int i = 0; i < kinds.size(); i++) {
            operands.add(operand(insn, kinds.get(i), i, address));
        }
        return operands;
    }

    private static Operand operand(Insn insn, OperandKind kind, int position, long address) {
        if (kind.isFixed()) {
            return fixed(insn, kind);
        }
        return switch (kind.method()) {
            case 'E', 'M', 'R' -> insn.hasMem ? memory(insn, kind, position) : general(insn, position);
            case 'G', 'Z' -> general(insn, position);
            case 'I' -> immediate(insn, kind, position);
            case 'J' -> new Imm(address + insn.length + insn.imm & codeMask(insn));
            case 'A' -> new FarPointer(insn.size, insn.imm2, insn.imm, null);
            case 'O' -> memory(insn, kind, position);
            case 'X' -> string(insn, position, 6, Reg.segment(insn.seg));
            case 'Y' -> string(insn, position, 7, Reg.ES);
            case 'S' -> Reg.segment(insn.reg & 7);
            case 'C' -> Reg.control(insn.reg);
            case 'D' -> Reg.debug(insn.reg);
            default -> throw new IllegalStateException("operand kind " + kind + " of " + insn.row + " has no text");
        };
    }

    private static Operand fixed(Insn insn, OperandKind kind) {
        return switch (kind) {
            case AL -> Reg.AL;
            case CL -> Reg.CL;
            case AX -> Reg.AX;
            case DX -> Reg.DX;
            case eAX, rAX -> Reg.general(kind.size(insn.size, insn.codeSize == 8), 0);
            case ONE -> new Imm(1);
            default -> Reg.segment(kind.ordinal() - OperandKind.ES.ordinal());
        };
    }

    private static Operand general(Insn insn, int position) {
        int number = position == 0 ? insn.dst : insn.src;
        int shift = position == 0 ? insn.dstShift : insn.srcShift;
        return shift != 0 ? Reg.highByte(number) : Reg.general(size(insn, position), number);
    }

    private static int size(Insn insn, int position) {
        return position == 0 ? insn.dstSize : insn.srcSize;
    }

    private static Operand immediate(Insn insn, OperandKind kind, int position) {
        boolean second = position > 0 && insn.row.operands().get(0) == OperandKind.Iw;
        int width = insn.size;
        if (kind == OperandKind.Iw) {
            width = 2;
        } else if (kind == OperandKind.Ib && !insn.row.signExtendsByte()) {
            width = 1;
        } else if (position > 0) {
            width = insn.dstSize;
        }
        return new Imm((second ? insn.imm2 : insn.imm) & Bytes.mask(width));
    }

    private static Mem string(Insn insn, int position, int register, Reg segment) {
        return Mem.of(size(insn, position), Reg.general(insn.addressSize, register))
                .segment(segment);
    }

    private static Mem memory(Insn insn, OperandKind kind, int position) {
        int size =
                switch (kind) {
                    case M -> insn.row.mnemonic().equals("CMPXCHG8B") ? insn.size == 8 ? 16 : 8 : 0;
                    case Ms -> 0;
                    case Mp -> insn.size + 2;
                    default -> size(insn, position);
                };
        Reg base = insn.isRipRelative()
                ? insn.addressSize == 8 ? Reg.RIP : Reg.EIP
                : insn.base == Insn.ZERO ? null : Reg.general(insn.addressSize, insn.base);
        Reg index = insn.index == Insn.ZERO ? null : Reg.general(insn.addressSize, insn.index);
        int scale = index == null ? 1 : 1 << insn.scale;
        Mem mem = new Mem(size, base, index, scale, insn.encodedDisplacement(), null, null);
        Reg segment = Reg.segment(insn.seg);
        return segment == mem.defaultSegment() ? mem : mem.segment(segment);
    }

    private static long codeMask(Insn insn) {
        return insn.codeSize == 8 ? -1L : Bytes.mask(Math.max(insn.size, 2));
    }

    private static String text(Insn insn, int position, Operand operand) {
        if (insn.row.operands().get(position) == OperandKind.ONE) {
            return "1";
        }
        if (!(operand instanceof Mem mem)) {
            return operand.toString().toLowerCase(Locale.ROOT);
        }
        boolean isAddress = insn.row.operands().get(position).method() == 'O';
        Reg segment = mem.segment();
        if (mem.isAbsolute()) {
            return (isAddress ? "" : widthName(mem.size())) + name(segment == null ? Reg.DS : segment) + ":0x"
                    + Long.toHexString(mem.disp() & insn.addressMask);
        }
        return widthName(mem.size()) + (segment == null ? "" : name(segment) + ":") + "[" + address(insn, mem) + "]";
    }

    private static String address(Insn insn, Mem mem) {
        StringBuilder text = new StringBuilder();
        if (mem.base() != null) {
            text.append(name(mem.base()));
        }
        if (mem.index() != null) {
            text.append(mem.base() != null ? "+" : "").append(name(mem.index()));
            text.append(insn.addressSize == 2 ? "" : "*" + mem.scale());
        }
        boolean hasDisplacement = insn.modRm >>> 6 == 1 || insn.modRm >>> 6 == 2 || mem.disp() != 0;
        if (insn.isRipRelative()) {
            text.append("+0x").append(Long.toHexString(mem.disp() & insn.addressMask));
        } else if (insn.modRm >= 0 && (hasDisplacement || mem.base() == null)) {
            boolean negative = mem.disp() < 0;
            text.append(negative ? "-0x" : "+0x").append(Long.toHexString(Math.abs(mem.disp())));
        }
        return text.toString();
    }

    private static String name(Reg register) {
        return register.name().toLowerCase(Locale.ROOT);
    }

    /** "QWORD PTR " and the like; empty for a width of 0. */
    static String widthName(int size) {
        return switch (size) {
            case 1 -> "BYTE PTR ";
            case 2 -> "WORD PTR ";
            case 4 -> "DWORD PTR ";
            case 6 -> "FWORD PTR ";
            case 8 -> "QWORD PTR ";
            case 10 -> "TBYTE PTR ";
            case 16 -> "XMMWORD PTR ";
            default -> "";
        };
    }
}

package dev.vtxray.core.isa;

import dev.vtxray.core.port.SensitiveOp;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One row of the instruction table: one encoding of one instruction, everything the manual says about it, and the method
 * that does it. Decoder, assembler, disassembler and the printed reference all read this row and nothing else.
 *
 * @param mnemonic       the manual's mnemonic, in capitals
 * @param opcode         the encoding in the manual's notation: mandatory prefix (NP, 66, F2, F3), opcode bytes, {@code /0}
 *                       to {@code /7} for an opcode extension; a byte after {@code 0F 01} or {@code 0F AE} that is a
 *                       whole ModRM byte stands as such
 * @param encoding       {@code opcode}, taken apart
 * @param operands       destination first
 * @param operandSize    how the effective operand size is found
 * @param valid64        whether it exists in 64-bit mode
 * @param validLegacy    whether it exists outside 64-bit mode
 * @param feature        the CPUID flag without which it is undefined
 * @param lockable       whether LOCK is legal with a memory destination
 * @param flagsWritten   RFLAGS bits with a defined result
 * @param flagsUndefined RFLAGS bits that the manual leaves undefined
 * @param sensitivity    the operation that may be taken over, if it is one
 * @param endsBlock      whether nothing behind it may be decoded with it
 * @param semantic       what it does
 * @param forms          quicker ways to do it for common shapes of operands, the first that fits first
 */
public record Row(
        String mnemonic,
        String opcode,
        Encoding encoding,
        List<OperandKind> operands,
        OperandSize operandSize,
        boolean valid64,
        boolean validLegacy,
        CpuidFeature feature,
        boolean lockable,
        int flagsWritten,
        int flagsUndefined,
        @Nullable SensitiveOp sensitivity,
        boolean endsBlock,
        Semantic semantic,
        List<Form> forms) {

    /** How the effective operand size of an instruction is found. */
    public enum OperandSize {
        /** Default of the code segment, 66H and REX.W. */
        NORMAL,
        /** In 64-bit mode 64 bits, or 16 with 66H; 32 bits cannot be had. */
        DEFAULT_64,
        /** In 64-bit mode always 64 bits. */
        FORCED_64
    }

    /**
     * Where a row stands in the opcode maps.
     *
     * @param map       0 one-byte, 1 {@code 0F}, 2 {@code 0F 38}, 3 {@code 0F 3A}
     * @param opcode    opcode byte
     * @param prefix    mandatory prefix: 0 none demanded, 1 NP (none of 66, F2, F3 allowed), 66H, F2H, F3H
     * @param extension ModRM reg field demanded (0-7), or -1
     * @param modRm     whole ModRM byte demanded, or -1
     * @param inOpcode  whether the low three bits of the opcode name a register
     */
    public record Encoding(int map, int opcode, int prefix, int extension, int modRm, boolean inOpcode) {}

    /** The ModRM operand must be memory. */
    public boolean memoryOnly() {
        return operands.stream().anyMatch(kind -> !kind.isFixed() && kind.method() == 'M');
    }

    /** The ModRM operand must be a register. */
    public boolean registerOnly() {
        return operands.stream().anyMatch(kind -> !kind.isFixed() && kind.method() == 'R');
    }

    /** The first form whose shape the operands have, or one that does what {@link #semantic} says. */
    Form formFor(Insn insn) {
        for (int i = 0; i < forms.size(); i++) {
            if (forms.get(i).shape().fits(insn)) {
                return forms.get(i);
            }
        }
        return Form.DEFINITION;
    }

    /** Whether it goes on behind itself or at a displacement from there, and nowhere else. */
    public boolean isDirectBranch() {
        return !operands.isEmpty() && (operands.get(0) == OperandKind.Jb || operands.get(0) == OperandKind.Jz);
    }

    public boolean usesModRm() {
        return encoding.extension >= 0
                || encoding.modRm >= 0
                || operands.stream().anyMatch(OperandKind::usesModRm);
    }

    /** Whether an immediate byte stands for a wider one: the forms 6A, 6B and 83, which have a sibling with Iz. */
    boolean signExtendsByte() {
        int opcode = encoding.opcode;
        return encoding.map == 0 && (opcode == 0x6A || opcode == 0x6B || opcode == 0x83);
    }

    /** "ADD Ev,Gv". */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(mnemonic);
        char separator = ' ';
        for (OperandKind kind : operands) {
            text.append(separator).append(kind == OperandKind.ONE ? "1" : kind.name());
            separator = ',';
        }
        return text.toString();
    }
}

package dev.vtxray.vmx;

import dev.vtxray.core.isa.Insn;

/**
 * The VM-exit instruction-information field (SDM, VM Exits, "Information for VM Exits Due to Instruction Execution"): one
 * method per layout of the manual, all built from the same memory part.
 */
final class InstructionInformation {
    private static final int REGISTER_OPERAND = 1 << 10;
    private static final int INDEX_INVALID = 1 << 22;
    private static final int BASE_INVALID = 1 << 27;

    private InstructionInformation() {}

    /** Scale 1:0, address size 9:7, segment 17:15, index 21:18 and 22, base 26:23 and 27. */
    private static int memory(Insn insn) {
        int info = addressSize(insn) | insn.seg << 15;
        if (insn.index == Insn.ZERO) {
            info |= INDEX_INVALID;
        } else {
            info |= insn.scale | insn.index << 18;
        }
        return info | (insn.base >= Insn.ZERO ? BASE_INVALID : insn.base << 23);
    }

    private static int addressSize(Insn insn) {
        return (insn.addressSize == 8 ? 2 : insn.addressSize == 4 ? 1 : 0) << 7;
    }

    /** INS and OUTS. */
    static int string(Insn insn, boolean output) {
        return addressSize(insn) | (output ? insn.seg << 15 : 0);
    }

    /** VMCLEAR, VMPTRLD, VMPTRST, VMXON, XSAVES, XRSTORS. */
    static int memoryOperand(Insn insn) {
        return memory(insn);
    }

    /** INVEPT, INVVPID, INVPCID: Reg2 in 31:28. */
    static int invalidate(Insn insn) {
        return memory(insn) | insn.reg << 28;
    }

    /** LGDT, LIDT, SGDT, SIDT: {@code identity} 0 SGDT, 1 SIDT, 2 LGDT, 3 LIDT. */
    static int descriptorTable(Insn insn, int identity) {
        int operandSize = insn.codeSize == 8 || insn.size == 4 ? 1 << 11 : 0;
        return memory(insn) | operandSize | identity << 28;
    }

    /** LLDT, LTR, SLDT, STR: {@code identity} 0 SLDT, 1 STR, 2 LLDT, 3 LTR. */
    static int segmentRegister(Insn insn, int identity) {
        int operand = insn.hasMem ? memory(insn) : REGISTER_OPERAND | rmRegister(insn) << 3;
        return operand | identity << 28;
    }

    /** VMREAD and VMWRITE: Reg1 in 6:3 if the operand is a register, Reg2 (the encoding's register) in 31:28. */
    static int vmcsAccess(Insn insn) {
        int operand = insn.hasMem ? memory(insn) : REGISTER_OPERAND | rmRegister(insn) << 3;
        return operand | insn.reg << 28;
    }

    /** RDRAND and RDSEED: destination in 6:3, operand size in 12:11. */
    static int random(Insn insn) {
        int size = insn.size == 8 ? 2 : insn.size == 4 ? 1 : 0;
        return insn.dst << 3 | size << 11;
    }

    /** The exit qualification of an instruction with a memory operand: its displacement, relative to RIP resolved. */
    static long displacement(Insn insn, long nextRip) {
        if (!insn.hasMem) {
            return 0;
        }
        return insn.isRipRelative() ? insn.encodedDisplacement() + nextRip : insn.disp;
    }

    private static int rmRegister(Insn insn) {
        // VMREAD has its r/m operand first, VMWRITE second; the others have only that one.
        return insn.row.operands().get(0).isRm() ? insn.dst : insn.src;
    }
}

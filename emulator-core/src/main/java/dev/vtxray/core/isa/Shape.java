package dev.vtxray.core.isa;

import dev.vtxray.core.cpu.SegmentRegister;

/**
 * Common shapes of operands, for which a row may have a quicker {@link Form}. "Wide" is 4 or 8 bytes: a write of that
 * width keeps nothing of the old register. "Flat" memory is memory in 64-bit code at a 64-bit address in a segment whose
 * base is zero.
 */
public enum Shape {
    /** All operands. */
    ANY {
        @Override
        boolean fits(Insn i) {
            return true;
        }
    },
    /** 64-bit code, whatever the operands. */
    CODE_64 {
        @Override
        boolean fits(Insn i) {
            return i.codeSize == 8;
        }
    },
    /** 64-bit code, the first operand a 64-bit register. */
    REGISTER_64 {
        @Override
        boolean fits(Insn i) {
            return i.codeSize == 8 && !i.dstMem && i.size == 8;
        }
    },
    /** A wide destination register; the source is a register of the same width or an immediate. */
    REGISTERS {
        @Override
        boolean fits(Insn i) {
            return isWideRegister(i) && !i.srcMem && (i.srcSize == i.dstSize || i.src == Insn.ZERO);
        }
    },
    /** Registers of any width, or an immediate as the source. */
    ANY_REGISTERS {
        @Override
        boolean fits(Insn i) {
            return !i.dstMem && !i.srcMem;
        }
    },
    /** A wide destination register; the source is a byte count: an immediate or CL. */
    REGISTER_BY_COUNT {
        @Override
        boolean fits(Insn i) {
            return isWideRegister(i) && !i.srcMem && i.srcShift == 0;
        }
    },
    /** A wide destination register; the source is a narrower register. */
    FROM_NARROW_REGISTER {
        @Override
        boolean fits(Insn i) {
            return isWideRegister(i) && !i.srcMem && i.srcSize < 8;
        }
    },
    /** A wide destination register, and a flat memory operand that gives its address only. */
    ADDRESS {
        @Override
        boolean fits(Insn i) {
            return isWideRegister(i) && isFlat(i);
        }
    },
    /** A wide destination register; the source is flat memory of any width. */
    FROM_MEMORY {
        @Override
        boolean fits(Insn i) {
            return isWideRegister(i) && i.srcMem && isFlat(i);
        }
    },
    /** A wide destination register; the source is 8 bytes of flat memory. */
    FROM_MEMORY_64 {
        @Override
        boolean fits(Insn i) {
            return FROM_MEMORY.fits(i) && i.srcSize == 8;
        }
    },
    /** A wide destination register; the source is 4 bytes of flat memory. */
    FROM_MEMORY_32 {
        @Override
        boolean fits(Insn i) {
            return FROM_MEMORY.fits(i) && i.srcSize == 4;
        }
    },
    /** The destination is flat memory of any width, the source a register or an immediate of that width. */
    TO_MEMORY {
        @Override
        boolean fits(Insn i) {
            return i.dstMem && !i.srcMem && isFlat(i);
        }
    },
    /** The destination is 8 bytes of flat memory, the source a 64-bit register or an immediate. */
    TO_MEMORY_64 {
        @Override
        boolean fits(Insn i) {
            return TO_MEMORY.fits(i) && i.dstSize == 8;
        }
    },
    /** The destination is 4 bytes of flat memory, the source a 32-bit register or an immediate. */
    TO_MEMORY_32 {
        @Override
        boolean fits(Insn i) {
            return TO_MEMORY.fits(i) && i.dstSize == 4;
        }
    },
    /** A wide destination register, and no other operand. */
    WIDE_REGISTER {
        @Override
        boolean fits(Insn i) {
            return isWideRegister(i);
        }
    };

    /** Whether the operands of this instruction are of this shape. */
    abstract boolean fits(Insn insn);

    private static boolean isWideRegister(Insn i) {
        return !i.dstMem && i.dstSize >= 4;
    }

    private static boolean isFlat(Insn i) {
        return i.hasMem && i.codeSize == 8 && i.addressSize == 8 && i.seg < SegmentRegister.FS;
    }
}

package dev.vtxray.vmx.control;

/**
 * Exit qualification of control-register accesses: bits 3:0 register, 5:4 access, 6 LMSW operand in memory, 11:8
 * general-purpose register, 31:16 LMSW source.
 *
 * <p>SDM, Exit Qualification for Control-Register Accesses.
 */
public final class CrAccessQualification {
    private static final long LMSW_MEMORY_OPERAND = 1 << 6;

    private CrAccessQualification() {}

    /** The kind of access, in the order of its encoding. */
    public enum Access {
        MOV_TO_CR,
        MOV_FROM_CR,
        CLTS,
        LMSW;

        private static final Access[] BY_ENCODING = values();
    }

    /**
     * MOV CRn, r64.
     *
     * @param controlRegister 0, 3, 4 or 8
     * @param register        the source, 0 (RAX) to 15
     */
    public static long movToCr(int controlRegister, int register) {
        return encode(Access.MOV_TO_CR, controlRegister, register);
    }

    /**
     * MOV r64, CRn.
     *
     * @param controlRegister 3 or 8
     * @param register        the destination, 0 (RAX) to 15
     */
    public static long movFromCr(int controlRegister, int register) {
        return encode(Access.MOV_FROM_CR, controlRegister, register);
    }

    public static long clts() {
        return encode(Access.CLTS, 0, 0);
    }

    /**
     * LMSW.
     *
     * @param source        bits 15:0 of the operand
     * @param memoryOperand whether the operand is in memory, not in a register
     */
    public static long lmsw(int source, boolean memoryOperand) {
        return encode(Access.LMSW, 0, 0) | (memoryOperand ? LMSW_MEMORY_OPERAND : 0) | (source & 0xFFFFL) << 16;
    }

    public static int controlRegister(long qualification) {
        return (int) qualification & 0xF;
    }

    public static Access access(long qualification) {
        return Access.BY_ENCODING[(int) qualification >> 4 & 3];
    }

    public static boolean lmswMemoryOperand(long qualification) {
        return (qualification & LMSW_MEMORY_OPERAND) != 0;
    }

    /** The general-purpose register of a MOV, 0 (RAX) to 15. */
    public static int register(long qualification) {
        return (int) qualification >> 8 & 0xF;
    }

    public static int lmswSource(long qualification) {
        return (int) (qualification >> 16) & 0xFFFF;
    }

    private static long encode(Access access, int controlRegister, int register) {
        return controlRegister & 0xF | access.ordinal() << 4 | (register & 0xF) << 8;
    }
}

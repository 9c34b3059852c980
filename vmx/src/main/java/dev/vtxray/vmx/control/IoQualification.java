package dev.vtxray.vmx.control;

/**
 * Exit qualification of I/O instructions: bits 2:0 size minus 1, 3 direction, 4 string, 5 REP, 6 immediate, 31:16 port.
 *
 * <p>SDM, Exit Qualification for I/O Instructions.
 */
public final class IoQualification {
    private static final long IN = 1 << 3;
    private static final long STRING = 1 << 4;
    private static final long REP = 1 << 5;
    private static final long IMMEDIATE = 1 << 6;

    private IoQualification() {}

    /**
     * The qualification of one access.
     *
     * @param size      bytes of one access: 1, 2 or 4
     * @param port      0 to FFFFH
     * @param immediate whether the port stands in the instruction, not in DX
     */
    public static long of(int size, boolean in, boolean string, boolean rep, boolean immediate, int port) {
        return size - 1 & 7
                | (in ? IN : 0)
                | (string ? STRING : 0)
                | (rep ? REP : 0)
                | (immediate ? IMMEDIATE : 0)
                | (port & 0xFFFFL) << 16;
    }

    /** Bytes of one access. */
    public static int size(long qualification) {
        return ((int) qualification & 7) + 1;
    }

    public static boolean isIn(long qualification) {
        return (qualification & IN) != 0;
    }

    public static boolean isString(long qualification) {
        return (qualification & STRING) != 0;
    }

    public static boolean isRep(long qualification) {
        return (qualification & REP) != 0;
    }

    public static boolean isImmediate(long qualification) {
        return (qualification & IMMEDIATE) != 0;
    }

    public static int port(long qualification) {
        return (int) (qualification >> 16) & 0xFFFF;
    }
}

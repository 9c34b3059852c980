package dev.vtxray.vmx.control;

/**
 * The layout that VM-entry interruption information, VM-exit interruption information and IDT-vectoring information
 * share.
 *
 * <p>SDM, VM-Entry Controls for Event Injection; Information for VM Exits Due to Vectored Events.
 */
public final class InterruptionInfo {
    /** Bits 10:8: the {@link InterruptionType}. */
    public static final int TYPE = 7 << 8;

    /** Bit 11: an error code belongs to the event. */
    public static final int ERROR_CODE = 1 << 11;

    /** Bit 12, exits only: IRET had just ended the blocking of NMIs. */
    public static final int NMI_UNBLOCKING_DUE_TO_IRET = 1 << 12;

    /** Bit 31: the word describes an event. */
    public static final int VALID = 1 << 31;

    private InterruptionInfo() {}

    /**
     * A valid word.
     *
     * @param vector 0 to 255
     */
    public static int of(InterruptionType type, int vector, boolean hasErrorCode) {
        return VALID | (hasErrorCode ? ERROR_CODE : 0) | type.encoding() << 8 | vector & 0xFF;
    }

    public static boolean isValid(int info) {
        return info < 0;
    }

    public static int vector(int info) {
        return info & 0xFF;
    }

    public static InterruptionType type(int info) {
        return InterruptionType.byEncoding(info >>> 8);
    }

    public static boolean hasErrorCode(int info) {
        return (info & ERROR_CODE) != 0;
    }

    public static boolean nmiUnblockingDueToIret(int info) {
        return (info & NMI_UNBLOCKING_DUE_TO_IRET) != 0;
    }
}

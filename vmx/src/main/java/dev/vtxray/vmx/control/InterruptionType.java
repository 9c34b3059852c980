package dev.vtxray.vmx.control;

/**
 * What kind of event an interruption-information word names, in bits 10:8. The ordinal is the encoding.
 *
 * <p>SDM, VM-Entry Controls for Event Injection; Information for VM Exits Due to Vectored Events.
 */
public enum InterruptionType {
    EXTERNAL_INTERRUPT,
    /** Not used by any processor; injecting it fails. */
    RESERVED,
    NMI,
    HARDWARE_EXCEPTION,
    /** INT n. */
    SOFTWARE_INTERRUPT,
    /** INT1. */
    PRIVILEGED_SOFTWARE_EXCEPTION,
    /** INT3 and INTO. */
    SOFTWARE_EXCEPTION,
    /** A pending MTF VM exit, when injected with vector 0. */
    OTHER_EVENT;

    private static final InterruptionType[] BY_ENCODING = values();

    /**
     * The type with this encoding.
     *
     * @param encoding 0 to 7; higher bits are ignored
     */
    public static InterruptionType byEncoding(int encoding) {
        return BY_ENCODING[encoding & 7];
    }

    /** The value of bits 10:8. */
    public int encoding() {
        return ordinal();
    }

    /** Whether an instruction raises it, so that its length takes part in the delivery. */
    public boolean isSoftware() {
        return this == SOFTWARE_INTERRUPT || this == PRIVILEGED_SOFTWARE_EXCEPTION || this == SOFTWARE_EXCEPTION;
    }
}

package dev.vtxray.core.cpu;

/**
 * An interrupt or exception that is to be delivered through the interrupt-descriptor table.
 *
 * @param type              where it comes from
 * @param vector            0-255
 * @param errorCode         the code to push, or {@link #NO_ERROR_CODE}
 * @param instructionLength for software events, the length of the instruction that caused it: its end is pushed
 * @param payload           #PF: linear address for CR2; #DB: cause bits for DR6; otherwise 0
 */
public record Event(Type type, int vector, int errorCode, int instructionLength, long payload) {
    public static final int NO_ERROR_CODE = -1;

    /** Where an event comes from; the numbers are those of the manual's interruption types. */
    public enum Type {
        EXTERNAL_INTERRUPT(0),
        NMI(2),
        HARDWARE_EXCEPTION(3),
        SOFTWARE_INTERRUPT(4),
        PRIVILEGED_SOFTWARE_EXCEPTION(5),
        SOFTWARE_EXCEPTION(6);

        private final int number;

        Type(int number) {
            this.number = number;
        }

        /** The manual's number of this type. */
        public int number() {
            return number;
        }

        /** Whether an instruction (INT n, INT1, INT3, INTO) asked for the event. */
        public boolean isSoftware() {
            return number >= SOFTWARE_INTERRUPT.number;
        }
    }

    public static Event externalInterrupt(int vector) {
        return new Event(Type.EXTERNAL_INTERRUPT, vector, NO_ERROR_CODE, 0, 0);
    }

    public static Event nmi() {
        return new Event(Type.NMI, Vector.NMI, NO_ERROR_CODE, 0, 0);
    }

    public static Event exception(GuestFault fault) {
        return new Event(Type.HARDWARE_EXCEPTION, fault.vector(), fault.errorCode(), 0, fault.linearAddress());
    }

    /** A #DB with the bits that it sets in DR6. */
    public static Event debugException(long dr6Causes) {
        return new Event(Type.HARDWARE_EXCEPTION, Vector.DB, NO_ERROR_CODE, 0, dr6Causes);
    }

    public static Event doubleFault() {
        return new Event(Type.HARDWARE_EXCEPTION, Vector.DF, 0, 0, 0);
    }

    public static Event software(Type type, int vector, int instructionLength) {
        return new Event(type, vector, NO_ERROR_CODE, instructionLength, 0);
    }

    /** The same event without an error code. */
    public Event withoutErrorCode() {
        return new Event(type, vector, NO_ERROR_CODE, instructionLength, payload);
    }

    public boolean hasErrorCode() {
        return errorCode != NO_ERROR_CODE;
    }
}

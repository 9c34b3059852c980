package dev.vtxray.vmx.control;

/**
 * Exit qualification of APIC accesses: bits 11:0 page offset, 15:12 access type, 16 asynchronous to instruction
 * execution.
 *
 * <p>SDM, Exit Qualification for APIC-Access VM Exits from Linear Accesses and Guest-Physical Accesses.
 */
public final class ApicAccessQualification {
    private ApicAccessQualification() {}

    /** How the APIC-access page was reached. */
    public enum Type {
        // @formatter:off
        LINEAR_READ(                           0),
        LINEAR_WRITE(                          1),
        LINEAR_FETCH(                          2),
        LINEAR_EVENT_DELIVERY(                 3),
        LINEAR_ASYNCHRONOUS(                   4),
        GUEST_PHYSICAL_EVENT_DELIVERY(        10),
        GUEST_PHYSICAL_ASYNCHRONOUS(          11),
        GUEST_PHYSICAL_FETCH_OR_DATA(         15);
        // @formatter:on

        private final int encoding;

        Type(int encoding) {
            this.encoding = encoding;
        }

        /** The value of bits 15:12. */
        public int encoding() {
            return encoding;
        }

        /** Whether the qualification holds the page offset; it is undefined for guest-physical accesses. */
        public boolean hasOffset() {
            return encoding <= LINEAR_ASYNCHRONOUS.encoding;
        }
    }

    /**
     * The qualification of one access.
     *
     * @param offset byte offset into the APIC-access page; stored as 0 where it is undefined
     */
    public static long of(Type type, int offset) {
        return (type.hasOffset() ? offset & 0xFFF : 0) | type.encoding << 12;
    }

    /** The byte offset into the page, meaningful if {@link Type#hasOffset()}. */
    public static int offset(long qualification) {
        return (int) qualification & 0xFFF;
    }

    /**
     * The type of the access.
     *
     * @throws IllegalArgumentException if bits 15:12 hold an encoding that the manual does not use
     */
    public static Type type(long qualification) {
        int encoding = (int) qualification >> 12 & 0xF;
        for (Type type : Type.values()) {
            if (type.encoding == encoding) {
                return type;
            }
        }
        throw new IllegalArgumentException("bits 15:12 of exit qualification %XH are %d, which is no APIC-access type"
                .formatted(qualification, encoding));
    }
}

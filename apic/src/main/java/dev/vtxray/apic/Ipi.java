package dev.vtxray.apic;

/**
 * An interprocessor interrupt: a decoded interrupt command (SDM, Advanced Programmable Interrupt Controller (APIC), Issuing
 * Interprocessor Interrupts).
 *
 * @param vector         0-255; the page number for a start-up IPI, without meaning for NMI, INIT and SMI
 * @param deliveryMode   what the message asks of its receivers
 * @param logical        whether the destination is logical, otherwise it is an APIC ID
 * @param destination    32 bits, or {@link #BROADCAST}
 * @param shorthand      replaces the destination unless it is NO_SHORTHAND
 * @param assertLevel    bit 14
 * @param levelTriggered bit 15
 */
public record Ipi(
        int vector,
        DeliveryMode deliveryMode,
        boolean logical,
        int destination,
        DestinationShorthand shorthand,
        boolean assertLevel,
        boolean levelTriggered) {
    /** The destination of all local APICs, whatever their mode. */
    public static final int BROADCAST = 0xFFFF_FFFF;

    /** Vectors below this number are illegal in messages of fixed and lowest-priority delivery. */
    public static final int LOWEST_LEGAL_VECTOR = 16;

    private static final int XAPIC_BROADCAST = 0xFF;
    private static final int LOGICAL = 1 << 11;
    private static final int ASSERT = 1 << 14;
    private static final int LEVEL_TRIGGERED = 1 << 15;

    /** @throws IllegalArgumentException if the vector is not in 0-255 */
    public Ipi {
        if ((vector & ~0xFF) != 0) {
            throw new IllegalArgumentException("vector of an IPI is " + vector + ", must be in 0..255");
        }
    }

    /** A fixed, edge-triggered interrupt for the local APIC with this ID. */
    public static Ipi fixed(int vector, int apicId) {
        return new Ipi(
                vector, DeliveryMode.FIXED, false, apicId, DestinationShorthand.NO_SHORTHAND, true, false);
    }

    /** A fixed, edge-triggered interrupt for the sender itself. */
    public static Ipi toSelf(int vector) {
        return new Ipi(vector, DeliveryMode.FIXED, false, 0, DestinationShorthand.SELF, true, false);
    }

    /** The command in xAPIC mode; the destination is bits 31:24 of the high register. */
    public static Ipi ofXapicCommand(int low, int high) {
        int destination = high >>> 24;
        return ofCommand(low, destination == XAPIC_BROADCAST ? BROADCAST : destination);
    }

    /** The command in x2APIC mode; the destination is the upper half of the register. */
    public static Ipi ofX2apicCommand(int low, int high) {
        return ofCommand(low, high);
    }

    private static Ipi ofCommand(int low, int destination) {
        return new Ipi(
                low & 0xFF,
                DeliveryMode.in(low),
                (low & LOGICAL) != 0,
                destination,
                DestinationShorthand.in(low),
                (low & ASSERT) != 0,
                (low & LEVEL_TRIGGERED) != 0);
    }

    /** Whether sending it is the error "send illegal vector". */
    boolean hasIllegalVector() {
        return deliveryMode.requestsVector() && vector < LOWEST_LEGAL_VECTOR;
    }

    /** Whether it is the INIT level de-assert of old buses, which no processor acts on any more. */
    boolean isInitLevelDeassert() {
        return deliveryMode == DeliveryMode.INIT && !assertLevel && levelTriggered;
    }
}

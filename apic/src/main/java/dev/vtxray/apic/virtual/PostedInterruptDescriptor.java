package dev.vtxray.apic.virtual;

/**
 * The posted-interrupt descriptor, 64 bytes of guest memory (SDM, APIC Virtualization and Virtual Interrupts,
 * Posted-Interrupt Processing). An agent posts vectors here; posted-interrupt processing takes them out.
 *
 * <p>What the manual demands to be atomic is so because nothing else runs inside a machine meanwhile.
 */
public final class PostedInterruptDescriptor {
    /** Bytes in the descriptor. */
    public static final int SIZE = 64;

    /** The posted-interrupt requests (PIR) fill this many 32-bit words from offset 0. */
    static final int REQUEST_WORDS = 8;

    private static final int CONTROL = 32;
    private static final int OUTSTANDING_NOTIFICATION = 1;
    private static final int SUPPRESS_NOTIFICATION = 1 << 1;
    private static final int NOTIFICATION_DESTINATION = 36;

    private final PageAccess memory;

    /** The descriptor in this memory; offsets count from its first byte. */
    public PostedInterruptDescriptor(PageAccess memory) {
        this.memory = memory;
    }

    /**
     * The agent's side: posts an interrupt.
     *
     * @param vector 0-255
     * @return whether the agent must now send {@link #notificationVector()} to the notification destination
     */
    public boolean post(int vector) {
        int offset = (vector >>> 5) * Integer.BYTES;
        memory.write32(offset, memory.read32(offset) | 1 << vector);
        int control = memory.read32(CONTROL);
        if ((control & (OUTSTANDING_NOTIFICATION | SUPPRESS_NOTIFICATION)) != 0) {
            return false;
        }
        memory.write32(CONTROL, control | OUTSTANDING_NOTIFICATION);
        return true;
    }

    /** ON: a notification was sent and not yet processed. */
    public boolean isNotificationOutstanding() {
        return (memory.read32(CONTROL) & OUTSTANDING_NOTIFICATION) != 0;
    }

    /** NV: the vector of the notification, 0-255. */
    public int notificationVector() {
        return memory.read32(CONTROL) >>> 16 & 0xFF;
    }

    /** NDST in x2APIC mode: the 32-bit APIC ID to notify. */
    public int notificationDestination() {
        return memory.read32(NOTIFICATION_DESTINATION);
    }

    /** NDST in xAPIC mode: the 8-bit APIC ID to notify, from bits 15:8. */
    public int xApicNotificationDestination() {
        return notificationDestination() >>> 8 & 0xFF;
    }

    void clearOutstandingNotification() {
        memory.write32(CONTROL, memory.read32(CONTROL) & ~OUTSTANDING_NOTIFICATION);
    }

    /** Reads and clears 32 bits of PIR. */
    int takeRequests(int number) {
        int requests = memory.read32(number * Integer.BYTES);
        if (requests != 0) {
            memory.write32(number * Integer.BYTES, 0);
        }
        return requests;
    }
}

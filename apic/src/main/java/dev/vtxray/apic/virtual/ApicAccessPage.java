package dev.vtxray.apic.virtual;

/**
 * Accesses of the guest to the APIC-access page, one operation (an instruction, one iteration of a REP string instruction,
 * or the delivery of one event) after the other (SDM, APIC Virtualization and Virtual Interrupts, Virtualizing
 * Memory-Mapped APIC Accesses).
 *
 * <p>For every data access of an operation ask {@link #checkRead} or {@link #checkWrite}; if it is virtualized, make it with
 * {@link #read} or {@link #write}. When the operation is over, {@link #endOperation()} does what its write causes. Other
 * accesses (instruction fetches, more than 32 bits, guest-physical ones) are never virtualized and do not come here.
 */
public final class ApicAccessPage {
    private static final int SLOT_SIZE = 16;
    private static final int REGISTER_SIZE = 4;
    private static final int NO_WRITE = -1;

    private final VirtualApic apic;
    private int writtenOffset = NO_WRITE;
    private int writtenSize;

    /** The APIC-access page of this virtual APIC. */
    public ApicAccessPage(VirtualApic apic) {
        this.apic = apic;
    }

    /**
     * Whether a read goes to the virtual-APIC page.
     *
     * @param offset in the page, 0-FFFH
     * @param size   in bytes
     */
    public ApicAccess checkRead(int offset, int size) {
        VirtualizedRegister register = VirtualizedRegister.at(offset);
        int parts = apic.settings().features().parts();
        boolean virtualized = writtenOffset == NO_WRITE
                && register != null
                && register.readsAreVirtualized(parts)
                && isInsideRegister(offset, size, parts);
        return virtualized ? ApicAccess.VIRTUALIZED : ApicAccess.ACCESS_TAKEN;
    }

    /** Whether a write goes to the virtual-APIC page. */
    public ApicAccess checkWrite(int offset, int size) {
        VirtualizedRegister register = VirtualizedRegister.at(offset);
        int parts = apic.settings().features().parts();
        boolean virtualized = (writtenOffset == NO_WRITE || writtenOffset == offset && writtenSize == size)
                && register != null
                && register.writesAreVirtualized(parts)
                && isInsideRegister(offset, size, parts);
        return virtualized ? ApicAccess.VIRTUALIZED : ApicAccess.ACCESS_TAKEN;
    }

    /** With register virtualization anywhere inside the register, otherwise from its first byte. */
    private static boolean isInsideRegister(int offset, int size, int parts) {
        int inSlot = offset % SLOT_SIZE;
        boolean anywhere = (parts & ApicVirtualization.REGISTER_VIRTUALIZATION) != 0;
        return inSlot + size <= REGISTER_SIZE && (inSlot == 0 || anywhere);
    }

    /** Makes a virtualized read and returns the value, zero-extended. */
    public int read(int offset, int size) {
        return apic.page().read(offset, size);
    }

    /** Makes a virtualized write. */
    public void write(int offset, int size, int value) {
        writtenOffset = offset;
        writtenSize = size;
        apic.page().write(offset, size, value);
    }

    /**
     * APIC-write emulation: the operation has ended, by completing or with the delivery of a fault, and the processor
     * responds to its virtualized write if there was one. Traps come with the same priority as this.
     */
    public Outcome endOperation() {
        if (writtenOffset == NO_WRITE) {
            return Outcome.NOTHING;
        }
        int offset = writtenOffset;
        writtenOffset = NO_WRITE;
        VirtualizedRegister register = VirtualizedRegister.at(offset);
        return register == null ? Outcome.NOTHING : register.respondToWrite(apic, offset);
    }

    /** The operation has left the guest: its virtualized write stays without response. */
    public void abandonOperation() {
        writtenOffset = NO_WRITE;
    }
}

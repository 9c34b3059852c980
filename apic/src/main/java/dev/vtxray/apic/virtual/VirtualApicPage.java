package dev.vtxray.apic.virtual;

/**
 * The virtual-APIC page: 4 KBytes of guest memory with the registers of a virtual local APIC at the offsets of a real
 * one (SDM, APIC Virtualization and Virtual Interrupts, Virtual APIC State).
 */
public final class VirtualApicPage {
    /** Bytes in the page. */
    public static final int SIZE = 0x1000;

    static final int VTPR = 0x080;
    static final int VPPR = 0x0A0;
    static final int VEOI = 0x0B0;
    static final int VISR = 0x100;
    static final int VIRR = 0x200;
    static final int VICR_LO = 0x300;
    static final int VICR_HI = 0x310;
    static final int SELF_IPI = 0x3F0;

    private static final int VECTOR_REGISTERS = 8;

    private final PageAccess memory;

    /** The page in this memory. */
    public VirtualApicPage(PageAccess memory) {
        this.memory = memory;
    }

    /** The 32-bit register at an offset. */
    int register(int offset) {
        return memory.read32(offset);
    }

    void setRegister(int offset, int value) {
        memory.write32(offset, value);
    }

    /**
     * Reads what an access to the APIC page finds.
     *
     * @param offset in the page
     * @param size   1-4 bytes, all of them in the same aligned 4 bytes
     * @return the value, zero-extended
     */
    int read(int offset, int size) {
        return memory.read32(offset & ~3) >>> shift(offset) & mask(size);
    }

    /** Writes as {@link #read} reads; the neighbouring bytes keep their values. */
    void write(int offset, int size, int value) {
        int others = memory.read32(offset & ~3) & ~(mask(size) << shift(offset));
        memory.write32(offset & ~3, others | (value & mask(size)) << shift(offset));
    }

    /** The 8 bytes at an offset. */
    long read64(int offset) {
        return Integer.toUnsignedLong(memory.read32(offset)) | (long) memory.read32(offset + 4) << Integer.SIZE;
    }

    void write64(int offset, long value) {
        memory.write32(offset, (int) value);
        memory.write32(offset + 4, (int) (value >>> Integer.SIZE));
    }

    // VISR and VIRR: 256 bits in eight registers

    void addVector(int set, int vector) {
        int offset = offsetOf(set, vector);
        memory.write32(offset, memory.read32(offset) | 1 << vector);
    }

    void removeVector(int set, int vector) {
        int offset = offsetOf(set, vector);
        memory.write32(offset, memory.read32(offset) & ~(1 << vector));
    }

    /** Adds 32 vectors at once. */
    void addVectors(int set, int registerNumber, int bits) {
        int offset = set + registerNumber * 0x10;
        memory.write32(offset, memory.read32(offset) | bits);
    }

    /** The highest vector of a set; 0 if it is empty, as RVI and SVI have it. */
    int highestVector(int set) {
        for (int number = VECTOR_REGISTERS - 1; number >= 0; number--) {
            int bits = memory.read32(set + number * 0x10);
            if (bits != 0) {
                return number * Integer.SIZE + 31 - Integer.numberOfLeadingZeros(bits);
            }
        }
        return 0;
    }

    private static int offsetOf(int set, int vector) {
        return set | (vector & 0xE0) >> 1;
    }

    private static int shift(int offset) {
        return (offset & 3) * Byte.SIZE;
    }

    private static int mask(int size) {
        return -1 >>> Integer.SIZE - size * Byte.SIZE;
    }
}

package dev.vtxray.apic.virtual;

/** Access to a structure that lives in guest memory: a virtual-APIC page or a posted-interrupt descriptor. */
public interface PageAccess {
    /**
     * Reads 32 bits.
     *
     * @param offset bytes from the start of the structure, a multiple of 4
     */
    int read32(int offset);

    /**
     * Writes 32 bits.
     *
     * @param offset bytes from the start of the structure, a multiple of 4
     */
    void write32(int offset, int value);
}

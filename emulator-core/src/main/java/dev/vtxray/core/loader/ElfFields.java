package dev.vtxray.core.loader;

import dev.vtxray.core.memory.Bytes;

/**
 * Reads the fields of an ELF structure one after the other (System V Application Binary Interface, Object Files, Data
 * Representation). The caller has made sure that the structure lies in the file.
 */
final class ElfFields {
    private final byte[] file;
    private final boolean wide;
    private int position;

    /** Fields from {@code position} on; sizes and addresses have 8 bytes if {@code wide}, else 4. */
    ElfFields(byte[] file, boolean wide, int position) {
        this.file = file;
        this.wide = wide;
        this.position = position;
    }

    /** A field of 2 bytes. */
    int half() {
        return (int) Bytes.load16(file, skip(2));
    }

    /** A field of 4 bytes. */
    long word() {
        return Bytes.load32(file, skip(4));
    }

    /** A size, an offset or an address: as wide as the class of the file. */
    long address() {
        return wide ? Bytes.load64(file, skip(8)) : word();
    }

    /** Goes over some bytes; returns where they begin. */
    int skip(int bytes) {
        int at = position;
        position += bytes;
        return at;
    }
}

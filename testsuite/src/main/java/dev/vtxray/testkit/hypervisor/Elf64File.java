package dev.vtxray.testkit.hypervisor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Writes the smallest executable 64-bit ELF file: one segment, no sections. */
public final class Elf64File {
    private static final int HEADER = 64;
    private static final int PROGRAM_HEADER = 56;
    private static final short ET_EXEC = 2;
    private static final short EM_X86_64 = 62;
    private static final int PT_LOAD = 1;
    private static final int READ_WRITE_EXECUTE = 7;
    private static final long PAGE = 0x1000;

    private Elf64File() {}

    /** A file that puts {@code content} at a physical and linear address, and starts at {@code entry}. */
    public static byte[] of(long address, long entry, byte[] content) {
        ByteBuffer file = ByteBuffer.allocate((int) PAGE + content.length).order(ByteOrder.LITTLE_ENDIAN);
        // Identification: magic number, 64 bits, little-endian, version 1.
        file.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1}).position(16);
        file.putShort(ET_EXEC).putShort(EM_X86_64).putInt(1).putLong(entry);
        file.putLong(HEADER).putLong(0).putInt(0);
        file.putShort((short) HEADER).putShort((short) PROGRAM_HEADER).putShort((short) 1);
        file.position(HEADER);
        file.putInt(PT_LOAD)
                .putInt(READ_WRITE_EXECUTE)
                .putLong(PAGE)
                .putLong(address)
                .putLong(address);
        file.putLong(content.length).putLong(content.length).putLong(PAGE);
        file.position((int) PAGE);
        file.put(content);
        return file.array();
    }
}

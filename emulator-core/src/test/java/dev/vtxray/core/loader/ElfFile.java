package dev.vtxray.core.loader;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes ELF files for tests, right or wrong: header, program headers, then the segments' bytes. Written from the
 * tables of the System V ABI, independently of the parser.
 */
final class ElfFile {
    private final boolean wide;
    private final List<Part> parts = new ArrayList<>();
    private int type = 2;
    private int machine;
    private long entry;

    @SuppressWarnings("ArrayRecordComponent")
    private record Part(long virtual, long physical, byte[] content, long memorySize) {}

    private ElfFile(boolean wide) {
        this.wide = wide;
        this.machine = wide ? 62 : 3;
    }

    static ElfFile elf64() {
        return new ElfFile(true);
    }

    static ElfFile elf32() {
        return new ElfFile(false);
    }

    ElfFile type(int value) {
        type = value;
        return this;
    }

    ElfFile machine(int value) {
        machine = value;
        return this;
    }

    ElfFile entry(long value) {
        entry = value;
        return this;
    }

    /** A segment that is linked where it lies. */
    ElfFile segment(long address, byte[] content, long memorySize) {
        return segment(address, address, content, memorySize);
    }

    ElfFile segment(long virtual, long physical, byte[] content, long memorySize) {
        parts.add(new Part(virtual, physical, content, memorySize));
        return this;
    }

    int headerSize() {
        return wide ? 64 : 52;
    }

    int programHeaderSize() {
        return wide ? 56 : 32;
    }

    /** Offset in the file of the first segment's bytes. */
    int contentOffset() {
        return headerSize() + parts.size() * programHeaderSize();
    }

    byte[] build() {
        int size = contentOffset()
                + parts.stream().mapToInt(part -> part.content.length).sum();
        ByteBuffer file = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 0x7F).put("ELF".getBytes(StandardCharsets.US_ASCII));
        file.put((byte) (wide ? 2 : 1)).put((byte) 1).put((byte) 1);
        file.position(16);
        file.putShort((short) type).putShort((short) machine).putInt(1);
        address(file, entry);
        address(file, headerSize());
        address(file, 0);
        file.putInt(0).putShort((short) headerSize());
        file.putShort((short) programHeaderSize()).putShort((short) parts.size());
        file.position(headerSize());
        int offset = contentOffset();
        for (Part part : parts) {
            programHeader(file, part, offset);
            offset += part.content.length;
        }
        parts.forEach(part -> file.put(part.content));
        return file.array();
    }

    private void programHeader(ByteBuffer file, Part part, int offset) {
        file.putInt(1);
        if (wide) {
            file.putInt(7);
        }
        address(file, offset);
        address(file, part.virtual);
        address(file, part.physical);
        address(file, part.content.length);
        address(file, part.memorySize);
        if (!wide) {
            file.putInt(7);
        }
        address(file, 1);
    }

    private void address(ByteBuffer file, long value) {
        if (wide) {
            file.putLong(value);
        } else {
            file.putInt((int) value);
        }
    }
}

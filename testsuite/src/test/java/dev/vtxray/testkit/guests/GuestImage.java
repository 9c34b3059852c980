package dev.vtxray.testkit.guests;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** What a loader sees of an ELF file: class, machine, entry point and loadable segments. */
record GuestImage(int bits, int machine, long entry, List<Segment> segments) {
    static final int EM_386 = 3;
    static final int EM_X86_64 = 62;

    private static final int ET_EXEC = 2;
    private static final int PT_LOAD = 1;
    private static final int ELFCLASS64 = 2;
    private static final int MAGIC = 0x464C457F;

    /** One PT_LOAD program header. */
    record Segment(long physicalAddress, long virtualAddress, long memorySize) {
        long end() {
            return physicalAddress + memorySize;
        }
    }

    long end() {
        return segments.stream().mapToLong(Segment::end).max().orElseThrow();
    }

    static byte[] resource(String name) throws IOException {
        try (InputStream stream = GuestImage.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IOException("no resource " + name + " beside " + GuestImage.class);
            }
            return stream.readAllBytes();
        }
    }

    static GuestImage parse(byte[] file) {
        ByteBuffer elf = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if (elf.getInt(0) != MAGIC || elf.getShort(16) != ET_EXEC) {
            throw new IllegalArgumentException("not an executable ELF file");
        }
        boolean wide = elf.get(4) == ELFCLASS64;
        int headers = wide ? (int) elf.getLong(32) : elf.getInt(28);
        int size = elf.getShort(wide ? 54 : 42);
        int count = elf.getShort(wide ? 56 : 44);
        List<Segment> segments = new ArrayList<>();
        for (int at = headers; at < headers + count * size; at += size) {
            if (elf.getInt(at) == PT_LOAD) {
                segments.add(
                        wide
                                ? new Segment(elf.getLong(at + 24), elf.getLong(at + 16), elf.getLong(at + 40))
                                : new Segment(elf.getInt(at + 12), elf.getInt(at + 8), elf.getInt(at + 20)));
            }
        }
        long entry = wide ? elf.getLong(24) : elf.getInt(24);
        return new GuestImage(wide ? 64 : 32, elf.getShort(18), entry, List.copyOf(segments));
    }
}

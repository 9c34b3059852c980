package dev.vtxray.core.loader;

import dev.vtxray.core.memory.PhysicalMemory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * An executable ELF file for x86 with 32 or 64 bits: where its loadable segments go and where it starts (System V
 * Application Binary Interface, Object Files and Program Loading).
 */
public final class Elf {
    private static final int IDENTIFICATION = 16;
    private static final int HEADER_32 = 52;
    private static final int HEADER_64 = 64;
    private static final int PROGRAM_HEADER_32 = 32;
    private static final int PROGRAM_HEADER_64 = 56;

    private static final int ELFCLASS32 = 1;
    private static final int ELFCLASS64 = 2;
    private static final int ELFDATA2LSB = 1;
    private static final int EV_CURRENT = 1;
    private static final int ET_EXEC = 2;
    private static final int EM_386 = 3;
    private static final int EM_X86_64 = 62;
    private static final int PT_LOAD = 1;

    private final byte[] file;
    private final boolean wide;
    private final long entry;
    private final List<Segment> segments;
    private final ElfSymbols symbols;

    private Elf(byte[] file) {
        this.file = file;
        this.wide = checkIdentification(file);
        ElfFields header = new ElfFields(file, wide, IDENTIFICATION);
        checkKind(header.half(), header.half(), header.word());
        long virtualEntry = header.address();
        long programHeaders = header.address();
        long sectionHeaders = header.address();
        header.word();
        header.half();
        this.segments = readSegments(programHeaders, header.half(), header.half());
        this.entry = physicalEntry(virtualEntry);
        this.symbols = new ElfSymbols(file, wide, sectionHeaders, header.half(), header.half());
    }

    /**
     * Reads a file and checks everything that does not depend on the machine.
     *
     * @throws ImageException if it is not an executable ELF file for x86, or is truncated or contradicts itself
     */
    public static Elf parse(byte[] file) {
        return new Elf(file.clone());
    }

    /** 32 or 64. */
    public int bits() {
        return wide ? 64 : 32;
    }

    /** Physical address of the entry point. */
    public long entry() {
        return entry;
    }

    /** The segments that take up memory, by rising physical addresses. */
    public List<Segment> segments() {
        return segments;
    }

    /** Value of a symbol; empty if the file has no such symbol, no symbol table or a damaged one. */
    public OptionalLong symbol(String name) {
        return symbols.value(name);
    }

    /** Bytes of the file. */
    byte[] file() {
        return file;
    }

    /**
     * Checks that all segments go to RAM.
     *
     * @throws ImageException if one does not
     */
    void checkFits(PhysicalMemory memory) {
        for (Segment segment : segments) {
            if (!memory.isRam(segment.physical(), segment.memorySize())) {
                throw new ImageException("segment " + range(segment.physical(), segment.memorySize())
                        + " lies outside RAM, which has " + hex(memory.size()) + " bytes, or where a device is");
            }
        }
    }

    /** Copies the segments into memory; they must fit. */
    void load(PhysicalMemory memory) {
        for (Segment segment : segments) {
            memory.write(segment.physical(), file, segment.fileOffset(), segment.fileSize());
            memory.clear(segment.physical() + segment.fileSize(), segment.memorySize() - segment.fileSize());
        }
    }

    /** Whether a range of physical addresses touches a segment. */
    boolean overlaps(long first, long length) {
        return segments.stream().anyMatch(segment -> segment.overlaps(first, length));
    }

    /** A number as the manuals write it: hexadecimal with H behind. */
    static String hex(long value) {
        return Long.toHexString(value).toUpperCase(Locale.ROOT) + 'H';
    }

    /** A range of addresses, for messages. */
    static String range(long first, long length) {
        return hex(first) + "-" + hex(first + length - 1);
    }

    private static boolean checkIdentification(byte[] file) {
        if (file.length < IDENTIFICATION || file[0] != 0x7F || file[1] != 'E' || file[2] != 'L' || file[3] != 'F') {
            throw new ImageException("not an ELF file");
        }
        int elfClass = file[4];
        if (elfClass != ELFCLASS32 && elfClass != ELFCLASS64) {
            throw new ImageException("ELF class " + elfClass + " is neither 1 (32 bits) nor 2 (64 bits)");
        }
        if (file[5] != ELFDATA2LSB) {
            throw new ImageException("ELF data encoding " + file[5] + " is not 1 (little-endian)");
        }
        boolean wide = elfClass == ELFCLASS64;
        int headerSize = wide ? HEADER_64 : HEADER_32;
        if (file.length < headerSize) {
            throw new ImageException("truncated: the ELF header has " + headerSize + " bytes, the file " + file.length);
        }
        return wide;
    }

    private void checkKind(int type, int machine, long version) {
        if (version != EV_CURRENT) {
            throw new ImageException("ELF version " + version + " is not 1");
        }
        if (type != ET_EXEC) {
            throw new ImageException("ELF type " + type + " is not 2 (an executable with fixed addresses)");
        }
        int expected = wide ? EM_X86_64 : EM_386;
        if (machine != expected) {
            throw new ImageException("ELF machine " + machine + " is not " + expected + " (x86, " + bits() + " bits)");
        }
    }

    private List<Segment> readSegments(long offset, int size, int count) {
        int expectedSize = wide ? PROGRAM_HEADER_64 : PROGRAM_HEADER_32;
        if (count == 0) {
            throw new ImageException("no program headers: nothing to load");
        }
        if (size != expectedSize) {
            throw new ImageException("program headers have " + size + " bytes instead of " + expectedSize);
        }
        if (!inFile(offset, (long) size * count)) {
            throw new ImageException("truncated: " + count + " program headers at offset " + hex(offset)
                    + " reach behind the end of the file");
        }
        List<Segment> found = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            readSegment((int) offset + i * size, i, found);
        }
        if (found.isEmpty()) {
            throw new ImageException("no loadable segment");
        }
        found.sort(Comparator.comparingLong(Segment::physical));
        checkOverlaps(found);
        return List.copyOf(found);
    }

    private void readSegment(int position, int index, List<Segment> found) {
        ElfFields header = new ElfFields(file, wide, position);
        if (header.word() != PT_LOAD) {
            return;
        }
        if (wide) {
            header.word();
        }
        long offset = header.address();
        long virtual = header.address();
        long physical = header.address();
        long fileSize = header.address();
        long memorySize = header.address();
        if (!inFile(offset, fileSize)) {
            throw new ImageException("truncated: segment " + index + " has " + hex(fileSize) + " bytes at offset "
                    + hex(offset) + ", the file ends at " + hex(file.length));
        }
        if (Long.compareUnsigned(memorySize, fileSize) < 0) {
            throw new ImageException("segment " + index + " has " + hex(fileSize) + " bytes in the file but only "
                    + hex(memorySize) + " in memory");
        }
        if (physical < 0 || memorySize < 0 || physical + memorySize < 0) {
            throw new ImageException("segment " + index + " at " + hex(physical) + " with " + hex(memorySize)
                    + " bytes lies outside the physical address space");
        }
        if (memorySize > 0) {
            found.add(new Segment(physical, virtual, memorySize, (int) offset, (int) fileSize));
        }
    }

    private static void checkOverlaps(List<Segment> sorted) {
        for (int i = 1; i < sorted.size(); i++) {
            Segment lower = sorted.get(i - 1);
            Segment upper = sorted.get(i);
            if (upper.physical() < lower.end()) {
                throw new ImageException("segments " + range(lower.physical(), lower.memorySize()) + " and "
                        + range(upper.physical(), upper.memorySize()) + " overlap");
            }
        }
    }

    /** The file names the entry point by the address for which it was linked. */
    private long physicalEntry(long virtualEntry) {
        for (Segment segment : segments) {
            long distance = virtualEntry - segment.virtual();
            if (Long.compareUnsigned(distance, segment.memorySize()) < 0) {
                return segment.physical() + distance;
            }
        }
        throw new ImageException("the entry point " + hex(virtualEntry) + " lies in no segment");
    }

    private boolean inFile(long offset, long length) {
        return offset >= 0 && length >= 0 && length <= file.length && offset <= file.length - length;
    }
}

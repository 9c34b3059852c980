package dev.vtxray.testkit.hypervisor;

import dev.vtxray.core.loader.Elf;
import dev.vtxray.core.loader.ImageException;
import dev.vtxray.core.loader.Segment;
import dev.vtxray.core.memory.PhysicalMemory;

/**
 * What L2 finds in its memory: its image, a parameter block, identity-mapping paging structures and a GDT, as a guest
 * that {@link dev.vtxray.core.loader.Elf64Loader} starts would. All addresses here are L2's own.
 */
public final class L2Memory {
    // @formatter:off
    public static final long PARAMETERS           = 0x1000;
    static final long PML4                        = 0x7_0000;
    private static final long DIRECTORY_POINTERS  = 0x7_1000;
    private static final long DIRECTORIES         = 0x7_2000;
    static final long GDT                         = 0x7_6000;
    static final int GDT_LIMIT                    = 3 * 8 - 1;
    static final int CODE_SELECTOR                = 0x08;
    static final int DATA_SELECTOR                = 0x10;
    // @formatter:on

    // SDM, Segment Descriptors: accessed; base 0, limit FFFFFH pages of 4 KBytes.
    private static final long CODE_DESCRIPTOR = 0x00AF_9B00_0000_FFFFL;
    private static final long DATA_DESCRIPTOR = 0x00CF_9300_0000_FFFFL;
    // SDM, Paging, 4-Level Paging: present, writable, and for a directory entry that maps a page: page size.
    private static final long TABLE_ENTRY = 0x003;
    private static final long PAGE_ENTRY = 0x083;
    private static final int GIGABYTES = 4;
    private static final int ENTRIES = 512;
    private static final int LARGE_PAGE_SHIFT = 21;

    private L2Memory() {}

    /**
     * Puts an image into the RAM of L2, and beside it what it needs to start.
     *
     * @param memory physical memory of L1
     * @throws ImageException if the image has no 64-bit code or does not fit
     */
    public static void load(byte[] file, PhysicalMemory memory) {
        Elf elf = Elf.parse(file);
        if (elf.bits() != 64) {
            throw new ImageException("L2 starts in 64-bit mode, its image has " + elf.bits() + " bits");
        }
        memory.clear(L1Memory.L2_RAM, L1Memory.L2_SIZE);
        for (Segment segment : elf.segments()) {
            if (segment.end() > L1Memory.L2_SIZE || segment.overlaps(0, GDT + L1Memory.PAGE)) {
                throw new ImageException("the image of L2 must lie between %XH and %XH"
                        .formatted(GDT + L1Memory.PAGE, L1Memory.L2_SIZE));
            }
            memory.write(L1Memory.L2_RAM + segment.physical(), file, segment.fileOffset(), segment.fileSize());
        }
        writePagingStructures(memory);
        write(memory, GDT + CODE_SELECTOR, CODE_DESCRIPTOR);
        write(memory, GDT + DATA_SELECTOR, DATA_DESCRIPTOR);
    }

    private static void writePagingStructures(PhysicalMemory memory) {
        write(memory, PML4, DIRECTORY_POINTERS | TABLE_ENTRY);
        for (int i = 0; i < GIGABYTES; i++) {
            write(memory, DIRECTORY_POINTERS + 8L * i, DIRECTORIES + (long) i * L1Memory.PAGE | TABLE_ENTRY);
        }
        for (long i = 0; i < GIGABYTES * ENTRIES; i++) {
            write(memory, DIRECTORIES + 8 * i, i << LARGE_PAGE_SHIFT | PAGE_ENTRY);
        }
    }

    private static void write(PhysicalMemory memory, long gpa, long value) {
        memory.write(L1Memory.L2_RAM + gpa, 8, value);
    }
}

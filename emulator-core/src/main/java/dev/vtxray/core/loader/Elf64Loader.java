package dev.vtxray.core.loader;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.memory.PhysicalMemory;
import java.util.Arrays;

/**
 * Starts a 64-bit ELF image on bare hardware, as firmware would that hands over in 64-bit mode.
 *
 * <p>The image finds: CPL 0, IF = 0, paging on with the first 4 GiB identity-mapped by pages of 2 MBytes (all writable
 * and executable), CS = 08H (64-bit code), the other segment registers 10H (data), no task register, an empty IDT,
 * RDI = the number of the CPU, RSI = {@link #PARAMETERS}, RSP = the end of a stack of {@link #STACK_SIZE} bytes.
 *
 * <p>Low memory is laid out as follows; an image must not touch it.
 * <table>
 * <caption>Low memory</caption>
 * <tr><td>1000H-1FFFH</td><td>parameter block, zero</td></tr>
 * <tr><td>8000H-FFFFH</td><td>stacks: CPU 0 at the top, CPU 7 at the bottom</td></tr>
 * <tr><td>70000H-75FFFH</td><td>paging structures</td></tr>
 * <tr><td>76000H-76FFFH</td><td>GDT</td></tr>
 * </table>
 */
public final class Elf64Loader {
    /** Physical and linear address of the page that is handed over in RSI. */
    public static final long PARAMETERS = 0x1000;

    /** End of the stack of CPU 0. */
    public static final long STACK_TOP = 0x1_0000;
    /** Bytes of stack for each CPU. */
    public static final int STACK_SIZE = 0x1000;
    /** CPUs that can be started this way. */
    public static final int MAX_CPUS = 8;

    private static final int PAGE = 0x1000;
    private static final int GIGABYTES = 4;
    private static final long PML4 = 0x7_0000;
    private static final long PAGE_DIRECTORY_POINTERS = PML4 + PAGE;
    private static final long PAGE_DIRECTORIES = PAGE_DIRECTORY_POINTERS + PAGE;
    private static final long GDT = PAGE_DIRECTORIES + GIGABYTES * PAGE;
    private static final long TABLES_END = GDT + PAGE;
    private static final long STACKS = STACK_TOP - MAX_CPUS * STACK_SIZE;

    // SDM, Paging, 4-Level Paging: present, writable, and for a directory entry that maps a page: page size.
    private static final long TABLE_ENTRY = 0x003;
    private static final long PAGE_ENTRY = 0x083;
    private static final int ENTRIES = 512;
    private static final int PAGE_SHIFT = 21;

    private static final int CODE = 0x08;
    private static final int DATA = 0x10;
    // SDM, Segment Descriptors: accessed; base 0, limit FFFFFH pages of 4 KBytes.
    private static final long CODE_DESCRIPTOR = 0x00AF_9B00_0000_FFFFL;
    private static final long DATA_DESCRIPTOR = 0x00CF_9300_0000_FFFFL;
    private static final int GDT_LIMIT = 3 * 8 - 1;

    private Elf64Loader() {}

    /**
     * Loads an image, and builds what it finds besides itself.
     *
     * @throws ImageException if it is no 64-bit image, does not fit into RAM, or overlaps the tables in low memory
     */
    public static LoadedImage load(Elf elf, PhysicalMemory memory) {
        if (elf.bits() != 64) {
            throw new ImageException("a 64-bit ELF image is needed, this one has " + elf.bits() + " bits");
        }
        checkLowMemory(elf, memory, PARAMETERS, PAGE);
        checkLowMemory(elf, memory, STACKS, STACK_TOP - STACKS);
        checkLowMemory(elf, memory, PML4, TABLES_END - PML4);
        elf.checkFits(memory);
        checkMapped(elf);
        memory.clear(PARAMETERS, PAGE);
        memory.clear(STACKS, STACK_TOP - STACKS);
        memory.clear(PML4, TABLES_END - PML4);
        elf.load(memory);
        writePagingStructures(memory);
        memory.write(GDT + CODE, 8, CODE_DESCRIPTOR);
        memory.write(GDT + DATA, 8, DATA_DESCRIPTOR);
        return new LoadedImage(64, elf.entry(), elf.segments(), PARAMETERS);
    }

    /**
     * Lets a CPU start at the entry point of an image that was loaded before.
     *
     * @param number what RDI is to hold and which stack the CPU gets, 0-7
     */
    public static void enter(Cpu cpu, LoadedImage image, int number) {
        if (image.bits() != 64) {
            throw new IllegalArgumentException(
                    "an image of " + image.bits() + " bits cannot be entered in 64-bit mode");
        }
        if (number < 0 || number >= MAX_CPUS) {
            throw new IllegalArgumentException("CPU number " + number + " is not 0-" + (MAX_CPUS - 1));
        }
        cpu.init();
        cpu.activity = Activity.ACTIVE;
        Arrays.fill(cpu.r, 0);
        cpu.r[Cpu.RDI] = number;
        cpu.r[Cpu.RSI] = PARAMETERS;
        cpu.r[Cpu.RSP] = STACK_TOP - (long) number * STACK_SIZE;
        cpu.rip = image.entry();
        cpu.cr0 = Control.CR0_PE | Control.CR0_ET | Control.CR0_NE | Control.CR0_WP | Control.CR0_PG;
        cpu.cr3 = PML4;
        cpu.cr4 = Control.CR4_PAE;
        cpu.efer = Control.EFER_LME | Control.EFER_LMA;
        for (SegmentRegister segment : cpu.seg) {
            segment.setDescriptor(DATA, DATA_DESCRIPTOR);
        }
        cpu.seg[SegmentRegister.CS].setDescriptor(CODE, CODE_DESCRIPTOR);
        cpu.gdtrBase = GDT;
        cpu.gdtrLimit = GDT_LIMIT;
        cpu.idtrLimit = 0;
        cpu.contextChanged();
    }

    private static void checkLowMemory(Elf elf, PhysicalMemory memory, long first, long length) {
        if (!memory.isRam(first, length)) {
            throw new ImageException("a 64-bit image needs RAM at " + Elf.range(first, length)
                    + " for its start, RAM has " + Elf.hex(memory.size()) + " bytes");
        }
        if (elf.overlaps(first, length)) {
            throw new ImageException("a segment overlaps " + Elf.range(first, length)
                    + ", where page tables, stacks and parameters for its start lie");
        }
    }

    private static void checkMapped(Elf elf) {
        if (elf.entry() >>> 32 != 0) {
            throw new ImageException("the entry point " + Elf.hex(elf.entry()) + " lies above the mapped 4 GiB");
        }
    }

    private static void writePagingStructures(PhysicalMemory memory) {
        memory.write(PML4, 8, PAGE_DIRECTORY_POINTERS | TABLE_ENTRY);
        for (int i = 0; i < GIGABYTES; i++) {
            memory.write(PAGE_DIRECTORY_POINTERS + 8L * i, 8, PAGE_DIRECTORIES + (long) i * PAGE | TABLE_ENTRY);
        }
        for (long i = 0; i < GIGABYTES * ENTRIES; i++) {
            memory.write(PAGE_DIRECTORIES + 8 * i, 8, i << PAGE_SHIFT | PAGE_ENTRY);
        }
    }
}

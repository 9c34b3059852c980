package dev.vtxray.core.loader;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.memory.Bytes;
import dev.vtxray.core.memory.PhysicalMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts a 32-bit ELF image by the Multiboot Specification, version 1.
 *
 * <p>The image finds 32-bit protected mode without paging, flat segments (CS = 08H, others 10H), IF = 0, EAX =
 * {@link #BOOT_MAGIC} and EBX = the address of the information structure, which lies below A0000H together with command
 * line, memory map and module list. Modules lie page-aligned behind the image.
 */
public final class MultibootLoader {
    /** What EAX holds. */
    public static final long BOOT_MAGIC = 0x2BAD_B002L;

    /** Where the information structure lies unless the image is there. */
    public static final long INFO = 0x9500;

    private static final int HEADER_MAGIC = 0x1BAD_B002;
    private static final int HEADER_SEARCH = 8192;
    private static final int HEADER_SIZE = 12;
    // Bits 0-15 of the header's flags are demands: modules on page boundaries and memory information are met always.
    private static final int DEMANDS = 0xFFFF;
    private static final int DEMANDS_MET = 3;
    private static final int ADDRESS_FIELDS = 1 << 16;

    private static final int PAGE = 0x1000;
    private static final long INFO_END = 0x9_FC00;

    private static final int CODE = 0x08;
    private static final int DATA = 0x10;
    // 4-GByte segments, present, accessed, 32 bits: execute/read and read/write.
    private static final int CODE_ACCESS = 0xC09B;
    private static final int DATA_ACCESS = 0xC093;

    private MultibootLoader() {}

    /** A module at its place. */
    record PlacedModule(BootModule module, long first) {
        long end() {
            return first + module.size();
        }
    }

    /**
     * Loads an image and its modules and tells it about the machine.
     *
     * @param commandLine what the image gets as its command line, by convention beginning with its own name
     * @throws ImageException if it is no multiboot image, asks for what this loader does not give, or does not fit
     * @throws IllegalArgumentException if a command line holds a NUL character
     */
    public static LoadedImage load(Elf elf, String commandLine, List<BootModule> modules, PhysicalMemory memory) {
        if (elf.bits() != 32) {
            throw new ImageException("a multiboot image is a 32-bit ELF file, this one has " + elf.bits() + " bits");
        }
        checkHeader(elf.file());
        elf.checkFits(memory);
        List<PlacedModule> placed = place(modules, elf, memory);
        MultibootInfo info = new MultibootInfo(commandLine, placed, memory.size());
        long infoHpa = placeInfo(elf, memory, info.size());
        elf.load(memory);
        for (PlacedModule module : placed) {
            memory.write(
                    module.first(),
                    module.module().content(),
                    0,
                    module.module().size());
        }
        memory.write(infoHpa, info.at(infoHpa), 0, info.size());
        return new LoadedImage(32, elf.entry(), elf.segments(), infoHpa);
    }

    /** Lets a CPU start at the entry point of an image that was loaded before. */
    public static void enter(Cpu cpu, LoadedImage image) {
        if (image.bits() != 32) {
            throw new IllegalArgumentException(
                    "an image of " + image.bits() + " bits cannot be entered in 32-bit protected mode");
        }
        cpu.init();
        cpu.activity = Activity.ACTIVE;
        cpu.r[Cpu.RAX] = BOOT_MAGIC;
        cpu.r[Cpu.RBX] = image.info();
        cpu.rip = image.entry();
        cpu.cr0 = Control.CR0_PE | Control.CR0_ET;
        for (SegmentRegister segment : cpu.seg) {
            segment.set(DATA, 0, -1, DATA_ACCESS);
        }
        cpu.seg[SegmentRegister.CS].set(CODE, 0, -1, CODE_ACCESS);
        cpu.contextChanged();
    }

    /** Whether the first 8 KBytes of a file hold a multiboot header. */
    public static boolean hasHeader(byte[] file) {
        return headerOffset(file) >= 0;
    }

    private static int headerOffset(byte[] file) {
        int end = Math.min(file.length, HEADER_SEARCH) - HEADER_SIZE;
        for (int at = 0; at <= end; at += 4) {
            int magic = (int) Bytes.load32(file, at);
            int sum = magic + (int) Bytes.load32(file, at + 4) + (int) Bytes.load32(file, at + 8);
            if (magic == HEADER_MAGIC && sum == 0) {
                return at;
            }
        }
        return -1;
    }

    private static void checkHeader(byte[] file) {
        int at = headerOffset(file);
        if (at < 0) {
            throw new ImageException("no multiboot header in the first 8192 bytes");
        }
        int flags = (int) Bytes.load32(file, at + 4);
        if ((flags & DEMANDS & ~DEMANDS_MET) != 0) {
            throw new ImageException("the multiboot header demands features " + Elf.hex(flags & DEMANDS)
                    + ", only bits 0 and 1 are given");
        }
        if ((flags & ADDRESS_FIELDS) != 0) {
            throw new ImageException("the multiboot header has address fields of its own instead of the ELF ones");
        }
    }

    private static List<PlacedModule> place(List<BootModule> modules, Elf elf, PhysicalMemory memory) {
        List<PlacedModule> placed = new ArrayList<>();
        List<Segment> segments = elf.segments();
        long next = Math.max(
                MultibootInfo.HIGH_MEMORY, segments.get(segments.size() - 1).end());
        for (BootModule module : modules) {
            long first = next + PAGE - 1 & -PAGE;
            next = first + module.size();
            if (!memory.isRam(first, module.size()) || next > MultibootInfo.DEVICES) {
                throw new ImageException("module " + module.commandLine() + " does not fit into RAM: it needs "
                        + Elf.range(first, module.size()));
            }
            placed.add(new PlacedModule(module, first));
        }
        return placed;
    }

    /** The first place, in steps of a page, that the image leaves free. */
    private static long placeInfo(Elf elf, PhysicalMemory memory, int size) {
        for (long first = INFO; first + size <= INFO_END; first += PAGE) {
            if (!elf.overlaps(first, size) && memory.isRam(first, size)) {
                return first;
            }
        }
        throw new ImageException("no room for " + size + " bytes of multiboot information between " + Elf.hex(INFO)
                + " and " + Elf.hex(INFO_END));
    }
}

package dev.vtxray.core.loader;

import dev.vtxray.core.loader.MultibootLoader.PlacedModule;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The information structure of the Multiboot Specification and what it points to, as one run of bytes: structure,
 * memory map, module list, texts.
 */
final class MultibootInfo {
    /** Where memory above the first megabyte begins. */
    static final long HIGH_MEMORY = 0x10_0000;
    /** From here to 4 GiB addresses belong to devices, even where RAM reaches so far. */
    static final long DEVICES = 0xFE00_0000L;

    private static final long FOUR_GIGABYTES = 1L << 32;
    private static final long LOW_MEMORY_END = 0x9_FC00;
    private static final long FIRMWARE = 0xF_0000;
    private static final String LOADER_NAME = "VTXray";

    private static final int STRUCTURE_SIZE = 88;
    private static final int REGION_SIZE = 24;
    private static final int MODULE_SIZE = 16;

    // Offsets in the structure, and the bits of its first field that say which are valid.
    private static final int FLAGS = 0;
    private static final int MEM_LOWER = 4;
    private static final int MEM_UPPER = 8;
    private static final int CMDLINE = 16;
    private static final int MODS_COUNT = 20;
    private static final int MODS_ADDR = 24;
    private static final int MMAP_LENGTH = 44;
    private static final int MMAP_ADDR = 48;
    private static final int BOOT_LOADER_NAME = 64;
    private static final int VALID = 1 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9;

    private static final int AVAILABLE = 1;
    private static final int RESERVED = 2;

    private final List<PlacedModule> modules;
    private final List<Region> regions;
    private final List<byte[]> texts = new ArrayList<>();
    private final long upperKilobytes;

    private record Region(long first, long end, int type) {}

    MultibootInfo(String commandLine, List<PlacedModule> modules, long ramSize) {
        this.modules = modules;
        this.regions = memoryMap(ramSize);
        this.upperKilobytes = Math.max(0, Math.min(ramSize, DEVICES) - HIGH_MEMORY) >> 10;
        texts.add(text(commandLine));
        texts.add(text(LOADER_NAME));
        for (PlacedModule module : modules) {
            texts.add(text(module.module().commandLine()));
        }
    }

    /** Bytes of the whole. */
    int size() {
        return textOffset(texts.size());
    }

    /** The bytes, for this physical address. */
    byte[] at(long hpa) {
        ByteBuffer bytes = ByteBuffer.allocate(size()).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(FLAGS, VALID);
        bytes.putInt(MEM_LOWER, (int) (LOW_MEMORY_END >> 10));
        bytes.putInt(MEM_UPPER, (int) upperKilobytes);
        bytes.putInt(CMDLINE, (int) hpa + textOffset(0));
        bytes.putInt(MODS_COUNT, modules.size());
        bytes.putInt(MODS_ADDR, (int) hpa + modulesOffset());
        bytes.putInt(MMAP_LENGTH, regions.size() * REGION_SIZE);
        bytes.putInt(MMAP_ADDR, (int) hpa + STRUCTURE_SIZE);
        bytes.putInt(BOOT_LOADER_NAME, (int) hpa + textOffset(1));
        bytes.position(STRUCTURE_SIZE);
        for (Region region : regions) {
            // The first field does not count itself.
            bytes.putInt(REGION_SIZE - Integer.BYTES);
            bytes.putLong(region.first).putLong(region.end - region.first).putInt(region.type);
        }
        for (int i = 0; i < modules.size(); i++) {
            PlacedModule module = modules.get(i);
            bytes.putInt((int) module.first()).putInt((int) module.end());
            bytes.putInt((int) hpa + textOffset(2 + i)).putInt(0);
        }
        texts.forEach(bytes::put);
        return bytes.array();
    }

    private int modulesOffset() {
        return STRUCTURE_SIZE + regions.size() * REGION_SIZE;
    }

    private int textOffset(int index) {
        int offset = modulesOffset() + modules.size() * MODULE_SIZE;
        for (byte[] text : texts.subList(0, index)) {
            offset += text.length;
        }
        return offset;
    }

    private static List<Region> memoryMap(long ramSize) {
        List<Region> map = new ArrayList<>();
        addAvailable(map, 0, Math.min(ramSize, LOW_MEMORY_END));
        map.add(new Region(LOW_MEMORY_END, 0xA_0000, RESERVED));
        map.add(new Region(FIRMWARE, HIGH_MEMORY, RESERVED));
        addAvailable(map, HIGH_MEMORY, Math.min(ramSize, DEVICES));
        map.add(new Region(DEVICES, FOUR_GIGABYTES, RESERVED));
        addAvailable(map, FOUR_GIGABYTES, ramSize);
        return map;
    }

    private static void addAvailable(List<Region> map, long first, long end) {
        if (end > first) {
            map.add(new Region(first, end, AVAILABLE));
        }
    }

    private static byte[] text(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a command line for the image holds a NUL character: " + text);
        }
        return (text + '\0').getBytes(StandardCharsets.UTF_8);
    }
}

package dev.vtxray.testkit.pc;

import dev.vtxray.core.loader.BootModule;
import dev.vtxray.core.loader.Elf;
import dev.vtxray.core.loader.Elf64Loader;
import dev.vtxray.core.loader.ImageException;
import dev.vtxray.core.loader.LoadedImage;
import dev.vtxray.core.loader.MultibootLoader;
import java.util.List;

/** A program for bare hardware: a 64-bit ELF image, or a 32-bit one that asks for a multiboot loader by its header. */
public final class BootImage {
    private final Elf elf;
    private final boolean multiboot;

    private BootImage(Elf elf, boolean multiboot) {
        this.elf = elf;
        this.multiboot = multiboot;
    }

    /**
     * Reads an image file.
     *
     * @throws ImageException if it is neither kind of image, is truncated or contradicts itself
     */
    public static BootImage parse(byte[] file) {
        Elf elf = Elf.parse(file);
        boolean multiboot = MultibootLoader.hasHeader(file);
        if (elf.bits() == 32 && !multiboot) {
            throw new ImageException("a 32-bit image without multiboot header in its first 8192 bytes");
        }
        return new BootImage(elf, elf.bits() == 32);
    }

    /** Whether it gets a command line and modules. */
    public boolean isMultiboot() {
        return multiboot;
    }

    /**
     * Puts the image into the memory of a PC and lets CPU 0 start at its entry point; the other CPUs wait for INIT and
     * a Start-up IPI, as behind real firmware.
     *
     * @param commandLine what a multiboot image gets, by convention beginning with its own name
     * @param modules     files for a multiboot image
     * @throws ImageException if it does not fit
     */
    public void start(Pc pc, String commandLine, List<BootModule> modules) {
        if (multiboot) {
            LoadedImage loaded = MultibootLoader.load(elf, commandLine, modules, pc.memory());
            MultibootLoader.enter(pc.cpu(0), loaded);
        } else {
            LoadedImage loaded = Elf64Loader.load(elf, pc.memory());
            Elf64Loader.enter(pc.cpu(0), loaded, 0);
        }
    }
}

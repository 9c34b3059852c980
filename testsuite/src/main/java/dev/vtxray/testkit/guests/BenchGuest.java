package dev.vtxray.testkit.guests;

import dev.vtxray.core.loader.Elf64Loader;
import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.testkit.pc.BootImage;
import dev.vtxray.testkit.pc.Pc;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Properties;

/**
 * A benchmark program in one of its variants, with the checksum that the same C source computed natively. The parameter
 * block is described in {@code bench/bench.h}.
 *
 * @param name       name of the program, for example {@code alu}
 * @param variant    0, or a number below the program's number of variants
 * @param iterations number of iterations that take about 100 million instructions
 * @param checksum   result of that many iterations
 */
public record BenchGuest(String name, int variant, long iterations, long checksum) {
    private static final long MAGIC = 0x4843_4E45_4258_5456L;
    private static final int ITERATIONS = 0x08;
    private static final int VARIANT = 0x10;
    private static final int CHECKSUM = 0x18;
    private static final int FINISHED = 0x20;

    /** All programs with all their variants. */
    public static List<BenchGuest> all() {
        Properties expected = expected();
        return List.of(
                of("alu", 0, expected),
                of("mem", 0, expected),
                of("mem", 1, expected),
                of("fib", 0, expected),
                of("sha", 0, expected),
                of("sort", 0, expected),
                of("flat", 0, expected));
    }

    private static BenchGuest of(String name, int variant, Properties expected) {
        String key = name + "." + variant;
        return new BenchGuest(
                name,
                variant,
                Long.parseLong(expected.getProperty(key + ".iterations")),
                Long.parseUnsignedLong(expected.getProperty(key + ".checksum"), 16));
    }

    private static Properties expected() {
        Properties expected = new Properties();
        try {
            expected.load(
                    new StringReader(new String(GuestFile.read("expected.properties"), StandardCharsets.ISO_8859_1)));
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        return expected;
    }

    /** Lets it start on CPU 0 of a PC, for a number of iterations of one's own. */
    public void start(Pc pc, long ownIterations) {
        BootImage.parse(GuestFile.read(name + ".elf")).start(pc, name, List.of());
        PhysicalMemory memory = pc.memory();
        memory.write(Elf64Loader.PARAMETERS, 8, MAGIC);
        memory.write(Elf64Loader.PARAMETERS + ITERATIONS, 8, ownIterations);
        memory.write(Elf64Loader.PARAMETERS + VARIANT, 8, variant);
    }

    /** Whether it has come to its end on this PC. */
    public static boolean hasFinished(Pc pc) {
        return pc.memory().read(Elf64Loader.PARAMETERS + FINISHED, 8) == 1;
    }

    /** The checksum that it left on this PC. */
    public static long checksumOn(Pc pc) {
        return pc.memory().read(Elf64Loader.PARAMETERS + CHECKSUM, 8);
    }

    @Override
    public String toString() {
        return name + (name.equals("mem") ? variant == 0 ? " copy" : " chase" : "");
    }
}

package dev.vtxray.core.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.vtxray.core.memory.PhysicalMemory;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images as a compiler and a linker make them, where there are any; readelf, nm and objcopy say what is in them. */
class LinkedImageTests {
    private static final String SOURCE =
            """
            int table[4] = {1, 2, 3, 4};
            char zeros[100000];
            int helper(int n) { return n + zeros[n]; }
            void _start(void) { zeros[1] = (char) helper(table[2]); for (;;) {} }
            """;

    @TempDir
    private Path folder;

    @BeforeAll
    static void needsBinutils() {
        for (String tool : new String[] {"gcc", "ld", "readelf", "nm", "objcopy"}) {
            assumeTrue(isOnPath(tool), tool + " is not installed");
        }
    }

    private static boolean isOnPath(String tool) {
        String path = System.getenv().getOrDefault("PATH", "");
        return Stream.of(path.split(File.pathSeparator)).anyMatch(entry -> Files.isExecutable(Path.of(entry, tool)));
    }

    private String tool(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as("%s: %s", String.join(" ", command), output)
                .isZero();
        return output;
    }

    private Elf link(int bits) throws IOException, InterruptedException {
        Files.writeString(folder.resolve("image.c"), SOURCE);
        tool("gcc", "-m" + bits, "-O1", "-ffreestanding", "-fno-pic", "-fcf-protection=none", "-c", "image.c");
        String emulation = bits == 64 ? "elf_x86_64" : "elf_i386";
        tool("ld", "-m", emulation, "-static", "-Ttext=0x200000", "-Tdata=0x300000", "-o", "image.elf", "image.o");
        return Elf.parse(Files.readAllBytes(folder.resolve("image.elf")));
    }

    @ParameterizedTest
    @ValueSource(ints = {32, 64})
    void segmentsAndEntryPointAreThoseThatReadelfSees(int bits) throws Exception {
        Elf elf = link(bits);
        List<String> expected = new ArrayList<>();
        for (String line : tool("readelf", "-lW", "image.elf").lines().toList()) {
            String[] words = line.strip().split("\\s+", -1);
            if (words[0].equals("LOAD")) {
                expected.add(segment(words[1], words[2], words[3], words[4], words[5]));
            }
        }
        assertThat(elf.bits()).isEqualTo(bits);
        assertThat(elf.segments().stream()
                        .map(s -> new long[] {s.fileOffset(), s.virtual(), s.physical(), s.fileSize(), s.memorySize()})
                        .map(LinkedImageTests::hex))
                .isNotEmpty()
                .containsExactlyElementsOf(expected);
        assertThat(tool("readelf", "-hW", "image.elf"))
                .containsPattern("Entry point address:\\s+0x" + Long.toHexString(elf.entry()) + "\\s");
    }

    private static String segment(String... words) {
        return hex(Stream.of(words).mapToLong(Long::decode).toArray());
    }

    private static String hex(long[] numbers) {
        StringBuilder text = new StringBuilder();
        for (long number : numbers) {
            text.append(Long.toHexString(number)).append(' ');
        }
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(ints = {32, 64})
    void symbolsAreThoseThatNmSees(int bits) throws Exception {
        Elf elf = link(bits);
        int seen = 0;
        for (String line : tool("nm", "--defined-only", "image.elf").lines().toList()) {
            String[] words = line.split(" ", -1);
            assertThat(elf.symbol(words[2])).as(words[2]).hasValue(Long.parseUnsignedLong(words[0], 16));
            seen++;
        }
        assertThat(seen).isGreaterThanOrEqualTo(4);
        assertThat(elf.symbol("nowhere")).isEmpty();
    }

    @Test
    void memoryHoldsWhatObjcopyMakesOfTheImage() throws Exception {
        Elf elf = link(64);
        PhysicalMemory memory = new PhysicalMemory(16 << 20);
        Elf64Loader.load(elf, memory);
        tool("objcopy", "-O", "binary", "-j", ".text", "image.elf", "text.bin");
        tool("objcopy", "-O", "binary", "-j", ".data", "image.elf", "data.bin");
        byte[] text = Files.readAllBytes(folder.resolve("text.bin"));
        byte[] data = Files.readAllBytes(folder.resolve("data.bin"));
        assertThat(memory.readBytes(0x20_0000, text.length)).isEqualTo(text);
        assertThat(memory.readBytes(0x30_0000, data.length)).isEqualTo(data);
        assertThat(memory.readBytes(elf.symbol("zeros").orElseThrow(), 100_000)).containsOnly(0);
    }
}

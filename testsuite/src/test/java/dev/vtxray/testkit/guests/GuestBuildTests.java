package dev.vtxray.testkit.guests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The guest images in the repository are what their sources say, and what their loaders expect. */
class GuestBuildTests {
    private static final String INSTALL =
            "install gcc, binutils and make (Debian: apt-get install gcc make) to rebuild the guests";
    private static final List<String> IMAGES =
            List.of("pingpong", "hello", "alu", "mem", "fib", "sha", "sort", "flat", "mboot");
    private static final String EXPECTED = "expected.properties";

    private static final long GUEST_BASE = 0x200000;
    private static final long MULTIBOOT_BASE = 0x400000;
    private static final int MULTIBOOT_MAGIC = 0x1BADB002;
    private static final int PAGE = 0x1000;
    private static final long PINGPONG_LIMIT = GUEST_BASE + 64 * 1024;

    /** Common to all tests: make builds there only once. */
    @TempDir
    static Path folder;

    @Test
    void rebuiltImagesAreTheOnesInTheRepository() throws Exception {
        assumeTrue(GuestBuild.toolsArePresent(), INSTALL);
        GuestBuild.build(GuestBuild.SOURCES, folder);
        boolean sameTools = source().contains("`" + GuestBuild.version("gcc") + "`")
                && source().contains("`" + GuestBuild.version("ld") + "`");
        for (String name : IMAGES) {
            byte[] built = Files.readAllBytes(folder.resolve(name + ".elf"));
            byte[] kept = GuestImage.resource(name + ".elf");
            if (sameTools) {
                assertThat(built).as(name).isEqualTo(kept);
            } else {
                assertThat(placement(built)).as(name).isEqualTo(placement(kept));
            }
        }
    }

    @Test
    void imagesDoNotDependOnWhereTheyAreBuilt() throws Exception {
        assumeTrue(GuestBuild.toolsArePresent(), INSTALL);
        Path elsewhere = folder.resolve("a/deeper/place");
        Files.createDirectories(elsewhere.getParent());
        GuestBuild.copySources(elsewhere);
        Path built = folder.resolve("elsewhere");
        GuestBuild.build(GuestBuild.SOURCES, folder);
        GuestBuild.build(elsewhere, built);
        for (String name : IMAGES) {
            assertThat(built.resolve(name + ".elf")).hasSameBinaryContentAs(folder.resolve(name + ".elf"));
        }
    }

    @Test
    void nativeRunFindsTheChecksumsInTheRepository() throws Exception {
        assumeTrue(GuestBuild.toolsArePresent(), INSTALL);
        GuestBuild.build(GuestBuild.SOURCES, folder);
        assertThat(folder.resolve(EXPECTED)).hasBinaryContent(GuestImage.resource(EXPECTED));
    }

    @Test
    void hashFunctionAgreesWithSha256sumAndNoImageHoldsVectorCode() throws Exception {
        assumeTrue(GuestBuild.toolsArePresent(), INSTALL);
        List<String> check = List.of("make", "-s", "-C", GuestBuild.SOURCES.toString(), "OUT=" + folder, "check");
        assertThatCode(() -> GuestBuild.run(check)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"pingpong", "hello", "alu", "mem", "fib", "sha", "sort", "flat"})
    void programStartsAtTwoMebibytesInSixtyFourBitMode(String name) throws Exception {
        GuestImage image = GuestImage.parse(GuestImage.resource(name + ".elf"));
        assertThat(image.bits()).isEqualTo(64);
        assertThat(image.machine()).isEqualTo(GuestImage.EM_X86_64);
        assertThat(image.entry()).isEqualTo(GUEST_BASE);
        assertThat(image.segments()).allSatisfy(segment -> assertThat(segment.physicalAddress())
                .isEqualTo(segment.virtualAddress())
                .isGreaterThanOrEqualTo(GUEST_BASE));
    }

    @Test
    void pingPongFitsIntoSixtyFourKibibytes() throws Exception {
        assertThat(GuestImage.parse(GuestImage.resource("pingpong.elf")).end()).isLessThanOrEqualTo(PINGPONG_LIMIT);
    }

    @Test
    void multibootImageIsAnElf32FileThatBeginsWithItsHeader() throws Exception {
        byte[] file = GuestImage.resource("mboot.elf");
        GuestImage image = GuestImage.parse(file);
        assertThat(image.bits()).isEqualTo(32);
        assertThat(image.machine()).isEqualTo(GuestImage.EM_386);
        assertThat(image.segments().get(0).physicalAddress()).isEqualTo(MULTIBOOT_BASE);
        assertThat(firstWords(file)).startsWith(MULTIBOOT_MAGIC, 0, -MULTIBOOT_MAGIC);
    }

    private static String source() throws IOException {
        return new String(GuestImage.resource("SOURCE.md"), StandardCharsets.UTF_8);
    }

    /** What another compiler must not change. */
    private static List<Object> placement(byte[] file) {
        GuestImage image = GuestImage.parse(file);
        return List.of(
                image.bits(),
                image.machine(),
                image.entry(),
                image.segments().get(0).physicalAddress());
    }

    /** The first three words of the first segment, which lies one page into the file. */
    private static int[] firstWords(byte[] file) {
        ByteBuffer image = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        return new int[] {image.getInt(PAGE), image.getInt(PAGE + 4), image.getInt(PAGE + 8)};
    }
}

package dev.vtxray.testkit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.memory.Bytes;
import dev.vtxray.testkit.guests.GuestFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunCommandTests {
    private static final int PROGRAM_HEADERS = 64;
    private static final int PROGRAM_HEADER = 56;
    private static final int PHYSICAL = 24;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path folder;

    // what a guest does

    @Test
    void printsTheSerialOutputAndEndsWithTheGuestsStatus() throws IOException {
        assertThat(run(guest("hello.elf"))).isEqualTo(1);
        assertThat(out).hasToString("Hello from VTXray\n");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void aMultibootImageGetsItsPathAndTheAppendedTextAsCommandLine() throws IOException {
        String image = guest("mboot.elf");
        assertThat(run(image, "--smp", "2", "--append", "one two")).isEqualTo(1);
        assertThat(out.toString())
                .contains("command line: " + image + " one two\n")
                .endsWith("ap online\n");
    }

    @Test
    void aTripleFaultIsNamedWithRegistersAndLastInstructions() throws IOException {
        String image = program("48 C7 C0 78 56 34 12  90  0F 0B"); // mov rax,12345678H; nop; ud2
        assertThat(run(image)).isEqualTo(4);
        assertThat(err.toString().lines().findFirst().orElseThrow())
                .isEqualTo("vtxray run: " + image + ": CPU 0 shut down (triple fault) [SHUTDOWN]");
        assertThat(err.toString())
                .contains("RIP 0000000000200008", "RAX 0000000012345678")
                .containsSubsequence("last instructions:", "mov rax,0x12345678", "nop", "next:", "200008  ud2");
    }

    @Test
    void aGuestThatSpinsUsesUpItsBudgetAndIsShown() throws IOException {
        String image = program("90 EB FE"); // nop; jmp $
        assertThat(run(image, "--max-instructions", "2500000")).isEqualTo(6);
        assertThat(err.toString())
                .contains("[BUDGET_EXHAUSTED]")
                .containsSubsequence("last instructions:", "200001  jmp 0x200001", "next:", "200001  jmp 0x200001");
    }

    @Test
    void aGuestThatHaltsForGoodIsShown() throws IOException {
        assertThat(run(program("FA F4"))).isEqualTo(8); // cli; hlt
        assertThat(err.toString()).contains("[ALL_WAITING]", "HLT").containsSubsequence("200000  cli", "200001  hlt");
    }

    @Test
    void anEndInTheMiddleOfALongRunIsShown() throws IOException {
        // mov ecx,3000000; loop $; ud2
        assertThat(run(program("B9 C0 C6 2D 00  E2 FE  0F 0B"))).isEqualTo(4);
        assertThat(err.toString()).containsSubsequence("200005  loop 0x200005", "next:", "200007  ud2");
    }

    @Test
    void statisticsAreTheSameEachTime() throws IOException {
        Path first = folder.resolve("first.json");
        Path second = folder.resolve("second.json");
        String image = guest("mboot.elf");
        assertThat(run(image, "--smp", "2", "--stats", first.toString())).isEqualTo(1);
        assertThat(run(image, "--smp", "2", "--stats", second.toString())).isEqualTo(1);
        assertThat(first).hasSameTextualContentAs(second);
        assertThat(Files.readString(first)).contains("\"kind\": \"GUEST_EXIT\"", "\"instructions\": ", "\"cpu\": 1");
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("mboot.elf", "first.json", "second.json");
    }

    // what the user does wrong

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            --smp 0                 | --smp 0: a machine has 1 to 255 CPUs
            --smp -1                | --smp -1: a machine has 1 to 255 CPUs
            --smp 256               | --smp 256: a machine has 1 to 255 CPUs
            --smp many              | 'many'
            --memory 0              | --memory 0: size "0" is zero
            --memory -5M            | --memory -5M: size "-5M" is not a number
            --memory 4097           | --memory 4097: RAM size 4097 is not a positive multiple of 4096
            --memory 99999999T      | --memory 99999999T: size "99999999T" is larger than any memory
            --memory 2T             | --memory 2T: RAM size 2199023255552 is not
            --memory 64K            | hello.elf: a 64-bit image needs RAM at
            --memory 1M             | hello.elf: segment 200000H
            --cpu pentium           | --cpu pentium: unknown profile; known are sandybridge-ep, ivybridge-ep, haswell
            --max-instructions 0    | --max-instructions 0: at least 1 is needed
            --append x              | hello.elf: --append and --module are for multiboot images
            --stats no/such/a.json  | --stats no/such/a.json: its folder does not exist
            --no-such-option        | '--no-such-option'
            """)
    void optionsThatMakeNoSenseAreRefused(String options, String message) throws IOException {
        String[] all = (guest("hello.elf") + " " + options).split(" ");
        checkRefused(message, all);
        assertThat(folder.toFile().list()).containsExactly("hello.elf");
    }

    @Test
    void statisticsCannotReplaceAFolder() throws IOException {
        checkRefused("is a directory", guest("hello.elf"), "--stats", folder.toString());
    }

    @Test
    void anImageIsNeeded() {
        checkRefused("IMAGE");
    }

    @Test
    void aMissingImageIsNamed() {
        checkRefused("nowhere.elf: no such file", folder.resolve("nowhere.elf").toString());
    }

    @Test
    void aFolderIsNoImage() {
        checkRefused(folder + ": is a directory", folder.toString());
    }

    @Test
    void aMissingModuleIsNamed() throws IOException {
        checkRefused("--module nowhere: no such file", guest("mboot.elf"), "--module", "nowhere");
    }

    @Test
    void anEmptyModuleIsRefused() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty"));
        checkRefused("is empty", guest("mboot.elf"), "--module", empty.toString());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 40, 100, 4097})
    void aTruncatedImageIsRefused(int length) throws IOException {
        byte[] whole = GuestFile.read("hello.elf");
        String image = file("short.elf", Arrays.copyOf(whole, length));
        checkRefused("short.elf: ", image);
        assertThat(err.toString()).containsAnyOf("truncated", "not an ELF file");
    }

    @Test
    void aTextFileIsNoImage() throws IOException {
        checkRefused("notes.txt: not an ELF file", file("notes.txt", "Hello, is this an image?".getBytes()));
    }

    @Test
    void anImageLargerThanAnyIsRefusedUnread() throws IOException {
        Path huge = folder.resolve("huge.elf");
        try (RandomAccessFile sparse = new RandomAccessFile(huge.toFile(), "rw")) {
            sparse.setLength(1L << 33);
        }
        checkRefused("huge.elf: has 8589934592 bytes", huge.toString());
    }

    @Test
    void overlappingSegmentsAreRefused() throws IOException {
        byte[] image = GuestFile.read("alu.elf");
        long first = Bytes.load64(image, PROGRAM_HEADERS + PHYSICAL);
        Bytes.store64(image, PROGRAM_HEADERS + PROGRAM_HEADER + PHYSICAL, first);
        checkRefused("overlap.elf: segments 200000H", file("overlap.elf", image));
    }

    @Test
    void aSegmentOutsideRamIsRefused() throws IOException {
        byte[] image = GuestFile.read("alu.elf");
        Bytes.store64(image, PROGRAM_HEADERS + PROGRAM_HEADER + PHYSICAL, 1L << 36);
        checkRefused("lies outside RAM", file("outside.elf", image));
    }

    @Test
    void helpNamesEveryOptionAndStatus() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString())
                .contains("--append", "--module", "--smp", "--memory", "--cpu", "--max-instructions", "--stats")
                .contains("haswell-ep", "Exit status:", "triple fault");
    }

    private void checkRefused(String message, String... args) {
        assertThat(run(args)).isEqualTo(2);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith("vtxray run: ")
                .contains(message);
    }

    private int run(String... args) {
        String[] all = new String[args.length + 1];
        all[0] = "run";
        System.arraycopy(args, 0, all, 1, args.length);
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), all);
    }

    private String guest(String name) throws IOException {
        return file(name, GuestFile.read(name));
    }

    /** An image whose code begins with these bytes, at 200000H. */
    private String program(String code) throws IOException {
        byte[] image = GuestFile.read("hello.elf");
        int at = (int) Bytes.load64(image, PROGRAM_HEADERS + 8);
        String[] bytes = code.trim().split(" +");
        for (int i = 0; i < bytes.length; i++) {
            image[at + i] = (byte) Integer.parseInt(bytes[i], 16);
        }
        return file("program.elf", image);
    }

    private String file(String name, byte[] content) throws IOException {
        return Files.write(folder.resolve(name), content).toString();
    }
}

package dev.vtxray.core.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.vtxray.core.semantics.BaseInstructions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Code that compilers wrote: the shared library of the Java machine that runs the tests, read by objdump and by rows. */
class StockBinariesTests {
    private static final int INSTRUCTIONS = 300_000;
    private static final List<Row> ROWS = BaseInstructions.rows();
    private static List<Objdump.Line> lines = List.of();
    private final Decoder decoder = new Decoder(ROWS, feature -> true);

    @BeforeAll
    static void disassemble() throws IOException {
        assumeTrue(Objdump.isInstalled(), "objdump is not installed");
        Path library = Path.of(System.getProperty("java.home"), "lib", "server", "libjvm.so");
        assumeTrue(Files.isRegularFile(library), "the Java machine has no " + library.getFileName());
        assumeTrue(System.getProperty("os.arch").equals("amd64"), "the Java machine is not compiled for x86-64");
        lines = Objdump.disassemble(library, INSTRUCTIONS);
    }

    private Insn decode(Objdump.Line line) {
        byte[] code = Arrays.copyOf(line.bytes(), line.bytes().length + Decoder.MAX_LENGTH);
        Insn insn = decoder.decode(code, 0, code.length, 8, 0);
        assertThat(insn).as(line.text()).isNotNull();
        return insn;
    }

    @Test
    void everyCoveredInstructionHasTheLengthAndTheTextThatObjdumpGivesIt() {
        List<String> failures = new ArrayList<>();
        int covered = 0;
        for (Objdump.Line line : lines) {
            Insn insn = decode(line);
            if (insn.row == Undefined.ROW) {
                continue;
            }
            covered++;
            String ours = Normalization.of(Disassembler.text(insn, line.address()), 8);
            String theirs = Normalization.of(line.text(), 8);
            if (insn.length != line.bytes().length || !KnownDifferences.agree(insn, ours, theirs)) {
                failures.add("%x: %d bytes [%s], objdump: %d bytes [%s]"
                        .formatted(line.address(), insn.length, ours, line.bytes().length, theirs));
            }
        }
        assertThat(failures.stream().limit(200)).isEmpty();
        assertThat(covered).as("covered of " + lines.size()).isGreaterThan(100_000);
    }

    @Test
    void noInstructionOfOurRowsGoesUndecoded() {
        Set<String> ours =
                ROWS.stream().map(row -> Mnemonics.family(row.mnemonic())).collect(Collectors.toSet());
        Map<String, String> undecoded = new TreeMap<>();
        for (Objdump.Line line : lines) {
            String text = Normalization.of(line.text(), 8);
            String name = text.replaceAll("^(lock|repn?z|rep) ", "").replaceAll(" .*", "");
            boolean isVector = text.contains("xmm"); // MOVSD and CMPSD are names of SSE2 too
            if (!isVector && decode(line).row == Undefined.ROW && ours.contains(Mnemonics.family(name))) {
                undecoded.putIfAbsent(name, "%x: %s".formatted(line.address(), text));
            }
        }
        assertThat(undecoded).isEmpty();
    }
}

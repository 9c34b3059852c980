package dev.vtxray.core.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.vtxray.core.semantics.BaseInstructions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every row, with every kind of operand that it takes, in every mode: written, read back, and read by objdump. */
class InstructionRoundTripTests {
    private static final List<Row> ROWS = BaseInstructions.rows();
    /** Instructions per run of objdump, 16 bytes apart, so that all addresses fit 16 bits. */
    private static final int SLOTS = 0xF00;

    private final Decoder decoder = new Decoder(ROWS, feature -> true);

    /** One instruction that was written. */
    private record Sample(Row row, int size, int codeSize, List<Operand> operands, long address, byte[] bytes) {
        @Override
        public String toString() {
            return row + " " + operands + " in " + 8 * codeSize + "-bit code, "
                    + HexFormat.of().formatHex(bytes);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8})
    void everyRowIsReadBackAsItWasWritten(int codeSize) {
        List<String> failures = new ArrayList<>();
        for (Sample sample : samples(codeSize)) {
            Insn insn = decoder.decode(sample.bytes, 0, sample.bytes.length, codeSize, 0);
            String failure = failure(sample, insn);
            if (failure != null) {
                failures.add(sample + ": " + failure);
            }
        }
        assertThat(failures).isEmpty();
    }

    private @Nullable String failure(Sample sample, @Nullable Insn insn) {
        if (insn == null) {
            return "is truncated";
        }
        if (insn.length != sample.bytes.length) {
            return "is read with " + insn.length + " bytes";
        }
        if (insn.row != sample.row) {
            return isSpecial(insn.row, sample.row) ? null : "is read as " + insn.row;
        }
        List<Operand> operands = Disassembler.operands(insn, sample.address);
        for (int i = 0; i < operands.size(); i++) {
            boolean isImmediate = sample.operands.get(i) instanceof Imm;
            if (!isImmediate && !operands.get(i).equals(sample.operands.get(i))) {
                return "operands are read as " + operands;
            }
        }
        Encoder again = encode(sample.row, operands, sample.size, sample.codeSize, sample.address);
        return Arrays.equals(again.bytes(), sample.bytes) ? null : "operands are read as " + operands;
    }

    /** A row that stands for part of another: PREFETCHT0 is 0F 18 with one extension. */
    private static boolean isSpecial(Row special, Row general) {
        Row.Encoding a = special.encoding();
        Row.Encoding b = general.encoding();
        return a.map() == b.map() && a.opcode() == b.opcode() && a.extension() >= 0 && b.extension() < 0;
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8})
    void objdumpReadsEveryRowAlike(int codeSize, @TempDir Path folder) throws IOException {
        assumeTrue(Objdump.isInstalled(), "objdump is not installed");
        List<Sample> samples = samples(codeSize);
        List<String> failures = new ArrayList<>();
        for (int i = 0; i < samples.size(); i += SLOTS) {
            compare(samples.subList(i, Math.min(i + SLOTS, samples.size())), codeSize, folder, failures);
        }
        assertThat(failures).isEmpty();
    }

    private void compare(List<Sample> samples, int codeSize, Path folder, List<String> failures) throws IOException {
        ByteArrayOutputStream code = new ByteArrayOutputStream();
        for (Sample sample : samples) {
            code.writeBytes(sample.bytes);
            byte[] padding = new byte[16 - sample.bytes.length];
            Arrays.fill(padding, (byte) 0x90); // NOPs, so that objdump is in step again at the next instruction
            code.writeBytes(padding);
        }
        Map<Long, Objdump.Line> lines = Objdump.disassemble(code.toByteArray(), codeSize, folder);
        for (Sample sample : samples) {
            Objdump.Line line = lines.get(sample.address);
            Insn insn = decoder.decode(sample.bytes, 0, sample.bytes.length, codeSize, 0);
            if (line == null || insn == null) {
                failures.add(sample + ": objdump sees no instruction here");
                continue;
            }
            String theirs = Normalization.of(line.text(), codeSize);
            String ours = Normalization.of(Disassembler.text(insn, sample.address), codeSize);
            boolean isBad = theirs.contains("(bad)");
            if (!isBad && line.bytes().length != insn.length || !KnownDifferences.agree(insn, ours, theirs)) {
                failures.add(sample + ": [" + ours + "] but objdump says [" + theirs + "]");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8})
    void theAssemblerFindsTheSameInstructionAndNoLongerEncoding(int codeSize) {
        List<String> failures = new ArrayList<>();
        for (Sample sample : samples(codeSize)) {
            Assembler asm = new Assembler(ROWS, codeSize, sample.address);
            byte[] bytes = asm.emit(name(sample), sample.operands.toArray(Operand[]::new))
                    .bytes();
            String expected = meaning(sample.bytes, codeSize, sample.address);
            boolean isSame = expected.startsWith("PREFETCH") // see isSpecial
                    || expected.equals(meaning(bytes, codeSize, sample.address));
            if (bytes.length > sample.bytes.length || !isSame) {
                failures.add(sample + ": assembled as " + HexFormat.of().formatHex(bytes));
            }
        }
        assertThat(failures).isEmpty();
    }

    /** The name that says the operand size, where there is one and the operands do not say it. */
    private static String name(Sample sample) {
        String mnemonic = sample.row.mnemonic();
        if (mnemonic.equals("JRCXZ")) {
            return Mnemonics.counterIsZero(sample.codeSize);
        }
        boolean hasOperands = sample.operands.stream().anyMatch(operand -> !(operand instanceof Imm));
        boolean saysIt = hasOperands && !mnemonic.equals("CMPXCHG8B");
        return saysIt ? mnemonic : Mnemonics.ofSize(Mnemonics.family(mnemonic), sample.size);
    }

    private String meaning(byte[] bytes, int codeSize, long address) {
        Insn insn = decoder.decode(bytes, 0, bytes.length, codeSize, 0);
        assertThat(insn).isNotNull();
        List<Operand> operands = Disassembler.operands(insn, address);
        return Mnemonics.family(insn.row.mnemonic()) + " " + (operands.isEmpty() ? insn.size : operands);
    }

    private static List<Sample> samples(int codeSize) {
        List<Sample> samples = new ArrayList<>();
        for (Row row : ROWS) {
            if (!(codeSize == 8 ? row.valid64() : row.validLegacy())) {
                continue;
            }
            String family = Mnemonics.family(row.mnemonic());
            int[] sizes = Assembler.sizes(row, codeSize, Mnemonics.hasNamesBySize(family));
            for (int size : sizes) {
                boolean hasNoName = Mnemonics.ofSize(family, size).equals(family);
                if (size != sizes[0] && row.operands().isEmpty() && hasNoName) {
                    continue; // SYSEXIT with 66H, for one
                }
                long next = 16L * (samples.size() % SLOTS);
                for (List<Operand> operands : new OperandSamples(row, size, codeSize, next).combinations()) {
                    long address = 16L * (samples.size() % SLOTS);
                    Encoder encoder = encode(row, operands, size, codeSize, address);
                    if (encoder.problem() == null) {
                        samples.add(new Sample(row, size, codeSize, operands, address, encoder.bytes()));
                    }
                }
            }
        }
        return samples;
    }

    private static Encoder encode(Row row, List<Operand> operands, int size, int codeSize, long address) {
        OperandFit fit = new OperandFit(row, operands, size, codeSize, false);
        return new Encoder(fit, address, label -> null).encode(List.of());
    }
}

package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.isa.OperandKind;
import dev.vtxray.core.isa.Row;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Puts the same cases before both processors and compares what is defined. */
final class NativeComparison {
    /** What a user program may execute without asking the operating system, apart from conditional instructions. */
    private static final Set<String> MNEMONICS =
            Set.of(("ADD OR ADC SBB AND SUB XOR CMP TEST INC DEC NOT NEG MOV MOVZX MOVSX MOVSXD LEA XLAT BSWAP CBW CWD "
                            + "PUSH POP PUSHA POPA PUSHF POPF ENTER LEAVE LAHF SAHF JMP CALL RET LOOP LOOPE LOOPNE JRCXZ "
                            + "ROL ROR RCL RCR SHL SHR SAR SHLD SHRD MUL IMUL DIV IDIV BT BTS BTR BTC BSF BSR TZCNT LZCNT "
                            + "POPCNT MOVBE XCHG CMPXCHG XADD CMPXCHG8B MOVS CMPS STOS LODS SCAS DAA DAS AAA AAS AAM AAD "
                            + "SALC BOUND CMC CLC STC CLD STD NOP ENDBR64 ENDBR32 PREFETCHNTA PREFETCHT0 PREFETCHT1 "
                            + "PREFETCHT2 PREFETCHW LFENCE MFENCE SFENCE CLFLUSH UD2 UD1")
                    .split(" "));

    /** Far pointers would leave the case for wherever the operating system's segments lead. */
    private static final Set<OperandKind> PRIVILEGED_OPERANDS = Set.of(
            OperandKind.Ap,
            OperandKind.Mp,
            OperandKind.Sw,
            OperandKind.Cy,
            OperandKind.Dy,
            OperandKind.ES,
            OperandKind.CS,
            OperandKind.SS,
            OperandKind.DS,
            OperandKind.FS,
            OperandKind.GS);

    /** A no-operation on Intel processors; its register form is undefined on AMD's. */
    private static final String PREFETCH_WITHOUT_EXTENSION = "0F 0D";

    private NativeComparison() {}

    /** The rows that can be compared. */
    static List<Row> rows() {
        return BaseInstructions.rows().stream()
                .filter(NativeComparison::isUserRow)
                .toList();
    }

    private static boolean isUserRow(Row row) {
        String mnemonic = row.mnemonic();
        boolean conditional = mnemonic.startsWith("CMOV")
                || mnemonic.startsWith("SET")
                || Stream.of(Conditions.NAMES).anyMatch(name -> mnemonic.equals("J" + name));
        return (conditional || MNEMONICS.contains(mnemonic))
                && !row.opcode().equals(PREFETCH_WITHOUT_EXTENSION)
                && row.sensitivity() == null
                && row.operands().stream().noneMatch(PRIVILEGED_OPERANDS::contains);
    }

    /** Random cases of these rows, each in every mode in which it exists. */
    static List<NativeCase> cases(List<Row> rows, long seed, int perRow) {
        CaseGenerator generator = new CaseGenerator(seed, rows.get(0));
        List<NativeCase> cases = new ArrayList<>();
        for (Row row : rows) {
            for (int i = 0; i < perRow; i++) {
                NativeCase made = generator.next(row, row.valid64() && (i % 3 != 0 || !row.validLegacy()) ? 8 : 4);
                if (isDefined(made)) {
                    cases.add(made);
                }
            }
        }
        return cases;
    }

    /** Compares both processors on all cases. */
    static void assertSame(List<NativeCase> cases, long seed) throws IOException, InterruptedException {
        EmulatedCpu emulated = new EmulatedCpu(seed);
        List<NativeCase.Outcome> expected = NativeOracle.run(cases);
        assertThat(expected).hasSameSizeAs(cases);
        for (int i = 0; i < cases.size(); i++) {
            NativeCase each = cases.get(i);
            int flags = definedFlags(each);
            assertThat(emulated.run(each).show(each.mode(), flags))
                    .as("%s", each)
                    .isEqualTo(expected.get(i).show(each.mode(), flags));
        }
    }

    // what the manual leaves undefined

    private static boolean isShift(Row row) {
        return Set.of("SHL", "SHR", "SAR", "ROL", "ROR", "RCL", "RCR", "SHLD", "SHRD")
                .contains(row.mnemonic());
    }

    /** SHLD and SHRD by more than the operand has bits leave everything undefined. */
    private static boolean isDefined(NativeCase given) {
        boolean isDouble =
                given.row().mnemonic().equals("SHLD") || given.row().mnemonic().equals("SHRD");
        return !isDouble || count(given) <= 8 * operandSize(given);
    }

    private static int definedFlags(NativeCase given) {
        Row row = given.row();
        int undefined = row.flagsUndefined();
        if (isShift(row)) {
            int count = count(given);
            int bits = 8 * operandSize(given);
            if (count == 0) {
                undefined = 0;
            } else if (count == 1) {
                undefined &= ~Flags.OF;
            } else if (count >= bits && row.mnemonic().startsWith("SH")) {
                undefined |= Flags.CF;
            }
        }
        return NativeCase.FLAGS & ~undefined;
    }

    private static int count(NativeCase given) {
        List<OperandKind> operands = given.row().operands();
        OperandKind last = operands.get(operands.size() - 1);
        int count = last == OperandKind.CL
                ? (int) given.registers()[1]
                : last == OperandKind.ONE ? 1 : given.code()[given.length() - 1];
        return count & (operandSize(given) == 8 ? 63 : 31);
    }

    private static int operandSize(NativeCase given) {
        if (given.row().operands().get(0) == OperandKind.Eb) {
            return 1;
        }
        boolean narrow = false;
        for (byte each : given.code()) {
            int value = each & 0xFF;
            if (value == 0x66) {
                narrow = true;
            } else if (given.mode() == 8 && (value & 0xF0) == 0x40) {
                return (value & 8) != 0 ? 8 : narrow ? 2 : 4;
            } else if (!Set.of(0x67, 0x36, 0x3E, 0xF0).contains(value)) {
                break;
            }
        }
        return narrow ? 2 : 4;
    }
}

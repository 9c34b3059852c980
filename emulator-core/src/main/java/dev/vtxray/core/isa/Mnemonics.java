package dev.vtxray.core.isa;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Names that mean the same instruction: condition codes with several letters, and names that say the operand size of an
 * instruction (CBW, CWDE and CDQE are one opcode).
 */
final class Mnemonics {
    // The first name of a line stands for all of them.
    // @formatter:off
    private static final String[] CONDITIONS = {
        "O", "NO", "B C NAE", "AE NB NC", "E Z", "NE NZ", "BE NA", "A NBE",
        "S", "NS", "P PE", "NP PO", "L NGE", "GE NL", "LE NG", "G NLE"
    };

    private static final String[] SAME = {
        "SHL SAL", "XLAT XLATB", "INT1 ICEBP", "LOOPE LOOPZ", "LOOPNE LOOPNZ", "WAIT FWAIT", "RET RETN",
        "JMP JMPF", "CALL CALLF"
    };

    /** Family, then the names for operands of 1, 2, 4 and 8 bytes; "-" where there is none. */
    private static final String[] SIZED = {
        "MOVS   MOVSB MOVSW  MOVSD  MOVSQ",
        "CMPS   CMPSB CMPSW  CMPSD  CMPSQ",
        "STOS   STOSB STOSW  STOSD  STOSQ",
        "LODS   LODSB LODSW  LODSD  LODSQ",
        "SCAS   SCASB SCASW  SCASD  SCASQ",
        "INS    INSB  INSW   INSD   -",
        "OUTS   OUTSB OUTSW  OUTSD  -",
        "CBW    -     CBW    CWDE   CDQE",
        "CWD    -     CWD    CDQ    CQO",
        "IRET   -     IRETW  IRETD  IRETQ",
        "PUSHF  -     PUSHFW PUSHFD PUSHFQ",
        "POPF   -     POPFW  POPFD  POPFQ",
        "PUSHA  -     PUSHAW PUSHAD -",
        "POPA   -     POPAW  POPAD  -",
        "RETF   -     RETFW  RETFD  RETFQ",
        "SYSRET    -  -      SYSRETD  SYSRETQ",
        "SYSEXIT   -  -      SYSEXITD SYSEXITQ",
        "CMPXCHG8B -  -      -        CMPXCHG16B",
    };
    // @formatter:on

    /** By the address size of 2, 4 and 8 bytes. */
    private static final String[] COUNTER_IS_ZERO = {"JCXZ", "JECXZ", "JRCXZ"};

    private static final Map<String, String> FAMILIES = new HashMap<>();
    private static final Map<String, Integer> SIZES = new HashMap<>();

    static {
        for (String line : CONDITIONS) {
            String[] letters = line.split(" ");
            for (String letter : letters) {
                FAMILIES.put("J" + letter, "J" + letters[0]);
                FAMILIES.put("SET" + letter, "SET" + letters[0]);
                FAMILIES.put("CMOV" + letter, "CMOV" + letters[0]);
            }
        }
        for (String line : SAME) {
            String[] names = line.split(" ");
            for (String name : names) {
                FAMILIES.put(name, names[0]);
            }
        }
        for (String line : SIZED) {
            String[] names = line.split(" +");
            for (int i = 1; i < names.length; i++) {
                if (names[i].equals("-")) {
                    continue;
                }
                FAMILIES.put(names[i], names[0]);
                SIZES.put(names[i], 1 << i - 1);
            }
        }
        for (String name : COUNTER_IS_ZERO) {
            FAMILIES.put(name, "JRCXZ");
        }
    }

    private Mnemonics() {}

    /** The name that stands for all names of this instruction, in capitals. */
    static String family(String mnemonic) {
        String name = mnemonic.toUpperCase(Locale.ROOT);
        return FAMILIES.getOrDefault(name, name);
    }

    /** Operand size in bytes that the name says, or 0. */
    static int size(String mnemonic) {
        return SIZES.getOrDefault(mnemonic.toUpperCase(Locale.ROOT), 0);
    }

    /** Address size in bytes that the name says, or 0. */
    static int addressSize(String mnemonic) {
        int position = List.of(COUNTER_IS_ZERO).indexOf(mnemonic.toUpperCase(Locale.ROOT));
        return position < 0 ? 0 : 2 << position;
    }

    /** JCXZ, JECXZ or JRCXZ. */
    static String counterIsZero(int addressSize) {
        return COUNTER_IS_ZERO[Integer.numberOfTrailingZeros(addressSize) - 1];
    }

    /** Whether a family's members are named by operand size. */
    static boolean hasNamesBySize(String family) {
        return Arrays.stream(SIZED).anyMatch(line -> line.startsWith(family + " "));
    }

    /** The name of a family's member for an operand size, or the family itself if it has no names by size. */
    static String ofSize(String family, int size) {
        for (String line : SIZED) {
            String[] names = line.split(" +");
            if (names[0].equals(family)) {
                String name = names[1 + Integer.numberOfTrailingZeros(size)];
                return name.equals("-") ? family : name;
            }
        }
        return family;
    }
}

package dev.vtxray.core.isa;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/** Texts in which objdump and the disassembler differ for a reason; the length never differs. */
final class KnownDifferences {
    private static final Pattern WIDTH = Pattern.compile("\\b[A-Z]+ PTR ");

    /** What may differ: the whole text, or the width of the memory operand only. */
    private enum Part {
        TEXT,
        WIDTH
    }

    private record Difference(String mnemonics, Part part, String reason) {}

    // @formatter:off
    private static final List<Difference> DIFFERENCES = List.of(
        new Difference("XLAT",                Part.TEXT,  "objdump writes the implied operand"),
        new Difference("LAR LSL",             Part.TEXT,  "objdump names the source register by the operand size"),
        new Difference("UD0 UD1",             Part.TEXT,  "objdump names the registers by the operand size"),
        new Difference("SGDT SIDT LGDT LIDT", Part.TEXT,  "objdump adds the operand size to the mnemonic"),
        new Difference("SLDT STR SMSW",       Part.WIDTH, "a word in memory whatever the operand size"),
        new Difference("INVLPG CLFLUSH",      Part.WIDTH, "only the address counts; objdump says BYTE PTR"),
        new Difference("INVPCID BOUND",       Part.WIDTH, "a structure in memory; objdump differs from one to the next"),
        new Difference("CMPXCHG8B",           Part.WIDTH, "the row says M, the width depends on REX.W"));
    // @formatter:on

    private KnownDifferences() {}

    static boolean agree(Insn insn, String ours, String theirs) {
        return ours.equals(theirs)
                || isKnown(insn, ours, theirs)
                || isFarPointer(insn) && withoutWidth(ours).equals(withoutWidth(theirs))
                || isSegmentMove(insn, ours, theirs)
                || isUnknownToObjdump(insn, theirs)
                || insn.row.mnemonic().equals("BSWAP") && insn.size == 2 // undefined (SDM, BSWAP)
                || insn.row.mnemonic().equals("NOP") && theirs.startsWith("xchg"); // 66 90
    }

    private static boolean isKnown(Insn insn, String ours, String theirs) {
        for (Difference difference : DIFFERENCES) {
            if (Arrays.asList(difference.mnemonics.split(" ")).contains(insn.row.mnemonic())) {
                return difference.part == Part.TEXT || withoutWidth(ours).equals(withoutWidth(theirs));
            }
        }
        return false;
    }

    /** A far pointer with REX.W is 16:64; objdump says FWORD PTR, as on CPUs where REX.W does nothing here. */
    private static boolean isFarPointer(Insn insn) {
        return insn.row.operands().contains(OperandKind.Mp) && insn.size == 8;
    }

    /** MOV with a segment register: a word in memory; objdump names the register by the operand size. */
    private static boolean isSegmentMove(Insn insn, String ours, String theirs) {
        return insn.row.operands().contains(OperandKind.Sw)
                && (!insn.hasMem || withoutWidth(ours).equals(withoutWidth(theirs)));
    }

    /** What Intel CPUs execute and objdump calls bad, or takes for an extension that is not in the rows. */
    private static boolean isUnknownToObjdump(Insn insn, String theirs) {
        boolean isReservedNop = insn.row.mnemonic().equals("NOP") && insn.row.usesModRm();
        return isReservedNop && !theirs.contains("nop") || theirs.contains("(bad)");
    }

    private static String withoutWidth(String text) {
        return WIDTH.matcher(text).replaceAll("");
    }
}

package dev.vtxray.core.isa;

import java.util.regex.Pattern;

/** What objdump and the disassembler write differently without meaning anything different. */
final class Normalization {
    private static final Pattern COMMENT = Pattern.compile("\\s*(#|<).*");
    private static final Pattern SPACE = Pattern.compile("\\s+");
    /** Prefixes that change nothing, which objdump writes as words of their own. */
    private static final Pattern IDLE_PREFIX =
            Pattern.compile("^((data16|data32|addr32|bnd|notrack|[c-g]s|es|rex(\\.[WRXB]+)?) )+");
    /** Overrides of segments that 64-bit code ignores, and the default segment said explicitly. */
    private static final Pattern IDLE_SEGMENT = Pattern.compile("\\b[ceds]s:(?=\\[|0x)");

    private static final Pattern TARGET = Pattern.compile("^((?:\\w+ )*(?:j\\w+|call|loop\\w*|xbegin)) 0x([0-9a-f]+)$");

    private Normalization() {}

    static String of(String text, int codeSize) {
        String line = SPACE.matcher(COMMENT.matcher(text).replaceAll("").trim()).replaceAll(" ");
        line = line.replace(", ", ",");
        String before;
        do {
            before = line;
            line = IDLE_PREFIX.matcher(line).replaceAll("");
        } while (!before.equals(line));
        if (codeSize == 8) {
            line = IDLE_SEGMENT.matcher(line).replaceAll("");
        }
        return TARGET.matcher(line).replaceAll("$1 $2");
    }
}

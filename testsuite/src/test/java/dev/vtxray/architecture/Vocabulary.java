package dev.vtxray.architecture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Words that a module may not say, in names, comments or text. */
enum Vocabulary {
    /** VMX itself, its structures and its instructions. */
    OF_VIRTUALIZATION("(?i:vmx|vmcs|vpid|vm[ _-]?exit|vm[ _-]?entr|vm(read|write|launch|resume|call|func|ptr))"
            // "Ept" as a word of its own or of a name, not the end of "except"
            + "|(?<![A-Za-z])(ept|EPT)(?![a-z])|(?<![A-Z])Ept(?![a-z])|(?<![A-Za-z])ept(?=[A-Z])"),

    /** The controls of VMX, which the APIC is told about only as answers. */
    OF_VMX_CONTROLS("(?i:vmx|vmcs)"),

    /** Levels of nesting: a VMCS does not know who owns it. */
    OF_NESTING("\\bL[12]\\b|(?i:vmcs(01|02|12))");

    private final Pattern words;

    Vocabulary(String words) {
        this.words = Pattern.compile(words);
    }

    boolean isSpokenIn(String text) {
        return words.matcher(text).find();
    }

    /** The lines that say such a word, as {@code file:line: text}. */
    Stream<String> findIn(Path file) {
        List<String> lines = linesOf(file);
        return IntStream.range(0, lines.size())
                .filter(i -> isSpokenIn(lines.get(i)))
                .mapToObj(i -> file + ":" + (i + 1) + ": " + lines.get(i).strip());
    }

    private static List<String> linesOf(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

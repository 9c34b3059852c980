package dev.vtxray.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/deviations.md} is printed from the comments that begin with "Deviation:". */
class DeviationsTests {
    private static final Path ROOT = Path.of("..");
    private static final Path PAGE = ROOT.resolve("docs").resolve("deviations.md");
    private static final List<String> MODULES = List.of("emulator-core", "apic", "vmx", "nested", "testsuite");
    private static final Pattern COMMENT = Pattern.compile(
            "(?:/\\*\\*|//|\\*)[ \\t]*(?:<p>)?Deviation: (.*(?:\\R[ \\t]*(?://|\\*(?!/)) ?(?!<p>).+)*)");
    private static final String HEAD =
            """
            # Deviations

            Where VTXray departs from the manual on purpose, and why. Printed from the comments in the code that begin with
            "Deviation:"; `mvn -pl testsuite -am test -Dtest=DeviationsTests -Dvtxray.docs.renew=true` writes it anew.

            | where | what and why |
            |---|---|
            """;

    @Test
    void thePageOfDeviationsIsFresh() throws IOException {
        StringBuilder page = new StringBuilder(HEAD);
        for (String module : MODULES) {
            Path sources = ROOT.resolve(module).resolve("src/main/java");
            try (Stream<Path> files = Files.walk(sources)) {
                for (Path file : files.filter(f -> f.toString().endsWith(".java"))
                        .sorted()
                        .toList()) {
                    addDeviations(page, module, file);
                }
            }
        }
        if (Boolean.getBoolean("vtxray.docs.renew")) {
            Files.writeString(PAGE, page);
        }
        assertThat(page.toString().lines().count()).as("deviations found").isGreaterThan(10);
        assertThat(Files.readString(PAGE)).isEqualTo(page.toString());
    }

    private static void addDeviations(StringBuilder page, String module, Path file) throws IOException {
        Matcher comment = COMMENT.matcher(Files.readString(file));
        while (comment.find()) {
            String name = file.getFileName().toString().replace(".java", "");
            page.append("| %s, `%s` | %s |\n".formatted(module, name, text(comment.group(1))));
        }
    }

    /** The comment as one line, without its markers. */
    private static String text(String comment) {
        return comment.replaceAll("\\R[ \\t]*(?://|\\*) ?", " ")
                .replaceAll("\\s*\\*/.*", "")
                .replaceAll("\\{@\\w+ ([^}]*)}", "$1")
                .replace("|", "\\|")
                .strip();
    }
}

package dev.vtxray.vmx.entry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class VmEntryReferenceTests {
    private static final Path PAGE = Path.of("..", "docs", "vm-entry-checks.md");

    /** To renew the page: run with {@code -Dvtxray.docs.renew=true}. */
    @Test
    void thePrintedReferenceIsFresh() throws IOException {
        if (Boolean.getBoolean("vtxray.docs.renew")) {
            Files.writeString(PAGE, VmEntryChecks.toMarkdown());
        }
        assertThat(PAGE).content().isEqualTo(VmEntryChecks.toMarkdown());
    }
}

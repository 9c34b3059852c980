package dev.vtxray.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RatchetCheckTests {

    private static final String RAN = "<testcase name='a'/>";
    private static final String SKIPPED = "<testcase name='b'><skipped message='switched off'/></testcase>";
    private static final String NO_GCC =
            "<testcase name='c'><skipped message='Assumption failed: gcc is not installed'/></testcase>";

    @TempDir
    private Path root;

    @BeforeEach
    void aModuleWithTwoTestsAndHalfOfItsLinesCovered() throws IOException {
        write(".ratchet/tests.properties", "# why\nvmx = 2\n");
        write(".ratchet/coverage.properties", "vmx.line = 50\nvmx.branch = 25\n");
        testsReport(RAN + RAN);
        coverageReport(1, 1, 3, 1);
    }

    @Test
    void passesWhenNothingFell() {
        assertThatCode(() -> check(false)).doesNotThrowAnyException();
    }

    @Test
    void failsWhenATestIsGone() throws IOException {
        testsReport(RAN);
        assertThatIllegalStateException()
                .isThrownBy(() -> check(false))
                .withMessage("Ratchet: tests executed in vmx fell to 1 from 2");
    }

    @Test
    void failsWhenNoTestRanAtAll() throws IOException {
        Files.delete(root.resolve("vmx/target/surefire-reports/TEST-a.xml"));
        assertThatIllegalStateException().isThrownBy(() -> check(false)).withMessageContaining("fell to 0 from 2");
    }

    @Test
    void aSkippedTestDoesNotCountAsExecuted() throws IOException {
        testsReport(RAN + SKIPPED);
        assertThatIllegalStateException().isThrownBy(() -> check(false)).withMessageContaining("fell to 1 from 2");
    }

    @Test
    void aTestThatMissesAToolOfTheHostIsNotHeldAgainstTheModule() throws IOException {
        testsReport(RAN + NO_GCC);
        coverageReport(9, 1, 9, 1);
        assertThatCode(() -> check(false)).doesNotThrowAnyException();
    }

    @Test
    void failsWhenLinesOrBranchesLoseCoverage() throws IOException {
        coverageReport(2, 1, 9, 1);
        assertThatIllegalStateException()
                .isThrownBy(() -> check(false))
                .withMessageContaining("percent covered of vmx.line fell to 33 from 50")
                .withMessageContaining("percent covered of vmx.branch fell to 10 from 25");
    }

    @Test
    void raisesTheNumbersAndKeepsTheComments() throws IOException {
        testsReport(RAN + RAN + RAN);
        coverageReport(1, 2, 3, 1);
        check(true);
        assertThat(root.resolve(".ratchet/tests.properties")).hasContent("# why\nvmx = 3\n");
        assertThat(root.resolve(".ratchet/coverage.properties")).hasContent("vmx.line = 65\nvmx.branch = 25\n");
    }

    @Test
    void neverLowersANumber() throws IOException {
        testsReport(RAN);
        assertThatIllegalStateException().isThrownBy(() -> check(true));
        assertThat(root.resolve(".ratchet/tests.properties")).hasContent("# why\nvmx = 2\n");
    }

    @Test
    void aLineThatIsNoEntryIsRefused() throws IOException {
        write(".ratchet/tests.properties", "vmx: many\n");
        assertThatIllegalStateException()
                .isThrownBy(() -> check(false))
                .withMessage("tests.properties: 'vmx: many' is not 'key = whole number'");
    }

    private void check(boolean raise) throws IOException {
        RatchetCheck.main(new String[] {root.toString(), Boolean.toString(raise)});
    }

    private void testsReport(String cases) throws IOException {
        write("vmx/target/surefire-reports/TEST-a.xml", "<testsuite>" + cases + "</testsuite>");
    }

    private void coverageReport(int linesMissed, int linesCovered, int branchesMissed, int branchesCovered)
            throws IOException {
        write(
                "vmx/target/site/jacoco/jacoco.csv",
                "CLASS,BRANCH_MISSED,BRANCH_COVERED,LINE_MISSED,LINE_COVERED\nA,%d,%d,%d,%d\n"
                        .formatted(branchesMissed, branchesCovered, linesMissed, linesCovered));
    }

    private void write(String file, String content) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, content);
    }
}

package dev.vtxray.testkit.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vtxray.testkit.experiment.ExperimentReport;
import dev.vtxray.testkit.experiment.SampleReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportFilesTests {
    private final ExperimentReport report = SampleReport.asExpected(100);

    @TempDir
    private Path folder;

    @Test
    void bothFilesAreWrittenIntoANewFolder() throws IOException {
        Path target = folder.resolve("a/b");
        assertThat(ReportFiles.in(target).write(report)).isEqualTo(target.resolve("report.html"));
        assertThat(target.toFile().list()).containsExactlyInAnyOrder("report.html", "report.json");
    }

    @Test
    void anOlderReportIsReplaced() throws IOException {
        Files.writeString(folder.resolve("report.json"), "old");
        ReportFiles.in(folder).write(report);
        assertThat(folder.resolve("report.json")).content().startsWith("{").doesNotContain("old");
    }

    @Test
    void theSameReportGivesTheSameBytes() throws IOException {
        Path first = ReportFiles.in(folder.resolve("1")).write(report);
        Path second = ReportFiles.in(folder.resolve("2")).write(SampleReport.asExpected(100));
        assertThat(second).hasSameBinaryContentAs(first);
        assertThat(second.resolveSibling("report.json")).hasSameBinaryContentAs(first.resolveSibling("report.json"));
    }

    @Test
    void aFileInThePlaceOfTheFolderIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> ReportFiles.in(file))
                .isInstanceOf(IOException.class)
                .hasMessage("cannot write the report into %s: %s is a file, not a folder".formatted(file, file));
    }

    @Test
    void nothingIsLeftWhenOneFileCannotBeWritten() throws IOException {
        ReportFiles files = ReportFiles.in(folder);
        Files.createDirectory(folder.resolve("report.html"));
        assertThatThrownBy(() -> files.write(report))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("report.html is a folder, not a file");
        assertThat(folder.toFile().list()).containsExactly("report.html");
    }

    @Test
    void aFolderThatVanishedIsNamed() throws IOException {
        Path vanishing = folder.resolve("vanishing");
        ReportFiles files = ReportFiles.in(vanishing);
        Files.delete(vanishing);
        assertThatThrownBy(() -> files.write(report))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot write the report into " + vanishing)
                .hasMessageEndingWith("cannot be created");
    }
}

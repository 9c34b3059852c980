package dev.vtxray.testkit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.testkit.experiment.ExperimentOptions;
import dev.vtxray.testkit.experiment.ExperimentReport;
import dev.vtxray.testkit.experiment.ExperimentRow;
import dev.vtxray.testkit.experiment.ExperimentSetting;
import dev.vtxray.testkit.experiment.SampleReport;
import dev.vtxray.testkit.hypervisor.HandlerProfile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class VirtualApicvCommandTests {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final List<ExperimentOptions> asked = new ArrayList<>();
    private ExperimentReport answer = SampleReport.asExpected(10);

    @TempDir
    private Path folder;

    @Test
    void withoutOptionsTheWholeTableRuns() {
        assertThat(run("--report", folder.toString())).isZero();
        assertThat(asked).containsExactly(ExperimentOptions.wholeTable(10_000));
        assertThat(asked.get(0).settings()).hasSize(8);
        assertThat(asked.get(0).scenarios()).isTrue();
    }

    @Test
    void tableIsPrintedAndTheReportNamed() {
        assertThat(run("--report", folder.toString())).isZero();
        assertThat(out.toString())
                .contains("ivybridge-ep, P-haxm", "228 → 57", "exactly equal")
                .endsWith("Report: " + folder.resolve("report.html") + System.lineSeparator());
        assertThat(err.toString()).isEmpty();
        assertThat(folder.resolve("report.html")).exists();
        assertThat(folder.resolve("report.json")).exists();
    }

    @Test
    void optionsSelectOneRow() {
        assertThat(run(
                        "--cpu",
                        "haswell-ep",
                        "--profile",
                        "p-haxm",
                        "--shadowing",
                        "--rounds",
                        "7",
                        "--report=" + folder))
                .isZero();
        ExperimentSetting off = new ExperimentSetting("haswell-ep", HandlerProfile.P_HAXM, true, false);
        assertThat(asked).containsExactly(new ExperimentOptions(List.of(off, off.withApicv(true)), false, 7));
    }

    @Test
    void oneOptionLeavesTheOthersAtTheirDefaults() {
        assertThat(run("--profile", "P-min", "--report=" + folder)).isZero();
        assertThat(asked.get(0).settings())
                .first()
                .isEqualTo(new ExperimentSetting("ivybridge-ep", HandlerProfile.P_MIN, false, false));
    }

    @Test
    void aProcessorWithoutApicvHasOneRow() {
        assertThat(run("--cpu", "sandybridge-ep", "--report=" + folder)).isZero();
        assertThat(asked.get(0).settings())
                .containsExactly(new ExperimentSetting("sandybridge-ep", HandlerProfile.P_KVM, false, false));
    }

    @Test
    void unknownProcessorIsRefusedWithTheKnownOnes() {
        assertRefused("sandybridge-ep, ivybridge-ep, haswell, haswell-ep, skylake-sp", "--cpu", "486");
    }

    @Test
    void unknownHandlerIsRefusedWithTheKnownOnes() {
        assertRefused("P-min, P-kvm, P-haxm", "--profile", "P-xen");
    }

    @Test
    void shadowingIsRefusedWhereTheProcessorHasNone() {
        assertRefused("ivybridge-ep has no VMCS shadowing", "--shadowing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "1000001", "many"})
    void absurdRoundsAreRefused(String rounds) {
        assertRefused(rounds, "--rounds=" + rounds);
    }

    @Test
    void aFolderThatCannotBeWrittenIsRefusedBeforeTheRun() throws IOException {
        Path file = Files.writeString(folder.resolve("taken"), "");
        assertThat(run("--report", file.resolve("below").toString())).isEqualTo(2);
        assertThat(asked).isEmpty();
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .contains(file.toString(), "is a file, not a folder");
        assertThat(folder.toFile().list()).containsExactly("taken");
    }

    @Test
    void aCountThatDiffersGivesStatusOne() {
        ExperimentRow good = answer.rows().get(0);
        ExperimentRow bad = new ExperimentRow(
                good.setting(), good.rounds(), 41, good.l0Exits(), List.of(), good.deliverySide(), good.ownWork());
        answer = new ExperimentReport(List.of(bad), List.of(), List.of(), answer.topology());
        assertThat(run("--report", folder.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("4.1", "differs: expected 4");
    }

    @Test
    void helpListsProcessorsAndHandlers() {
        assertThat(Main.run(writer(out), writer(err), "experiment", "virtual-apicv", "--help"))
                .isZero();
        assertThat(out.toString()).contains("--shadowing", "ivybridge-ep", "P-haxm", "target/virtual-apicv");
    }

    @Test
    void anExperimentMustBeNamed() {
        assertThat(Main.run(writer(out), writer(err), "experiment")).isEqualTo(2);
        assertThat(err.toString().lines()).singleElement().asString().contains("virtual-apicv");
    }

    @Test
    void withoutArgumentsItIsTheMainJob() {
        assertThat(Main.orMainJob()).containsExactly("experiment", "virtual-apicv");
        assertThat(Main.orMainJob("run", "x")).containsExactly("run", "x");
    }

    @Test
    void progressNamesTheStepOnATerminalOnly() {
        StringWriter terminal = new StringWriter();
        StepLine line = new StepLine(writer(terminal), true);
        line.step("P-kvm", 2, 8);
        line.erase();
        assertThat(terminal.toString()).isEqualTo("\r\033[K[3/8] P-kvm\r\033[K");
        StepLine silent = new StepLine(writer(err), false);
        silent.step("P-kvm", 2, 8);
        silent.erase();
        assertThat(err.toString()).isEmpty();
    }

    private void assertRefused(String message, String... options) {
        assertThat(run(options)).isEqualTo(2);
        assertThat(asked).isEmpty();
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString().lines()).singleElement().asString().contains(message);
    }

    private int run(String... args) {
        return new CommandLine(new VirtualApicvCommand((options, progress) -> {
                    asked.add(options);
                    return answer;
                }))
                .setOut(writer(out))
                .setErr(writer(err))
                .setParameterExceptionHandler(Main::printInOneLine)
                .execute(args);
    }

    private static PrintWriter writer(StringWriter text) {
        return new PrintWriter(text, true);
    }
}

package dev.vtxray.testkit.cli;

import dev.vtxray.testkit.experiment.ExperimentOptions;
import dev.vtxray.testkit.experiment.ExperimentReport;
import dev.vtxray.testkit.experiment.SyncTimeModel;
import dev.vtxray.testkit.experiment.TwoLevelExperiment;
import dev.vtxray.testkit.experiment.VirtualApicvExperiment;
import dev.vtxray.testkit.hypervisor.HandlerProfile;
import dev.vtxray.testkit.report.ReportFiles;
import dev.vtxray.testkit.report.TextTable;
import dev.vtxray.vmx.capability.CpuProfile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The experiment that counts the exits of one IPI in a nested guest, without and with APICv for its hypervisor. */
@Command(
        name = "virtual-apicv",
        description = {
            "Counts the VM exits of one IPI between two virtual CPUs of a nested guest, first with APICv hidden from the"
                    + " guest hypervisor and then with APICv given to it.",
            "Without --cpu, --profile and --shadowing it runs the whole table and the scenarios of the synchronization"
                    + " time; with any of them it runs the one row that they describe."
        },
        exitCodeListHeading = "Exit status:%n",
        exitCodeList = {
            "0:every count is the one expected",
            "1:a count differs from the expectation; table and report say which",
            "2:the command line is wrong or the report cannot be written"
        })
final class VirtualApicvCommand implements Callable<Integer> {
    private static final int DIFFERS = 1;

    /** The handlers of L1, for the help text. */
    static final class HandlerProfiles implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(HandlerProfile.values())
                    .map(HandlerProfile::label)
                    .iterator();
        }
    }

    /** The CPU profiles, for the help text. */
    static final class CpuProfiles implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return CpuProfile.names().iterator();
        }
    }

    private final VirtualApicvExperiment experiment;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Option(
            names = "--cpu",
            paramLabel = "CPU",
            completionCandidates = CpuProfiles.class,
            description = "One of ${COMPLETION-CANDIDATES} (" + SyncTimeModel.CPU + ").")
    private @Nullable String cpu;

    @Option(
            names = "--profile",
            paramLabel = "HANDLER",
            completionCandidates = HandlerProfiles.class,
            description = "How many VMCS accesses the exit handler of the guest hypervisor makes: one of"
                    + " ${COMPLETION-CANDIDATES} (P-kvm).")
    private @Nullable String profile;

    @Option(
            names = "--shadowing",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "true|false",
            description = "VMCS shadowing for the guest hypervisor (false).")
    private @Nullable Boolean shadowing;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "" + ExperimentOptions.DEFAULT_ROUNDS,
            description = "IPIs to send in each run, 1 to " + ExperimentOptions.MAX_ROUNDS + " (${DEFAULT-VALUE}).")
    private long rounds;

    @Option(
            names = "--report",
            paramLabel = "DIR",
            defaultValue = "target/virtual-apicv",
            description = "Folder for " + ReportFiles.HTML + " and " + ReportFiles.JSON + " (${DEFAULT-VALUE}).")
    private Path folder = Path.of("");

    /** For picocli. */
    VirtualApicvCommand() {
        this(new TwoLevelExperiment());
    }

    VirtualApicvCommand(VirtualApicvExperiment experiment) {
        this.experiment = experiment;
    }

    @Override
    public Integer call() {
        ExperimentOptions options = options();
        ReportFiles files = prepareFolder();
        ExperimentReport report = runWithProgress(options);
        PrintWriter out = spec.commandLine().getOut();
        out.print(TextTable.of(report));
        out.println();
        out.println("Report: " + write(files, report));
        return report.isAsExpected() ? ExitCode.OK : DIFFERS;
    }

    private ExperimentOptions options() {
        try {
            if (cpu == null && profile == null && shadowing == null) {
                return ExperimentOptions.wholeTable(rounds);
            }
            HandlerProfile handler = profile == null ? SyncTimeModel.PROFILE : HandlerProfile.named(profile);
            return ExperimentOptions.single(
                    cpu == null ? SyncTimeModel.CPU : cpu, handler, Boolean.TRUE.equals(shadowing), rounds);
        } catch (IllegalArgumentException e) {
            throw wrong(e);
        }
    }

    private ExperimentReport runWithProgress(ExperimentOptions options) {
        StepLine line = new StepLine(spec.commandLine().getErr(), System.console() != null);
        try {
            return experiment.run(options, line);
        } finally {
            line.erase();
        }
    }

    /** Before the run, so that it does not run in vain. */
    private ReportFiles prepareFolder() {
        try {
            return ReportFiles.in(folder);
        } catch (IOException e) {
            throw wrong(e);
        }
    }

    private Path write(ReportFiles files, ExperimentReport report) {
        try {
            return files.write(report);
        } catch (IOException e) {
            throw wrong(e);
        }
    }

    private ParameterException wrong(Exception cause) {
        return new ParameterException(spec.commandLine(), String.valueOf(cause.getMessage()), cause);
    }
}

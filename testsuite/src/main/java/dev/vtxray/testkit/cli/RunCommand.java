package dev.vtxray.testkit.cli;

import dev.vtxray.core.loader.BootModule;
import dev.vtxray.core.loader.ImageException;
import dev.vtxray.core.machine.StopReason;
import dev.vtxray.testkit.pc.BareMetalRun;
import dev.vtxray.testkit.pc.BootImage;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.testkit.pc.RunStatistics;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The verb that runs an image on bare virtual hardware. */
@Command(
        name = "run",
        description = {
            "Runs a 64-bit ELF image or a 32-bit multiboot image on bare virtual hardware with VMX, and prints what it"
                    + " sends to its first serial port.",
            "If it does not end by itself, registers and last instructions go to standard error."
        },
        exitCodeListHeading = "Exit status:%n",
        exitCodeList = {
            "odd:the guest's own: it wrote N to the debug-exit port 0F4H, status is N * 2 + 1 (1 is success)",
            "2:the command line or a file is wrong; nothing was written",
            "4:a CPU shut down (triple fault); standard error says so",
            "6:--max-instructions is used up",
            "8:all CPUs wait and nothing will wake one; standard error says so",
            "10:the emulator cannot go on; standard error says why"
        })
final class RunCommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Mixin
    private HardwareOptions hardware = new HardwareOptions();

    @Parameters(paramLabel = "IMAGE", description = "The image file.")
    private Path image = Path.of("");

    @Option(
            names = "--append",
            paramLabel = "TEXT",
            description = "What follows the image's name on the command line that a multiboot image gets.")
    private @Nullable String append;

    @Option(
            names = "--module",
            paramLabel = "FILE",
            description = "A file that a multiboot loader puts into memory; may be given again.")
    private List<Path> modules = List.of();

    @Option(
            names = "--max-instructions",
            paramLabel = "N",
            defaultValue = "10000000000",
            description = "Cycles after which the run ends; each CPU retires at most one instruction a cycle"
                    + " (${DEFAULT-VALUE}).")
    private long maxInstructions;

    @Option(
            names = "--stats",
            paramLabel = "FILE.json",
            description = "File for the counts of instructions and VM exits; the same run gives the same file.")
    private @Nullable Path stats;

    @Override
    public Integer call() {
        if (maxInstructions < 1) {
            throw wrong("--max-instructions " + maxInstructions + ": at least 1 is needed");
        }
        hardware.check();
        ResultFile statsFile = stats == null ? null : checkResult(stats);
        BootImage bootImage = parse(image);
        List<BootModule> bootModules = readModules(bootImage);
        PrintWriter out = spec.commandLine().getOut();
        SerialText serial = new SerialText(out);
        BareMetalRun run =
                new BareMetalRun(again -> build(bootImage, bootModules, again ? null : serial), maxInstructions);
        RunStatistics statistics = new RunStatistics(run.pc());
        StopReason stop = runWithProgress(run, serial);
        if (statsFile != null) {
            write(statsFile, statistics.json(stop));
        }
        if (stop.kind() != StopReason.Kind.GUEST_EXIT) {
            explain(run, stop);
        }
        return ExitStatus.of(stop);
    }

    private Pc build(BootImage bootImage, List<BootModule> bootModules, @Nullable SerialText serial) {
        Pc.Builder builder = hardware.builder();
        if (serial != null) {
            builder.serial(serial);
        }
        Pc pc = builder.build();
        String commandLine = append == null ? image.toString() : image + " " + append;
        try {
            bootImage.start(pc, commandLine, bootModules);
        } catch (ImageException | IllegalArgumentException cause) {
            throw wrong(image + ": " + cause.getMessage());
        }
        return pc;
    }

    private StopReason runWithProgress(BareMetalRun run, SerialText serial) {
        ProgressLine progress = new ProgressLine(spec.commandLine().getErr(), System.console() != null);
        StopReason stop = run.run(instructions -> {
            serial.print();
            progress.show(instructions);
        });
        progress.erase();
        return stop;
    }

    private void explain(BareMetalRun run, StopReason stop) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(spec.qualifiedName() + ": " + image + ": " + stop.describe() + " [" + stop.kind() + "]");
        run.explain().forEach(err::println);
    }

    private BootImage parse(Path path) {
        try {
            return BootImage.parse(InputFile.read(path));
        } catch (IOException | ImageException cause) {
            throw wrong(path + ": " + cause.getMessage());
        }
    }

    private List<BootModule> readModules(BootImage bootImage) {
        if (!bootImage.isMultiboot() && (append != null || !modules.isEmpty())) {
            throw wrong(image + ": --append and --module are for multiboot images, this is a 64-bit ELF image");
        }
        List<BootModule> read = new ArrayList<>();
        for (Path module : modules) {
            try {
                read.add(new BootModule(module.toString(), InputFile.read(module)));
            } catch (IOException | ImageException cause) {
                throw wrong("--module " + module + ": " + cause.getMessage());
            }
        }
        return read;
    }

    private ResultFile checkResult(Path path) {
        try {
            return ResultFile.at(path);
        } catch (IOException cause) {
            throw wrong("--stats " + path + ": " + cause.getMessage());
        }
    }

    private void write(ResultFile file, String json) {
        try {
            file.write(json);
        } catch (IOException cause) {
            throw wrong("--stats " + stats + ": " + cause.getMessage());
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}

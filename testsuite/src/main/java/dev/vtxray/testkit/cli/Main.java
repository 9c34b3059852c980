package dev.vtxray.testkit.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.OutputStream;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The root of the command line. Each verb is a subcommand in a class of its own. Without any argument it does the main
 * job, the virtual APICv experiment.
 *
 * <p>Exit status: 0 when the verb did its work, 1 when it failed on the way, 2 when what the user gave is wrong. A verb
 * reports the latter by throwing a {@link ParameterException}, whose message is the one line that the user sees.
 */
@Command(
        name = "vtxray",
        description = "An x86-64 and Intel VT-x emulator that sees through every VM exit.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = {ExperimentCommand.class, RunCommand.class, BenchCommand.class},
        scope = CommandLine.ScopeType.INHERIT)
public final class Main implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before run()
    private CommandSpec spec;

    /** Runs one verb; the JVM ends with its exit status unless that is 0, so that a build that runs it goes on. */
    public static void main(String[] args) {
        int status = run(writer(System.out), writer(System.err), args);
        if (status != 0) {
            System.exit(status);
        }
    }

    /** Runs one verb on the given streams and returns its exit status. */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return new CommandLine(new Main())
                .setOut(out)
                .setErr(err)
                .setParameterExceptionHandler(Main::printInOneLine)
                .execute(orMainJob(args));
    }

    /** What was given, or the main job if nothing was. */
    static String[] orMainJob(String... args) {
        return args.length == 0 ? new String[] {"experiment", "virtual-apicv"} : args;
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    private static PrintWriter writer(OutputStream stream) {
        return new PrintWriter(stream, true, UTF_8);
    }

    static int printInOneLine(ParameterException wrong, String[] args) {
        CommandLine command = wrong.getCommandLine();
        command.getErr()
                .println(command.getCommandSpec().qualifiedName() + ": "
                        + String.valueOf(wrong.getMessage()).replaceAll("\\R\\s*", " ")
                        + " (--help shows what it takes)");
        return CommandLine.ExitCode.USAGE;
    }
}

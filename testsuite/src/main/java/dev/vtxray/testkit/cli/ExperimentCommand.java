package dev.vtxray.testkit.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The verb of the experiments, each a subcommand of it. */
@Command(
        name = "experiment",
        description = "Runs an experiment, prints what it found and writes a report.",
        subcommands = VirtualApicvCommand.class)
final class ExperimentCommand implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "which experiment? known are "
                        + String.join(", ", spec.subcommands().keySet()));
    }
}

package dev.vtxray.testkit.cli;

import dev.vtxray.testkit.cli.bench.EngineBench;
import java.io.PrintWriter;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The verb that measures the emulator's speed. */
@Command(
        name = "bench",
        description =
                "Measures the speed of the emulator on this host, by CPU time; the figures differ from run to run.")
final class BenchCommand implements Callable<Integer> {

    /** What can be measured, for the help text. */
    static final class Names implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return new EngineBench().names().iterator();
        }
    }

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Parameters(
            paramLabel = "NAME",
            arity = "0..*",
            completionCandidates = Names.class,
            description = "What to measure, of ${COMPLETION-CANDIDATES}; everything if none is given.")
    private List<String> names = List.of();

    @Override
    public Integer call() {
        EngineBench bench = new EngineBench();
        for (String name : names) {
            if (!bench.names().contains(name)) {
                throw new ParameterException(
                        spec.commandLine(),
                        name + ": no such benchmark; there are " + String.join(", ", bench.names()));
            }
        }
        PrintWriter out = spec.commandLine().getOut();
        for (String name : names.isEmpty() ? bench.names() : names) {
            EngineBench.Figure figure = bench.measure(name);
            out.println(String.format(Locale.ROOT, "%-20s %,12.1f  %s", name, figure.value(), figure.unit()));
        }
        return 0;
    }
}

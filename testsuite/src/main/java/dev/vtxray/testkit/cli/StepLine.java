package dev.vtxray.testkit.cli;

import dev.vtxray.testkit.experiment.ExperimentProgress;
import java.io.PrintWriter;
import java.util.Locale;

/** A line on the terminal that names the step an experiment is at; nothing where standard error is no terminal. */
final class StepLine implements ExperimentProgress {
    private static final String ERASE = "\r\033[K";

    private final PrintWriter err;
    private final boolean terminal;
    private boolean shown;

    StepLine(PrintWriter err, boolean terminal) {
        this.err = err;
        this.terminal = terminal;
    }

    @Override
    public void step(String what, int done, int of) {
        if (terminal) {
            err.print(String.format(Locale.ROOT, "%s[%d/%d] %s", ERASE, done + 1, of, what));
            err.flush();
            shown = true;
        }
    }

    void erase() {
        if (shown) {
            err.print(ERASE);
            err.flush();
            shown = false;
        }
    }
}

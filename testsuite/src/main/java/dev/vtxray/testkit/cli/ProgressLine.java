package dev.vtxray.testkit.cli;

import java.io.PrintWriter;
import java.util.Locale;

/** A line on the terminal that says how far a long run has come; nothing where standard error is no terminal. */
final class ProgressLine {
    /** About a second of work. */
    private static final long STEP = 100_000_000;

    private static final String ERASE = "\r\033[K";

    private final PrintWriter err;
    private final boolean terminal;
    private long next = STEP;
    private boolean shown;

    ProgressLine(PrintWriter err, boolean terminal) {
        this.err = err;
        this.terminal = terminal;
    }

    void show(long instructions) {
        if (terminal && instructions >= next) {
            next = instructions - instructions % STEP + STEP;
            err.print(String.format(Locale.ROOT, "%s%,d million instructions", ERASE, instructions / 1_000_000));
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

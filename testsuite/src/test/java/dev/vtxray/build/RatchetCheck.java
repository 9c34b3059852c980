package dev.vtxray.build;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares the tests that ran and the coverage they reached, in every module, with the files in {@code .ratchet}. Runs in
 * phase verify of the last module. A test engine that silently runs nothing is green for Maven; it is red here.
 */
public final class RatchetCheck {

    private final Path root;
    private final RatchetFile tests;
    private final RatchetFile coverage;
    private final List<String> findings = new ArrayList<>();

    RatchetCheck(Path root) {
        this.root = root;
        this.tests = new RatchetFile(root.resolve(".ratchet/tests.properties"));
        this.coverage = new RatchetFile(root.resolve(".ratchet/coverage.properties"));
    }

    /**
     * Fails with one line that says what fell.
     *
     * @param args the root of the repository, and {@code true} to raise the files to what was measured
     */
    public static void main(String[] args) throws IOException {
        new RatchetCheck(Path.of(args[0])).run(Boolean.parseBoolean(args[1]));
    }

    /** Percent by which coverage may differ from run to run, because properties try random cases. */
    private static final int RANDOMNESS = 1;

    void run(boolean raise) throws IOException {
        Map<String, Integer> testCounts = new LinkedHashMap<>();
        Map<String, Integer> percents = new LinkedHashMap<>();
        for (String module : tests.minimums().keySet()) {
            TestCount count = TestCount.of(root.resolve(module).resolve("target/surefire-reports"));
            testCounts.put(module, count.executed());
            if (count.withoutTool() == 0) {
                Coverage covered = Coverage.of(root.resolve(module).resolve("target/site/jacoco/jacoco.csv"));
                percents.put(module + ".line", covered.line());
                percents.put(module + ".branch", covered.branch());
            }
        }
        compare("tests executed in ", testCounts, tests.minimums());
        compare("percent covered of ", percents, coverage.minimums());
        if (!findings.isEmpty()) {
            throw new IllegalStateException("Ratchet: " + String.join("; ", findings));
        }
        if (raise) {
            tests.raiseTo(testCounts);
            percents.replaceAll((key, percent) -> percent - RANDOMNESS);
            coverage.raiseTo(percents);
        }
    }

    /** What was not measured is not compared: without its tools a module's coverage says nothing. */
    private void compare(String what, Map<String, Integer> measured, Map<String, Integer> minimums) {
        minimums.forEach((key, minimum) -> {
            int now = measured.getOrDefault(key, minimum);
            if (now < minimum) {
                findings.add(what + key + " fell to " + now + " from " + minimum);
            }
        });
    }
}

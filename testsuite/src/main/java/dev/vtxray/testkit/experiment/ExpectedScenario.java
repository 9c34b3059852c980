package dev.vtxray.testkit.experiment;

import dev.vtxray.vmx.control.ExitReason;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * What was expected of a scenario before any run, per IPI.
 *
 * @param receiver what the receiver does when the IPI arrives, in words
 * @param delivery how L1 delivers it with APICv on, in words; off it always kicks the other CPU
 * @param nestedOff nested exits by reason with APICv off
 * @param nestedOn nested exits by reason with APICv on
 * @param l0ExitsOff all L0 exits with APICv off
 * @param l0ExitsOn all L0 exits with APICv on
 * @param byCountPercent by how much the nested exits fall, in percent with one decimal
 * @param timePercent by how much the modelled time falls, in percent, to be met within {@link #TOLERANCE} points
 */
public record ExpectedScenario(
        Scenario scenario,
        String receiver,
        String delivery,
        Map<ExitReason, Long> nestedOff,
        Map<ExitReason, Long> nestedOn,
        int l0ExitsOff,
        int l0ExitsOn,
        BigDecimal byCountPercent,
        int timePercent) {
    /** How far the modelled reduction may lie from the expected one, in points. */
    public static final int TOLERANCE = 2;

    private static final String RESOURCE = "scenarios.csv";
    private static final int COLUMNS = 9;

    public ExpectedScenario {
        nestedOff = ExitsByReason.copyOf(nestedOff);
        nestedOn = ExitsByReason.copyOf(nestedOn);
    }

    /** The expectation of every scenario. */
    public static Map<Scenario, ExpectedScenario> all() {
        Map<Scenario, ExpectedScenario> all = new EnumMap<>(Scenario.class);
        try (InputStream in = Objects.requireNonNull(ExpectedScenario.class.getResourceAsStream(RESOURCE), RESOURCE);
                BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            reader.lines()
                    .filter(line -> !line.startsWith("#") && !line.startsWith("row"))
                    .map(ExpectedScenario::parse)
                    .forEach(expected -> all.put(expected.scenario, expected));
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + RESOURCE, e);
        }
        if (all.size() != Scenario.values().length) {
            throw new IllegalStateException(RESOURCE + " has rows only for " + all.keySet());
        }
        return all;
    }

    private static ExpectedScenario parse(String line) {
        String[] cells = line.strip().split(" *, *", -1);
        if (cells.length != COLUMNS) {
            throw new IllegalStateException("%s: \"%s\" has not %d columns".formatted(RESOURCE, line, COLUMNS));
        }
        return new ExpectedScenario(
                scenario(cells[0]),
                cells[1],
                cells[2],
                exits(cells[3]),
                exits(cells[4]),
                Integer.parseInt(cells[5]),
                Integer.parseInt(cells[6]),
                new BigDecimal(cells[7]),
                Integer.parseInt(cells[8]));
    }

    private static Scenario scenario(String row) {
        for (Scenario scenario : Scenario.values()) {
            if (scenario.row().equals(row)) {
                return scenario;
            }
        }
        throw new IllegalStateException("%s: no scenario is called \"%s\"".formatted(RESOURCE, row));
    }

    private static Map<ExitReason, Long> exits(String cell) {
        Map<ExitReason, Long> exits = new EnumMap<>(ExitReason.class);
        for (String term : cell.split(" ", -1)) {
            int colon = term.indexOf(':');
            ExitReason reason = ExitReason.byNumber(Integer.parseInt(term.substring(0, colon)));
            exits.put(Objects.requireNonNull(reason, term), Long.parseLong(term.substring(colon + 1)));
        }
        return exits;
    }

    /** Whether it is one of 1 to 4, whose interval the measurement of the paper is compared with. */
    public boolean isPrincipal() {
        return scenario.row().length() == 1;
    }

    /** All nested exits with APICv off. */
    public long nestedTotalOff() {
        return ExitsByReason.sum(nestedOff);
    }

    /** All nested exits with APICv on. */
    public long nestedTotalOn() {
        return ExitsByReason.sum(nestedOn);
    }
}

package dev.vtxray.nested.cost;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/** The costs of all operations on all processors that the data file knows. Immutable. */
public final class CostTable {
    private static final String RESOURCE = "costs.csv";
    private static final String ABSENT = "-";

    private final List<String> cpus;
    private final Map<String, List<String>> rows;
    private final String origin;

    private CostTable(List<String> cpus, Map<String, List<String>> rows, String origin) {
        this.cpus = cpus;
        this.rows = rows;
        this.origin = origin;
    }

    /** The table that comes with VTXray. */
    public static CostTable load() {
        try (InputStream in = Objects.requireNonNull(CostTable.class.getResourceAsStream(RESOURCE), RESOURCE);
                BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            return parse(reader.lines().toList(), RESOURCE);
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + RESOURCE, e);
        }
    }

    /**
     * A table from the lines of a data file.
     *
     * @param origin names the file in messages
     * @throws IllegalArgumentException if a row is malformed, unknown, missing or there twice; the message says where
     */
    public static CostTable parse(List<String> lines, String origin) {
        List<String> cpus = List.of();
        Map<String, List<String>> rows = new LinkedHashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            List<String> cells = cells(line);
            if (cpus.isEmpty()) {
                cpus = cpusOf(cells, origin, i);
                continue;
            }
            if (cells.size() != cpus.size() + 2) {
                throw wrong(origin, i, "has %d columns, not %d".formatted(cells.size(), cpus.size() + 2));
            }
            if (rows.put(cells.get(0), cells.subList(1, cells.size())) != null) {
                throw wrong(origin, i, "\"%s\" is there twice".formatted(cells.get(0)));
            }
        }
        CostTable table = new CostTable(cpus, rows, origin);
        table.requireAllRows();
        return table;
    }

    /** The processors that it knows, oldest first. */
    public List<String> cpus() {
        return cpus;
    }

    /**
     * The costs on one processor.
     *
     * @throws IllegalArgumentException if the table does not know it; the message lists those it knows
     */
    public CostColumn column(String cpu, SoftwareGeneration software) {
        int index = cpus.indexOf(cpu);
        if (index < 0) {
            throw new IllegalArgumentException(
                    "no costs are known for CPU \"%s\"; known are %s".formatted(cpu, String.join(", ", cpus)));
        }
        EnumMap<Cost, CostValue> values = new EnumMap<>(Cost.class);
        for (Cost cost : Cost.values()) {
            List<String> row = Objects.requireNonNull(rows.get(cost.rowKey(software)));
            String cell = row.get(index);
            if (!cell.equals(ABSENT)) {
                values.put(cost, value(cost.rowKey(software), cell, row.get(cpus.size())));
            }
        }
        return new CostColumn(cpu, software, values);
    }

    private CostValue value(String row, String cell, String source) {
        try {
            return CostValue.parse(cell, source);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("%s, row %s: %s".formatted(origin, row, e.getMessage()), e);
        }
    }

    private void requireAllRows() {
        TreeSet<String> missing = new TreeSet<>();
        TreeSet<String> unknown = new TreeSet<>(rows.keySet());
        for (Cost cost : Cost.values()) {
            for (SoftwareGeneration software : SoftwareGeneration.values()) {
                String key = cost.rowKey(software);
                unknown.remove(key);
                if (!rows.containsKey(key)) {
                    missing.add(key);
                }
            }
        }
        if (!missing.isEmpty() || !unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "%s: rows missing: %s; rows that nobody knows: %s".formatted(origin, missing, unknown));
        }
        for (String cpu : cpus) {
            for (SoftwareGeneration software : SoftwareGeneration.values()) {
                column(cpu, software);
            }
        }
    }

    private static List<String> cpusOf(List<String> header, String origin, int line) {
        int last = header.size() - 1;
        if (last < 2 || !header.get(0).equals("operation") || !header.get(last).equals("source")) {
            throw wrong(origin, line, "the header names operation, the processors, and source");
        }
        return List.copyOf(header.subList(1, last));
    }

    private static List<String> cells(String line) {
        List<String> cells = new ArrayList<>();
        for (String cell : line.split(",", -1)) {
            cells.add(cell.strip());
        }
        return List.copyOf(cells);
    }

    private static IllegalArgumentException wrong(String origin, int line, String what) {
        return new IllegalArgumentException("%s:%d: %s".formatted(origin, line + 1, what));
    }
}

package dev.vtxray.build;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Percent of lines and of branches covered in one module, rounded down; 100 where there are none. */
record Coverage(int line, int branch) {

    /** Reads JaCoCo's table of classes; a table that does not exist covers nothing. */
    static Coverage of(Path csv) throws IOException {
        if (!Files.exists(csv)) {
            return new Coverage(0, 0);
        }
        List<String> table = Files.readAllLines(csv);
        List<String> header = List.of(table.get(0).split(","));
        List<String[]> rows = table.stream().skip(1).map(row -> row.split(",")).toList();
        return new Coverage(percent(header, rows, "LINE"), percent(header, rows, "BRANCH"));
    }

    private static int percent(List<String> header, List<String[]> rows, String counter) {
        long covered = sum(rows, header.indexOf(counter + "_COVERED"));
        long missed = sum(rows, header.indexOf(counter + "_MISSED"));
        return covered + missed == 0 ? 100 : (int) (100 * covered / (covered + missed));
    }

    private static long sum(List<String[]> rows, int column) {
        return rows.stream().mapToLong(row -> Long.parseLong(row[column])).sum();
    }
}

package dev.vtxray.build;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lines {@code key = whole number} and comments, in an order that people chose. */
record RatchetFile(Path path) {

    private static final Pattern ENTRY = Pattern.compile("([\\w.-]+) = (\\d+)");

    /** The smallest value allowed for each key, in the order of the file. */
    Map<String, Integer> minimums() throws IOException {
        Map<String, Integer> minimums = new LinkedHashMap<>();
        for (String line : lines()) {
            if (isEntry(line)) {
                Matcher entry = entry(line);
                minimums.put(entry.group(1), Integer.parseInt(entry.group(2)));
            }
        }
        return minimums;
    }

    /** Rewrites each value that was exceeded; comments and order stay. */
    void raiseTo(Map<String, Integer> measured) throws IOException {
        List<String> raised = lines().stream()
                .map(line -> isEntry(line) ? raise(entry(line), measured) : line)
                .toList();
        Files.write(path, raised);
    }

    private List<String> lines() throws IOException {
        return Files.readAllLines(path);
    }

    private static boolean isEntry(String line) {
        return !line.isBlank() && !line.startsWith("#");
    }

    private Matcher entry(String line) {
        Matcher entry = ENTRY.matcher(line);
        if (!entry.matches()) {
            throw new IllegalStateException(path.getFileName() + ": '" + line + "' is not 'key = whole number'");
        }
        return entry;
    }

    private static String raise(Matcher entry, Map<String, Integer> measured) {
        String key = entry.group(1);
        int minimum = Integer.parseInt(entry.group(2));
        return key + " = " + Math.max(minimum, measured.getOrDefault(key, minimum));
    }
}

package dev.vtxray.testkit.report;

import dev.vtxray.testkit.experiment.ExperimentReport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes the report into a folder: all files or none, and never a part of one. */
public final class ReportFiles {
    /** The page. */
    public static final String HTML = "report.html";
    /** The same for programs. */
    public static final String JSON = "report.json";

    private static final String PART = ".part";

    private final Path folder;

    private ReportFiles(Path folder) {
        this.folder = folder;
    }

    /**
     * Prepares a folder, so that a long experiment does not run in vain.
     *
     * @throws IOException if it cannot be created or written to; the message names it and the cause in one line
     */
    public static ReportFiles in(Path folder) throws IOException {
        try {
            requireNoFileOnTheWayTo(folder);
            Files.createDirectories(folder);
            Files.delete(Files.createTempFile(folder, ".", PART));
        } catch (IOException e) {
            throw unwritable(folder, e);
        }
        return new ReportFiles(folder);
    }

    /**
     * Writes the page and the JSON.
     *
     * @return the page
     * @throws IOException if it cannot; the message names folder and cause in one line, and nothing half-written is left
     */
    public Path write(ExperimentReport report) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put(JSON, ReportJson.of(report));
        texts.put(HTML, HtmlReport.of(report));
        Map<Path, Path> moves = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, String> text : texts.entrySet()) {
                Path part = folder.resolve("." + text.getKey() + PART);
                moves.put(part, folder.resolve(text.getKey()));
                Files.writeString(part, text.getValue(), StandardCharsets.UTF_8);
            }
            for (Map.Entry<Path, Path> move : moves.entrySet()) {
                requireReplaceable(move.getValue());
            }
            for (Map.Entry<Path, Path> move : moves.entrySet()) {
                Files.move(move.getKey(), move.getValue(), StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            throw unwritable(folder, e);
        } finally {
            for (Path part : moves.keySet()) {
                Files.deleteIfExists(part);
            }
        }
        return folder.resolve(HTML);
    }

    private static void requireReplaceable(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new FileSystemException(file.toString(), null, "is a folder, not a file");
        }
    }

    private static void requireNoFileOnTheWayTo(Path folder) throws IOException {
        for (Path part = folder.toAbsolutePath(); part != null; part = part.getParent()) {
            if (Files.exists(part) && !Files.isDirectory(part)) {
                throw new FileSystemException(part.toString(), null, "is a file, not a folder");
            }
        }
    }

    private static IOException unwritable(Path folder, IOException cause) {
        String reason;
        if (cause instanceof AccessDeniedException denied) {
            reason = denied.getFile() + " permits no writing";
        } else if (cause instanceof NoSuchFileException missing) {
            reason = missing.getFile() + " cannot be created";
        } else if (cause instanceof FileSystemException file && file.getReason() != null) {
            reason = file.getFile() + " " + file.getReason();
        } else {
            reason = cause.getClass().getSimpleName() + " " + cause.getMessage();
        }
        return new IOException("cannot write the report into %s: %s".formatted(folder, reason), cause);
    }
}

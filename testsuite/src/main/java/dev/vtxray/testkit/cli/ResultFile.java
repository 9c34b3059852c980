package dev.vtxray.testkit.cli;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A file that is either written as a whole or not at all. */
final class ResultFile {
    private final Path path;
    private final Path draft;

    private ResultFile(Path path) {
        this.path = path;
        this.draft = path.resolveSibling("." + path.getFileName() + ".part");
    }

    /** @throws IOException if it cannot be written there, as far as that can be said beforehand */
    static ResultFile at(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            throw new IOException("is a directory");
        }
        ResultFile file = new ResultFile(path.toAbsolutePath());
        Path folder = file.path.getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new IOException("its folder does not exist");
        }
        if (!Files.isWritable(folder) || Files.exists(path) && !Files.isWritable(path)) {
            throw new IOException("permission denied");
        }
        return file;
    }

    void write(String text) throws IOException {
        try {
            Files.writeString(draft, text);
            move();
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    private void move() throws IOException {
        try {
            Files.move(draft, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException otherwise) {
            Files.move(draft, path, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}

package dev.vtxray.testkit.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that the user named. */
final class InputFile {
    /** More than any image that fits: larger files are refused before they are read. */
    private static final long MAX_BYTES = 256L << 20;

    private InputFile() {}

    /** @throws IOException with a message for people that does not name the file */
    static byte[] read(Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new IOException("no such file");
        }
        if (Files.isDirectory(path)) {
            throw new IOException("is a directory");
        }
        if (!Files.isRegularFile(path)) {
            throw new IOException("is not a regular file");
        }
        if (!Files.isReadable(path)) {
            throw new IOException("permission denied");
        }
        long size = Files.size(path);
        if (size > MAX_BYTES) {
            throw new IOException("has " + size + " bytes, more than the " + MAX_BYTES + " that an image may have");
        }
        return Files.readAllBytes(path);
    }
}

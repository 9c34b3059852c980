package dev.vtxray.testkit.guests;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The image files of the guest programs. */
public final class GuestFile {
    private GuestFile() {}

    /**
     * The bytes of an image.
     *
     * @param name the file's name, for example {@code hello.elf}
     * @throws IllegalArgumentException if the test kit has no such file
     */
    public static byte[] read(String name) {
        try (InputStream stream = GuestFile.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalArgumentException("the test kit has no guest file " + name);
            }
            return stream.readAllBytes();
        } catch (IOException cause) {
            throw new UncheckedIOException("guest file " + name + " cannot be read", cause);
        }
    }
}

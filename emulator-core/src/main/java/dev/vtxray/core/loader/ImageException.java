package dev.vtxray.core.loader;

/** An image cannot be loaded. The message is one line that names the cause; nothing has been written to the machine. */
public final class ImageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ImageException(String message) {
        super(message);
    }
}

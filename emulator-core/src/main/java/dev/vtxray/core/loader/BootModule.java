package dev.vtxray.core.loader;

/** A file that a boot loader puts into memory beside the image, with the text by which the image knows it. */
public final class BootModule {
    private final String commandLine;
    private final byte[] content;

    /**
     * A module.
     *
     * @param commandLine its name, by convention with arguments behind
     * @param content     its bytes, not empty
     */
    public BootModule(String commandLine, byte[] content) {
        if (content.length == 0) {
            throw new ImageException("module " + commandLine + " is empty");
        }
        this.commandLine = commandLine;
        this.content = content.clone();
    }

    public String commandLine() {
        return commandLine;
    }

    /** Number of bytes. */
    public int size() {
        return content.length;
    }

    byte[] content() {
        return content;
    }
}

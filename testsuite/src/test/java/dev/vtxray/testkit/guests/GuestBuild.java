package dev.vtxray.testkit.guests;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs the tools that build the guest programs. */
final class GuestBuild {
    static final Path SOURCES = Path.of("src/main/guests").toAbsolutePath();

    private static final long PATIENCE_SECONDS = 120;
    private static final List<String> TOOLS = List.of("gcc", "ld", "objcopy", "make");

    private GuestBuild() {}

    /** Whether every tool that the Makefile calls is on the path. */
    static boolean toolsArePresent() {
        return TOOLS.stream().allMatch(GuestBuild::isPresent);
    }

    /** First line that {@code tool --version} prints. */
    static String version(String tool) throws IOException, InterruptedException {
        return run(List.of(tool, "--version")).lines().findFirst().orElseThrow();
    }

    /** Builds the images and {@code expected.properties} from {@code sources} into {@code target}. */
    static void build(Path sources, Path target) throws IOException, InterruptedException {
        run(List.of("make", "-s", "-C", sources.toString(), "OUT=" + target, "all", "expected"));
    }

    /** Copies the sources, so that they can be built from another directory. */
    static void copySources(Path target) throws IOException {
        try (var files = Files.walk(SOURCES)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(SOURCES.relativize(file).toString()));
            }
        }
    }

    /** Output of a command, which must succeed. */
    static String run(List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("guest-build", ".txt");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(command + " took longer than " + PATIENCE_SECONDS + " s");
            }
            String text = Files.readString(output, StandardCharsets.UTF_8);
            if (process.exitValue() != 0) {
                throw new IOException(command + " ended with status " + process.exitValue() + ":\n" + text);
            }
            return text;
        } finally {
            Files.delete(output);
        }
    }

    private static boolean isPresent(String tool) {
        try {
            return new ProcessBuilder(tool, "--version")
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException absent) {
            return false;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}

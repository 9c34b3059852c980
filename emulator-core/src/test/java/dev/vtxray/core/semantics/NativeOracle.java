package dev.vtxray.core.semantics;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The processor under the JVM, reached through a small C program that is built when it is first needed. */
final class NativeOracle {
    private static final Path SOURCE = Path.of("src/test/c/native-oracle.c");
    private static final Path PROGRAM = Path.of("target/native-oracle");

    private NativeOracle() {}

    /** Whether there is a compiler for it, and a processor and system that it is written for. */
    static boolean isAvailable() {
        boolean isLinux = System.getProperty("os.name").equals("Linux");
        boolean isX64 = System.getProperty("os.arch").equals("amd64");
        return isLinux && isX64 && gccIsInstalled();
    }

    private static boolean gccIsInstalled() {
        for (String directory : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
            if (Files.isExecutable(Path.of(directory, "gcc"))) {
                return true;
            }
        }
        return false;
    }

    /** Lets the processor execute all cases. */
    static List<NativeCase.Outcome> run(List<NativeCase> cases) throws IOException, InterruptedException {
        build();
        ByteBuffer input =
                ByteBuffer.allocate(cases.size() * NativeCase.INPUT_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        cases.forEach(each -> each.write(input));
        Path file = Files.createTempFile("native-oracle", ".bin");
        try {
            Files.write(file, input.array());
            byte[] output = output(new ProcessBuilder(PROGRAM.toString()).redirectInput(file.toFile()));
            ByteBuffer results = ByteBuffer.wrap(output).order(ByteOrder.LITTLE_ENDIAN);
            List<NativeCase.Outcome> outcomes = new ArrayList<>();
            while (results.remaining() >= NativeCase.OUTPUT_SIZE) {
                outcomes.add(NativeCase.Outcome.read(results));
            }
            return outcomes;
        } finally {
            Files.delete(file);
        }
    }

    private static synchronized void build() throws IOException, InterruptedException {
        if (Files.exists(PROGRAM)
                && Files.getLastModifiedTime(PROGRAM).compareTo(Files.getLastModifiedTime(SOURCE)) > 0) {
            return;
        }
        Files.createDirectories(PROGRAM.getParent());
        output(new ProcessBuilder("gcc", "-O2", "-Wall", "-o", PROGRAM.toString(), SOURCE.toString()));
    }

    private static byte[] output(ProcessBuilder builder) throws IOException, InterruptedException {
        Process process = builder.redirectError(ProcessBuilder.Redirect.to(new File("target/native-oracle.txt")))
                .start();
        byte[] output = process.getInputStream().readAllBytes();
        int status = process.waitFor();
        if (status != 0) {
            String said = Files.readString(Path.of("target/native-oracle.txt"), StandardCharsets.UTF_8);
            throw new IOException(builder.command() + " ended with status " + status + ": " + said);
        }
        return output;
    }
}

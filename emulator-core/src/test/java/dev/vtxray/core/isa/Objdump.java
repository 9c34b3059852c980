package dev.vtxray.core.isa;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The disassembler of GNU binutils, as an oracle. */
final class Objdump {
    /** One line: where, which bytes, which text. */
    record Line(long address, byte[] bytes, String text) {}

    private static final Pattern LINE = Pattern.compile("\\s*([0-9a-f]+):\t([0-9a-f ]+?)\\s*(?:\t(.*))?");

    private Objdump() {}

    static boolean isInstalled() {
        try {
            return new ProcessBuilder("objdump", "--version")
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Disassembles bytes that stand at address 0. */
    static Map<Long, Line> disassemble(byte[] code, int codeSize, Path folder) throws IOException {
        String machine = codeSize == 8 ? "i386:x86-64" : codeSize == 4 ? "i386" : "i8086";
        Path file = folder.resolve("code" + codeSize + ".bin");
        Files.write(file, code);
        Map<Long, Line> lines = new TreeMap<>();
        run(Integer.MAX_VALUE, "-D", "-b", "binary", "-m", machine, file.toString())
                .forEach(line -> lines.put(line.address, line));
        return lines;
    }

    /** Disassembles the code sections of an ELF file, up to a number of instructions. */
    static List<Line> disassemble(Path elf, int limit) throws IOException {
        return run(limit, "-d", elf.toString());
    }

    private static List<Line> run(int limit, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("objdump", "-M", "intel", "-w", "-z", "--insn-width=16"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        List<Line> lines = new ArrayList<>();
        try (BufferedReader reader = process.inputReader()) {
            for (String text = reader.readLine(); text != null && lines.size() < limit; text = reader.readLine()) {
                Matcher matcher = LINE.matcher(text);
                if (matcher.matches() && matcher.group(3) != null) {
                    byte[] bytes = HexFormat.of().parseHex(matcher.group(2).replace(" ", ""));
                    lines.add(new Line(Long.parseUnsignedLong(matcher.group(1), 16), bytes, matcher.group(3)));
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } finally {
            process.destroy();
        }
        return lines;
    }
}

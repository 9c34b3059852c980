package dev.vtxray.testkit.experiment;

import dev.vtxray.core.loader.Elf;
import dev.vtxray.core.memory.PhysicalMemory;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * The guest program pingpong.elf: two CPUs extend a chain of SHA-256 hashes by turns and wake each other by IPIs. What
 * its parameter block holds is described beside its source, in pingpong.h.
 *
 * @param rounds      turns, and IPIs, of both CPUs together
 * @param waitMode    how a CPU waits for its turn
 * @param work        links of the hash chain for each turn, at least 1
 * @param maskedDelay turns of a loop between the end of waiting and STI, at least 1; for {@link WaitMode#SPIN_MASKED}
 */
public record PingPong(long rounds, WaitMode waitMode, long work, long maskedDelay) {
    /** How a CPU waits for its turn; the ordinal is what the guest knows. */
    public enum WaitMode {
        /** Spins with IF = 1. */
        SPIN,
        /** STI; HLT. */
        HALT,
        /** Spins with IF = 0 until it is its turn, lingers, and takes the interrupt after STI. */
        SPIN_MASKED
    }

    /** Vector of the IPI. */
    public static final int VECTOR = 0x41;

    private static final String IMAGE = "/dev/vtxray/testkit/guests/pingpong.elf";
    private static final long MAGIC = 0x474E_4950_5258_5456L;
    private static final int CPUS = 2;
    private static final int DIGEST_BYTES = 32;

    // Offsets in the parameter block.
    private static final int PARAMETER_BYTES = 0x80;
    private static final int SENT = 0x80;
    private static final int RECEIVED = 0x90;
    private static final int STATUS = 0xB0;
    private static final int FINISHED = 0xC0;
    private static final int DIGESTS = 0x100;

    public PingPong {
        if (rounds < 0 || work < 1 || maskedDelay < 1) {
            throw new IllegalArgumentException("rounds " + rounds + ", work " + work + ", masked delay " + maskedDelay
                    + ": rounds must not be negative, the others at least 1");
        }
    }

    /** The program file. */
    public static byte[] image() {
        try (InputStream stream = PingPong.class.getResourceAsStream(IMAGE)) {
            if (stream == null) {
                throw new IllegalStateException("the test kit was built without " + IMAGE);
            }
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where the program starts. */
    public static long entry() {
        return Elf.parse(image()).entry();
    }

    /** Writes the parameter block; each CPU will end with VMCALL. */
    public void writeParameters(PhysicalMemory memory, long hpa) {
        ByteBuffer block = ByteBuffer.allocate(PARAMETER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        block.putLong(MAGIC)
                .putLong(rounds)
                .putLong(waitMode.ordinal())
                .putLong(0)
                .putLong(work)
                .putLong(VECTOR);
        block.putLong(0).putLong(1).putLong(0).putLong(0).putLong(0).putLong(maskedDelay);
        memory.write(hpa, block.array(), 0, PARAMETER_BYTES);
    }

    /** What is wrong with the results in the parameter block; empty if nothing is. */
    public List<String> problems(PhysicalMemory memory, long hpa) {
        List<String> problems = new ArrayList<>();
        long odd = rounds / 2;
        long even = rounds - odd;
        expect(problems, memory, hpa + FINISHED, "finished", 1, 1);
        expect(problems, memory, hpa + STATUS, "status", 0, 0);
        expect(problems, memory, hpa + SENT, "IPIs sent", even, odd);
        expect(problems, memory, hpa + RECEIVED, "IPIs received", odd, even);
        int last = (int) ((rounds + 1) & 1);
        expectDigest(problems, memory, hpa, last, rounds);
        expectDigest(problems, memory, hpa, 1 - last, Math.max(0, rounds - 1));
        return problems;
    }

    private static void expect(List<String> problems, PhysicalMemory memory, long hpa, String what, long... expected) {
        for (int cpu = 0; cpu < CPUS; cpu++) {
            long value = memory.read(hpa + 8L * cpu, 8);
            if (value != expected[cpu]) {
                problems.add("%s of CPU %d: %d instead of %d".formatted(what, cpu, value, expected[cpu]));
            }
        }
    }

    private void expectDigest(List<String> problems, PhysicalMemory memory, long hpa, int cpu, long turns) {
        byte[] digest = memory.readBytes(hpa + DIGESTS + (long) cpu * DIGEST_BYTES, DIGEST_BYTES);
        byte[] expected = chain(turns * work);
        if (!Arrays.equals(digest, expected)) {
            HexFormat hex = HexFormat.of();
            problems.add(
                    "digest of CPU " + cpu + ": " + hex.formatHex(digest) + " instead of " + hex.formatHex(expected));
        }
    }

    /** The state of the hash chain after so many links, computed by the Java platform. */
    private static byte[] chain(long links) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            byte[] state = new byte[DIGEST_BYTES];
            ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (long link = 0; link < links; link++) {
                sha256.update(state);
                state = sha256.digest(number.putLong(0, link).array());
            }
            return state;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}

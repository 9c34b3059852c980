package dev.vtxray.testkit.guests;

import dev.vtxray.core.loader.Elf;
import dev.vtxray.core.loader.Elf64Loader;
import dev.vtxray.core.loader.LoadedImage;
import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.testkit.pc.Pc;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The ping-pong program on bare hardware; its parameter block is described in {@code pingpong/pingpong.h}. */
final class PingPong {
    static final int SPIN = 0;
    static final int HALT = 1;
    static final int SPIN_MASKED = 2;

    static final int WORK = 2;
    private static final long MAGIC = 0x474E_4950_5258_5456L;
    private static final int VECTOR = 0x51;
    private static final int DEBUG_EXIT = 1;

    private final PhysicalMemory memory;

    private PingPong(PhysicalMemory memory) {
        this.memory = memory;
    }

    static PingPong start(Pc pc, int rounds, int waitMode, boolean x2apic) {
        LoadedImage image = Elf64Loader.load(Elf.parse(GuestFile.read("pingpong.elf")), pc.memory());
        PingPong started = new PingPong(pc.memory());
        long[] parameters = {MAGIC, rounds, waitMode, x2apic ? 1 : 0, WORK, VECTOR, 0, 1, 0, 1, DEBUG_EXIT, 100};
        for (int i = 0; i < parameters.length; i++) {
            pc.memory().write(Elf64Loader.PARAMETERS + 8 * i, 8, parameters[i]);
        }
        Elf64Loader.enter(pc.cpu(0), image, 0);
        Elf64Loader.enter(pc.cpu(1), image, 1);
        return started;
    }

    private long result(int offset, int cpu) {
        return memory.read(Elf64Loader.PARAMETERS + offset + 8 * cpu, 8);
    }

    long sent(int cpu) {
        return result(0x80, cpu);
    }

    long received(int cpu) {
        return result(0x90, cpu);
    }

    String digest(int cpu) {
        byte[] digest = new byte[32];
        for (int i = 0; i < digest.length; i++) {
            digest[i] = (byte) memory.read(Elf64Loader.PARAMETERS + 0x100 + 32 * cpu + i, 1);
        }
        return HexFormat.of().formatHex(digest);
    }

    /** The hash chain after this many links, computed by the Java library. */
    static String chain(int links) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            byte[] state = new byte[32];
            for (int link = 0; link < links; link++) {
                sha.update(state);
                state = sha.digest(ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(link)
                        .array());
            }
            return HexFormat.of().formatHex(state);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}

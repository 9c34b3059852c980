package dev.vtxray.conformance;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.loader.Elf;
import dev.vtxray.core.loader.Elf64Loader;
import dev.vtxray.core.loader.LoadedImage;
import dev.vtxray.core.loader.MultibootLoader;
import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.testkit.guests.GuestFile;
import dev.vtxray.testkit.pc.Pc;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Random bytes as code, in a mode of the CPU, with random registers.
 *
 * @param handled whether exceptions have handlers, which go on one byte behind; otherwise the first one is a triple fault
 */
record RandomProgram(Mode mode, boolean handled, long seed) {
    static final long CODE = 0x20_0000;
    static final long REAL_CODE = 0x7C00;
    private static final int LENGTH = 64;
    private static final long GDT = 0x2000;
    private static final long IDT = 0x3000;
    private static final long HANDLERS = 0x4000;
    private static final int CODE_SELECTOR = 8;
    private static final HexFormat HEX = HexFormat.of();

    /** The modes, each with handlers for exceptions without and with error code. */
    enum Mode {
        // inc [return address]; iret
        REAL("5589E5FF46025DCF", "5589E5FF46025DCF"),
        PROTECTED("FF0424CF", "83C404FF0424CF"),
        LONG("48FF042448CF", "4883C40848FF042448CF");

        private final byte[] handler;
        private final byte[] withErrorCode;

        Mode(String handler, String withErrorCode) {
            this.handler = HEX.parseHex(handler);
            this.withErrorCode = HEX.parseHex(withErrorCode);
        }
    }

    /** A PC of two CPUs on which it is about to run. */
    Pc start() {
        Pc pc = Pc.builder().cpus(2).memory(4 << 20).build();
        SplittableRandom random = new SplittableRandom(seed);
        byte[] code = new byte[LENGTH];
        random.nextBytes(code);
        enter(pc, code);
        if (handled) {
            writeHandlers(pc.memory());
            pc.cpu(0).idtrBase = IDT;
            pc.cpu(0).idtrLimit = mode == Mode.REAL ? 0x3FF : 0xFFF;
        }
        for (int i = 0; i < 16; i++) {
            if (i != Cpu.RSP) {
                pc.cpu(0).r[i] = random.nextBoolean() ? random.nextLong(1 << 22) : random.nextLong();
            }
        }
        return pc;
    }

    private void enter(Pc pc, byte[] code) {
        Cpu cpu = pc.cpu(0);
        switch (mode) {
            case LONG -> {
                LoadedImage tables = Elf64Loader.load(Elf.parse(GuestFile.read("hello.elf")), pc.memory());
                Elf64Loader.enter(cpu, tables, 0);
                cpu.rip = CODE;
            }
            case PROTECTED -> {
                MultibootLoader.enter(cpu, new LoadedImage(32, CODE, List.of(), 0));
                pc.memory().write(GDT + CODE_SELECTOR, 8, 0x00CF_9B00_0000_FFFFL);
                pc.memory().write(GDT + 2 * CODE_SELECTOR, 8, 0x00CF_9300_0000_FFFFL);
                cpu.gdtrBase = GDT;
                cpu.gdtrLimit = 0x17;
                cpu.r[Cpu.RSP] = 0x9000;
            }
            default -> {
                cpu.init();
                cpu.activity = Activity.ACTIVE;
                cpu.seg[SegmentRegister.CS].set(0, 0, 0xFFFF, 0x9B);
                cpu.rip = REAL_CODE;
                cpu.r[Cpu.RSP] = 0x7000;
                cpu.idtrLimit = 0;
            }
        }
        pc.memory().write(cpu.rip, code, 0, code.length);
        cpu.contextChanged();
    }

    private void writeHandlers(PhysicalMemory memory) {
        long second = HANDLERS + 0x100;
        memory.write(HANDLERS, mode.handler, 0, mode.handler.length);
        memory.write(second, mode.withErrorCode, 0, mode.withErrorCode.length);
        for (int vector = 0; vector < 256; vector++) {
            boolean pushesErrorCode = vector == 8 || vector >= 10 && vector <= 14 || vector == 17 || vector == 21;
            long target = pushesErrorCode ? second : HANDLERS;
            long gate = target | CODE_SELECTOR << 16 | 0x8E00L << 32;
            switch (mode) {
                case LONG -> memory.write(IDT + 16 * vector, 8, gate);
                case PROTECTED -> memory.write(IDT + 8 * vector, 8, gate);
                default -> memory.write(IDT + 4 * vector, 4, target);
            }
        }
    }
}

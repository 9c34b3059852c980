package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.BaseMsrs;
import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.IoSpace;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.isa.Decoder;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.core.state.StateVisitor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/** A bare CPU on which system instructions run one by one, with tables for every mode in its memory. */
final class SystemBench {
    static final int CODE32 = 0x08;
    static final int DATA = 0x10;
    static final int CODE64 = 0x18;
    static final int USER_CODE32 = 0x20 | 3;
    static final int USER_DATA = 0x28 | 3;
    static final int USER_CODE64 = 0x30 | 3;
    static final int TSS = 0x38;
    static final int CONFORMING64 = 0x48;
    static final int GATE64 = 0x50;
    static final int LDT = 0x60;
    static final int NOT_PRESENT = 0x70;
    static final int CODE16 = 0x78;
    static final int GATE32 = 0x80;
    static final int TSS32 = 0x88;
    static final int GDT_LIMIT = 0x8F;

    static final long GDT = 0x1000;
    static final long IDT = 0x2000;
    static final long TSS_BASE = 0x3000;
    static final long GATE_TARGET = 0x12_3456;
    static final long INNER_STACK = 0x9000;
    static final long PAGE_TABLES = 0x1_0000;

    private static final long LIMIT_4G = 0x000F_0000_0000_FFFFL;

    final PhysicalMemory memory = new PhysicalMemory(16 << 20);
    final IoSpace io = new IoSpace();
    final Cpu c = new Cpu(0, memory, io);
    private final Decoder decoder = new Decoder(BaseInstructions.rows(), feature -> true);

    private SystemBench() {
        BaseMsrs.map(c);
        buildDescriptors();
        buildPageTables();
    }

    private void buildDescriptors() {
        descriptor(CODE32, LIMIT_4G | 0x00C0_9B00_0000_0000L);
        descriptor(DATA, LIMIT_4G | 0x00C0_9300_0000_0000L);
        descriptor(CODE64, LIMIT_4G | 0x00A0_9B00_0000_0000L);
        descriptor(USER_CODE32, LIMIT_4G | 0x00C0_FB00_0000_0000L);
        descriptor(USER_DATA, LIMIT_4G | 0x00C0_F300_0000_0000L);
        descriptor(USER_CODE64, LIMIT_4G | 0x00A0_FB00_0000_0000L);
        descriptor(TSS, 0x0000_8900_3000_0107L);
        descriptor(CONFORMING64, LIMIT_4G | 0x00A0_9F00_0000_0000L);
        descriptor(GATE64, 0x0012_EC00_0018_3456L);
        descriptor(LDT, 0x0000_8200_5000_001FL);
        descriptor(NOT_PRESENT, LIMIT_4G | 0x00C0_1300_0000_0000L);
        descriptor(CODE16, 0x0000_9B00_0000_FFFFL);
        descriptor(GATE32, 0x0012_EC02_0008_3456L);
        descriptor(TSS32, 0x0000_8900_3000_0107L);
        memory.write(TSS_BASE + 4, 8, INNER_STACK);
        memory.write(TSS_BASE + 102, 2, 0x68);
        memory.write(TSS_BASE + 0x68, 8, -1L);
        memory.write(TSS_BASE + 0x70, 8, -1L);
    }

    private void descriptor(int selector, long value) {
        memory.write(GDT + (selector & ~7), 8, value);
    }

    /** The first 16 MiB at their own addresses, for user and supervisor code, and the same again at 1 GiB. */
    private void buildPageTables() {
        memory.write(PAGE_TABLES, 8, PAGE_TABLES + 0x1000 | 7);
        memory.write(PAGE_TABLES + 0x1000, 8, PAGE_TABLES + 0x2000 | 7);
        memory.write(PAGE_TABLES + 0x1008, 8, PAGE_TABLES + 0x2000 | 7);
        for (int i = 0; i < 8; i++) {
            memory.write(PAGE_TABLES + 0x2000 + 8 * i, 8, (long) i << 21 | 0xE7);
        }
    }

    // modes

    /** Real-address mode at 0000:0500H, stack below 8000H. */
    static SystemBench real() {
        SystemBench bench = new SystemBench();
        Cpu c = bench.c;
        c.seg[SegmentRegister.CS].set(0, 0, 0xFFFF, 0x9B);
        c.rip = 0x500;
        c.r[Cpu.RSP] = 0x8000;
        c.contextChanged();
        return bench;
    }

    /** 32-bit protected mode without paging, with all segments flat. */
    static SystemBench protectedMode() {
        SystemBench bench = real();
        Cpu c = bench.c;
        c.gdtrBase = GDT;
        c.gdtrLimit = GDT_LIMIT;
        c.idtrBase = IDT;
        c.cr0 |= Control.CR0_PE;
        bench.loadFlat(CODE32, DATA, 0);
        return bench;
    }

    /** 64-bit mode with paging. */
    static SystemBench longMode() {
        SystemBench bench = protectedMode();
        Cpu c = bench.c;
        c.cr4 = Control.CR4_PAE;
        c.cr3 = PAGE_TABLES;
        c.efer = Control.EFER_LME | Control.EFER_LMA | Control.EFER_SCE;
        c.cr0 = Control.CR0_PE | Control.CR0_PG | Control.CR0_ET | Control.CR0_WP;
        c.tr.set(TSS, TSS_BASE, 0x107, 0x8B);
        bench.loadFlat(CODE64, DATA, 0);
        return bench;
    }

    /** The same code at CPL 3. */
    SystemBench atUserLevel() {
        loadFlat(c.codeSize == 8 ? USER_CODE64 : USER_CODE32, USER_DATA, 3);
        return this;
    }

    private void loadFlat(int code, int data, int cpl) {
        c.seg[SegmentRegister.CS].setDescriptor(code, memory.read(GDT + (code & ~7), 8));
        for (int i : new int[] {SegmentRegister.ES, SegmentRegister.SS, SegmentRegister.DS}) {
            c.seg[i].setDescriptor(data, memory.read(GDT + (data & ~7), 8));
        }
        c.cpl = cpl;
        c.contextChanged();
    }

    // running

    /** Runs one instruction, given in hexadecimal, at the current RIP. */
    SystemBench run(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        byte[] code = Arrays.copyOf(bytes, Decoder.MAX_LENGTH);
        Insn insn = decoder.decode(code, 0, code.length, c.codeSize, 0);
        if (insn == null || insn.length != bytes.length) {
            throw new IllegalArgumentException(hex + " decodes as " + insn);
        }
        c.r[Insn.BLOCK] = c.rip;
        c.current = insn;
        insn.semantic.execute(c, insn);
        if (!insn.row.endsBlock()) {
            c.advance(insn);
        }
        return this;
    }

    /** Runs one instruction that faults, checks that it changed nothing, and returns the exception as "#GP(18H)". */
    String faultOf(String hex) {
        List<String> before = state();
        try {
            run(hex);
        } catch (GuestFault fault) {
            if (!state().equals(before)) {
                throw new AssertionError(hex + " changed the state before it faulted");
            }
            return fault.getMessage();
        }
        return "none";
    }

    /** All described state of the CPU, item by item. */
    List<String> state() {
        List<String> items = new ArrayList<>();
        c.describe(new StateVisitor() {
            @Override
            public void value(String name, LongSupplier get, LongConsumer set) {
                items.add(name + "=" + Long.toHexString(get.getAsLong()));
            }

            @Override
            public void longs(String name, long[] array) {
                items.add(name + "=" + Arrays.toString(array));
            }

            @Override
            public void bytes(String name, byte[] array) {
                items.add(name + "=" + Arrays.hashCode(array));
            }

            @Override
            public void section(String name, Runnable body) {
                items.add(name);
                body.run();
            }
        });
        return items;
    }
}

package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.IoSpace;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.cpu.Vector;
import dev.vtxray.core.isa.Decoder;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.memory.PhysicalMemory;
import java.util.Arrays;
import java.util.Random;

/** The emulated processor in the state in which a user program of 64-bit Linux sees the real one. */
final class EmulatedCpu {
    private static final long TABLES = 0x1000;
    private static final int USER_PAGE = 7;

    private final PhysicalMemory memory = new PhysicalMemory(1 << 30);
    private final Cpu cpu = new Cpu(0, memory, new IoSpace());
    private final Decoder decoder = new Decoder(BaseInstructions.rows(), feature -> true);
    private final Random budgets;

    /** @param seed decides in how many portions string instructions are executed */
    EmulatedCpu(long seed) {
        budgets = new Random(seed);
        memory.write(TABLES, 8, TABLES + 0x1000 | USER_PAGE);
        memory.write(TABLES + 0x1000, 8, TABLES + 0x2000 | USER_PAGE);
        map(NativeCase.START, TABLES + 0x3000);
        map(NativeCase.DATA, TABLES + 0x4000);
        map(NativeCase.DATA + 0x1000, TABLES + 0x4000);
        cpu.cr0 = Control.CR0_PE | Control.CR0_PG | Control.CR0_WP | Control.CR0_ET | Control.CR0_NE;
        cpu.cr3 = TABLES;
        cpu.cr4 = Control.CR4_PAE;
        cpu.efer = Control.EFER_LME | Control.EFER_LMA;
        cpu.cpl = 3;
        for (int i = 0; i < cpu.seg.length; i++) {
            cpu.seg[i].set(0x2B, 0, -1, 0xC0F3);
        }
        cpu.mmu.alone = true;
    }

    private void map(long page, long table) {
        memory.write(TABLES + 0x2000 + (page >>> 21) * 8, 8, table | USER_PAGE);
        memory.write(table + (page >>> 12 & 511) * 8, 8, page & -0x1000L | USER_PAGE);
    }

    NativeCase.Outcome run(NativeCase given) {
        enter(given);
        Insn insn = decoder.decode(given.code(), 0, given.code().length, given.mode(), 0);
        if (insn == null || insn.length != given.length()) {
            throw new IllegalStateException("decoded as " + insn + ": " + given);
        }
        long retired = cpu.retired();
        int vector = execute(insn);
        if (insn.row.mnemonic().matches("MOVS|CMPS|STOS|LODS|SCAS") && insn.rep != Insn.NO_REP) {
            checkIterations(given, vector, cpu.retired() - retired);
        }
        byte[] bytes = new byte[NativeCase.MEMORY_SIZE];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) memory.read(NativeCase.WINDOW + i, 1);
        }
        return new NativeCase.Outcome(
                vector,
                cpu.rip - NativeCase.START,
                Arrays.copyOf(cpu.r, 16),
                cpu.flags.get() & NativeCase.FLAGS,
                bytes);
    }

    private void enter(NativeCase given) {
        boolean is64Bit = given.mode() == 8;
        cpu.seg[SegmentRegister.CS].set(is64Bit ? 0x33 : 0x23, 0, -1, is64Bit ? 0xA0FB : 0xC0FB);
        cpu.contextChanged();
        System.arraycopy(given.registers(), 0, cpu.r, 0, 16);
        cpu.flags.set(given.flags() | Flags.IF);
        for (int i = 0; i < given.memory().length; i++) {
            memory.write(NativeCase.WINDOW + i, 1, given.memory()[i]);
        }
        cpu.r[Insn.BLOCK] = NativeCase.START;
    }

    private int execute(Insn insn) {
        try {
            do {
                cpu.rip = NativeCase.START;
                cpu.setBudget(1 + budgets.nextInt(20));
                cpu.budget--;
                insn.semantic.execute(cpu, insn);
                if (!insn.row.endsBlock()) {
                    cpu.advance(insn);
                }
            } while (cpu.rip == NativeCase.START && insn.rep != Insn.NO_REP);
            return NativeCase.EXECUTED;
        } catch (GuestFault fault) {
            cpu.budget++;
            cpu.rip = NativeCase.START;
            boolean throughStack = insn.hasMem && insn.seg == SegmentRegister.SS;
            return fault.isNonCanonical() && throughStack ? Vector.SS : fault.vector();
        }
    }

    /** Each iteration of a repeated string instruction counts as one instruction, and so does one with none at all. */
    private void checkIterations(NativeCase given, int vector, long retired) {
        long iterations = given.registers()[Cpu.RCX] - cpu.r[Cpu.RCX];
        boolean nothingToDo = iterations == 0 && vector == NativeCase.EXECUTED;
        if (retired != (nothingToDo ? 1 : iterations)) {
            throw new IllegalStateException(retired + " counted for " + iterations + " iterations: " + given);
        }
    }
}

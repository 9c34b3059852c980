package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;
import dev.vtxray.core.memory.Bytes;
import dev.vtxray.core.memory.RamPage;
import java.util.Arrays;

/**
 * String instructions and their repetition (SDM, Instruction Set Reference, "REP/REPE/REPZ/REPNE/REPNZ").
 *
 * <p>Each iteration counts as one instruction. rCX, rSI and rDI are written after every iteration, so that a fault, or the
 * end of the budget, leaves the registers ready for going on.
 */
final class Strings {
    private Strings() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("MOVS", "A4", "Yb,Xb") .ends()                .does(Strings::movs);
        rows.row("MOVS", "A5", "Yv,Xv") .ends()                .does(Strings::movs);
        rows.row("CMPS", "A6", "Xb,Yb") .ends().flags("OSZAPC").does(Strings::cmps);
        rows.row("CMPS", "A7", "Xv,Yv") .ends().flags("OSZAPC").does(Strings::cmps);
        rows.row("STOS", "AA", "Yb,AL") .ends()                .does(Strings::stos);
        rows.row("STOS", "AB", "Yv,rAX").ends()                .does(Strings::stos);
        rows.row("LODS", "AC", "AL,Xb") .ends()                .does(Strings::lods);
        rows.row("LODS", "AD", "rAX,Xv").ends()                .does(Strings::lods);
        rows.row("SCAS", "AE", "AL,Yb") .ends().flags("OSZAPC").does(Strings::scas);
        rows.row("SCAS", "AF", "rAX,Yv").ends().flags("OSZAPC").does(Strings::scas);
        // @formatter:on
    }

    static void movs(Cpu c, Insn i) {
        repeat(c, i, Strings::moveSome, false);
    }

    static void stos(Cpu c, Insn i) {
        repeat(c, i, Strings::fillSome, false);
    }

    static void lods(Cpu c, Insn i) {
        repeat(c, i, Strings::loadOne, false);
    }

    static void cmps(Cpu c, Insn i) {
        repeat(c, i, Strings::compareOne, true);
    }

    static void scas(Cpu c, Insn i) {
        repeat(c, i, Strings::scanOne, true);
    }

    // repetition

    /** Does at least one and at most {@code most} elements, moves rSI and rDI on, and answers how many it did. */
    @FunctionalInterface
    interface Iteration {
        long run(Cpu c, Insn i, long most);
    }

    /**
     * Runs a string instruction, once or under its prefix.
     *
     * @param comparing whether ZF ends the repetition: REPE goes on while it is set, REPNE while it is clear
     */
    static void repeat(Cpu c, Insn i, Iteration iteration, boolean comparing) {
        if (i.rep == Insn.NO_REP) {
            iteration.run(c, i, 1);
            c.advance(i);
            return;
        }
        long count = c.r[Cpu.RCX] & i.addressMask;
        while (count != 0) {
            // The iteration that begins is charged already; so a fault in it gives back just that one.
            long done = iteration.run(c, i, unsignedMin(count, Math.max(c.budget, 0) + 1));
            count -= done;
            c.budget -= done - 1;
            setIndex(c, i, Cpu.RCX, count);
            if (count == 0 || comparing && c.flags.zf() != (i.rep == Insn.REP)) {
                break;
            }
            if (c.budget <= 0) {
                c.rip = c.r[Insn.BLOCK] + i.start & c.ripMask();
                c.pauseRepetition();
                return;
            }
            c.budget--;
        }
        c.advance(i);
    }

    /** Writes a register in the address size, as any register of that width is written. */
    private static void setIndex(Cpu c, Insn i, int register, long value) {
        long keep = i.addressSize == 2 ? ~0xFFFFL : 0;
        c.r[register] = c.r[register] & keep | value & i.addressMask;
    }

    /** Moves an index register over {@code count} elements in the direction that DF tells. */
    static void step(Cpu c, Insn i, int register, long count) {
        long bytes = count * i.size;
        setIndex(c, i, register, c.flags.has(Flags.DF) ? c.r[register] - bytes : c.r[register] + bytes);
    }

    private static long unsignedMin(long a, long b) {
        return Long.compareUnsigned(a, b) < 0 ? a : b;
    }

    // one element

    private static long loadSource(Cpu c, Insn i) {
        return c.load(i, c.r[Cpu.RSI] & i.addressMask, i.size);
    }

    private static long loadDestination(Cpu c, Insn i) {
        return c.mmu.load(destination(c, i, false), i.size);
    }

    /** The destination is in ES whatever the prefixes say. */
    private static long destination(Cpu c, Insn i, boolean write) {
        return c.linear(SegmentRegister.ES, c.r[Cpu.RDI] & i.addressMask, i.size, write);
    }

    private static long moveSome(Cpu c, Insn i, long most) {
        long done = most > 1 && isBulk(c, i) ? moveInPage(c, i, most) : 0;
        if (done == 0) {
            long value = loadSource(c, i);
            c.mmu.store(destination(c, i, true), i.size, value);
            done = 1;
        }
        step(c, i, Cpu.RSI, done);
        step(c, i, Cpu.RDI, done);
        return done;
    }

    private static long fillSome(Cpu c, Insn i, long most) {
        long done = most > 1 && isBulk(c, i) ? fillInPage(c, i, most) : 0;
        if (done == 0) {
            c.mmu.store(destination(c, i, true), i.size, c.r[Cpu.RAX]);
            done = 1;
        }
        step(c, i, Cpu.RDI, done);
        return done;
    }

    private static long loadOne(Cpu c, Insn i, long most) {
        i.storeDst(c, loadSource(c, i));
        step(c, i, Cpu.RSI, 1);
        return 1;
    }

    private static long compareOne(Cpu c, Insn i, long most) {
        compare(c, i, loadSource(c, i), loadDestination(c, i));
        step(c, i, Cpu.RSI, 1);
        step(c, i, Cpu.RDI, 1);
        return 1;
    }

    private static long scanOne(Cpu c, Insn i, long most) {
        compare(c, i, c.r[Cpu.RAX], loadDestination(c, i));
        step(c, i, Cpu.RDI, 1);
        return 1;
    }

    private static void compare(Cpu c, Insn i, long first, long second) {
        long a = first << i.align;
        long b = second << i.align;
        long difference = a - b;
        c.flags.setArithmetic(i.align, ~a & b | (~a | b) & difference, difference);
    }

    // many elements, inside a page

    /** Many elements at once are worth their rules where nothing but the page can end the run. */
    private static boolean isBulk(Cpu c, Insn i) {
        return c.codeSize == 8 && i.addressSize == 8 && !c.flags.has(Flags.DF);
    }

    /** Moves as many elements as lie in one page on both sides; 0 if that cannot be done without further ado. */
    private static long moveInPage(Cpu c, Insn i, long most) {
        long from = c.segBase[i.seg] + c.r[Cpu.RSI];
        long to = c.segBase[SegmentRegister.ES] + c.r[Cpu.RDI];
        byte[] source = c.mmu.readablePage(from);
        byte[] target = c.mmu.writablePage(to);
        if (source == null || target == null) {
            return 0;
        }
        int start = (int) from & RamPage.SIZE - 1;
        int end = (int) to & RamPage.SIZE - 1;
        int count = (int) unsignedMin(most, (RamPage.SIZE - Math.max(start, end)) / i.size);
        int bytes = count * i.size;
        if (source == target && start < end && end < start + bytes) {
            // Elements that were written are read again: the pattern spreads.
            for (int k = 0; k < bytes; k += i.size) {
                Bytes.store(target, end + k, i.size, Bytes.load(source, start + k, i.size));
            }
        } else {
            System.arraycopy(source, start, target, end, bytes);
        }
        return count;
    }

    /** Stores as many elements as lie in one page; 0 if that cannot be done without further ado. */
    private static long fillInPage(Cpu c, Insn i, long most) {
        long to = c.segBase[SegmentRegister.ES] + c.r[Cpu.RDI];
        byte[] target = c.mmu.writablePage(to);
        if (target == null) {
            return 0;
        }
        int start = (int) to & RamPage.SIZE - 1;
        int count = (int) unsignedMin(most, (RamPage.SIZE - start) / i.size);
        int bytes = count * i.size;
        long value = c.r[Cpu.RAX];
        if (i.size == 1 || value == 0) {
            Arrays.fill(target, start, start + bytes, (byte) value);
        } else {
            for (int k = 0; k < bytes; k += i.size) {
                Bytes.store(target, start + k, i.size, value);
            }
        }
        return count;
    }
}

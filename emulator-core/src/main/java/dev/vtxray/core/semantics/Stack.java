package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.isa.CpuidFeature;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;

/** Stack instructions. Segment registers are pushed and popped in {@link SegmentMoves}. */
final class Stack {
    private Stack() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("PUSH",  "50+r",  "Zv"   ).d64().forms(StackForms.PUSH).does(Stack::push);
        rows.row("PUSH",  "FF /6", "Ev"   ).d64().forms(StackForms.PUSH).does(Stack::push);
        rows.row("PUSH",  "68",    "Iz"   ).d64().does(Stack::pushImmediate);
        rows.row("PUSH",  "6A",    "Ib"   ).d64().does(Stack::pushImmediate);
        rows.row("POP",   "58+r",  "Zv"   ).d64().forms(StackForms.POP).does(Stack::pop);
        rows.row("POP",   "8F /0", "Ev"   ).d64().does(Stack::popToRm);
        rows.row("PUSHA", "60",    ""     ).i64().does(Stack::pusha);
        rows.row("POPA",  "61",    ""     ).i64().does(Stack::popa);
        rows.row("PUSHF", "9C",    ""     ).d64().does(Stack::pushf);
        rows.row("POPF",  "9D",    ""     ).d64().ends().flags("OSZAPCDIN").does(Stack::popf);
        rows.row("ENTER", "C8",    "Iw,Ib").d64().does(Stack::enter);
        rows.row("LEAVE", "C9",    ""     ).d64().does(Stack::leave);
        rows.row("LAHF",  "9F",    ""     ).i64().does(Stack::lahf);
        rows.row("SAHF",  "9E",    ""     ).i64().flags("SZAPC").does(Stack::sahf);
        rows.row("LAHF",  "9F",    ""     ).o64().needs(CpuidFeature.LAHF64).does(Stack::lahf);
        rows.row("SAHF",  "9E",    ""     ).o64().needs(CpuidFeature.LAHF64).flags("SZAPC").does(Stack::sahf);
        // @formatter:on
    }

    static void push(Cpu c, Insn i) {
        c.push(i.loadDst(c), i.size);
    }

    static void pushImmediate(Cpu c, Insn i) {
        c.push(i.imm, i.size);
    }

    static void pop(Cpu c, Insn i) {
        long value = c.loadStack(0, i.size);
        c.setStackPointer(c.r[Cpu.RSP] + i.size);
        i.storeDst(c, value);
    }

    /** The address of a memory destination is computed with rSP as it is after the pop. */
    static void popToRm(Cpu c, Insn i) {
        long before = c.r[Cpu.RSP];
        long value = c.loadStack(0, i.size);
        c.setStackPointer(before + i.size);
        if (!i.dstMem) {
            i.storeDst(c, value);
            return;
        }
        long offset = i.offset(c);
        c.r[Cpu.RSP] = before;
        c.store(i, offset, i.size, value);
        c.setStackPointer(before + i.size);
    }

    static void pusha(Cpu c, Insn i) {
        long top = c.r[Cpu.RSP];
        c.mmu.probeStore(c.stackLinear(top - 8L * i.size, i.size, true), i.size);
        for (int register = Cpu.RAX; register <= Cpu.RDI; register++) {
            long value = register == Cpu.RSP ? top : c.r[register];
            c.mmu.store(c.stackLinear(top - (register + 1L) * i.size, i.size, true), i.size, value);
        }
        c.setStackPointer(top - 8L * i.size);
    }

    static void popa(Cpu c, Insn i) {
        long mask = -1L >>> 64 - 8 * i.size;
        c.loadStack(7L * i.size, i.size);
        for (int register = Cpu.RDI; register >= Cpu.RAX; register--) {
            if (register != Cpu.RSP) {
                long value = c.loadStack((long) (Cpu.RDI - register) * i.size, i.size);
                c.r[register] = c.r[register] & ~mask & 0xFFFF_FFFFL | value;
            }
        }
        c.setStackPointer(c.r[Cpu.RSP] + 8L * i.size);
    }

    static void pushf(Cpu c, Insn i) {
        if (c.virtual8086() && c.flags.iopl() < 3) {
            throw GuestFault.generalProtection();
        }
        c.push(c.flags.get() & ~(Flags.VM | Flags.RF), i.size);
    }

    static void popf(Cpu c, Insn i) {
        if (c.virtual8086() && c.flags.iopl() < 3) {
            throw GuestFault.generalProtection();
        }
        long value = c.pop(i.size);
        int changeable = Flags.STATUS | Flags.TF | Flags.DF | Flags.NT | Flags.AC | Flags.ID;
        if (!c.protectedMode() || c.cpl == 0) {
            changeable |= Flags.IOPL;
        }
        if (!c.protectedMode() || c.cpl <= c.flags.iopl()) {
            changeable |= Flags.IF;
        }
        if (i.size == 2) {
            changeable &= 0xFFFF;
        }
        c.flags.set(c.flags.get() & ~changeable & ~Flags.RF | value & changeable);
        c.advance(i);
        c.attend();
    }

    static void enter(Cpu c, Insn i) {
        int depth = i.imm2 & 31;
        long frame = c.r[Cpu.RSP] - i.size;
        c.mmu.store(c.stackLinear(frame, i.size, true), i.size, c.r[Cpu.RBP]);
        long at = frame;
        for (int level = 1; level < depth; level++) {
            at -= i.size;
            long pointer = c.mmu.load(c.stackLinear(c.r[Cpu.RBP] - (long) level * i.size, i.size, false), i.size);
            c.mmu.store(c.stackLinear(at, i.size, true), i.size, pointer);
        }
        if (depth > 0) {
            at -= i.size;
            c.mmu.store(c.stackLinear(at, i.size, true), i.size, frame);
        }
        long top = at - (i.imm & 0xFFFF);
        c.mmu.probeStore(c.stackLinear(top, 1, true), 1);
        setFramePointer(c, i.size, frame);
        c.setStackPointer(top);
    }

    static void leave(Cpu c, Insn i) {
        long frame = c.r[Cpu.RBP] & c.stackMask;
        long value = c.mmu.load(c.stackLinear(frame, i.size, false), i.size);
        c.setStackPointer(frame + i.size);
        setFramePointer(c, i.size, value);
    }

    private static void setFramePointer(Cpu c, int size, long value) {
        long mask = -1L >>> 64 - 8 * size;
        long keep = size == 2 ? ~mask : 0;
        c.r[Cpu.RBP] = c.r[Cpu.RBP] & keep | value & mask;
    }

    static void lahf(Cpu c, Insn i) {
        long flags = c.flags.status() & 0xFF | 2;
        c.r[Cpu.RAX] = c.r[Cpu.RAX] & ~0xFF00L | flags << 8;
    }

    static void sahf(Cpu c, Insn i) {
        int low = (int) (c.r[Cpu.RAX] >>> 8) & (Flags.STATUS & 0xFF);
        c.flags.setStatus(c.flags.status() & Flags.OF | low);
    }
}

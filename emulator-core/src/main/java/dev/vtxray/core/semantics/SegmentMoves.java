package dev.vtxray.core.semantics;

import static dev.vtxray.core.isa.CpuidFeature.FSGSBASE;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.cpu.Segmentation;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;

/** Moves to and from segment registers and their bases. */
final class SegmentMoves {
    private SegmentMoves() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("MOV",      "8C",          "Ev,Sw")                             .does(SegmentMoves::movFromSegment);
        rows.row("MOV",      "8E",          "Sw,Ew")                      .ends().does(SegmentMoves::movToSegment);
        rows.row("PUSH",     "06",          "ES")   .i64()                       .does(SegmentMoves::push);
        rows.row("PUSH",     "0E",          "CS")   .i64()                       .does(SegmentMoves::push);
        rows.row("PUSH",     "16",          "SS")   .i64()                       .does(SegmentMoves::push);
        rows.row("PUSH",     "1E",          "DS")   .i64()                       .does(SegmentMoves::push);
        rows.row("PUSH",     "0F A0",       "FS")   .d64()                       .does(SegmentMoves::push);
        rows.row("PUSH",     "0F A8",       "GS")   .d64()                       .does(SegmentMoves::push);
        rows.row("POP",      "07",          "ES")   .i64()                .ends().does(SegmentMoves::pop);
        rows.row("POP",      "17",          "SS")   .i64()                .ends().does(SegmentMoves::pop);
        rows.row("POP",      "1F",          "DS")   .i64()                .ends().does(SegmentMoves::pop);
        rows.row("POP",      "0F A1",       "FS")   .d64()                .ends().does(SegmentMoves::pop);
        rows.row("POP",      "0F A9",       "GS")   .d64()                .ends().does(SegmentMoves::pop);
        rows.row("LES",      "C4",          "Gv,Mp").i64()                .ends().does(SegmentMoves::les);
        rows.row("LDS",      "C5",          "Gv,Mp").i64()                .ends().does(SegmentMoves::lds);
        rows.row("LSS",      "0F B2",       "Gv,Mp")                      .ends().does(SegmentMoves::lss);
        rows.row("LFS",      "0F B4",       "Gv,Mp")                      .ends().does(SegmentMoves::lfs);
        rows.row("LGS",      "0F B5",       "Gv,Mp")                      .ends().does(SegmentMoves::lgs);
        rows.row("RDFSBASE", "F3 0F AE /0", "Rv")   .o64().needs(FSGSBASE)       .does(SegmentMoves::rdfsbase);
        rows.row("RDGSBASE", "F3 0F AE /1", "Rv")   .o64().needs(FSGSBASE)       .does(SegmentMoves::rdgsbase);
        rows.row("WRFSBASE", "F3 0F AE /2", "Rv")   .o64().needs(FSGSBASE).ends().does(SegmentMoves::wrfsbase);
        rows.row("WRGSBASE", "F3 0F AE /3", "Rv")   .o64().needs(FSGSBASE).ends().does(SegmentMoves::wrgsbase);
        rows.row("SWAPGS",   "0F 01 F8",    "")     .o64()                .ends().does(SegmentMoves::swapgs);
        // @formatter:on
    }

    // MOV, PUSH, POP

    /** REX.R does not extend the number of a segment register. */
    private static int segment(Insn i) {
        int segment = i.reg & 7;
        if (segment > SegmentRegister.GS) {
            throw GuestFault.undefinedOpcode();
        }
        return segment;
    }

    static void movFromSegment(Cpu c, Insn i) {
        SystemOperands.storeWordOrRegister(c, i, c.seg[segment(i)].selector);
    }

    static void movToSegment(Cpu c, Insn i) {
        int segment = segment(i);
        if (segment == SegmentRegister.CS) {
            throw GuestFault.undefinedOpcode();
        }
        Segmentation.loadDataSegment(c, segment, (int) i.loadSrc(c));
        shadowAfter(c, segment);
        c.advance(i);
    }

    /** After a load of SS nothing comes between it and the next instruction, which will load the stack pointer. */
    private static void shadowAfter(Cpu c, int segment) {
        if (segment == SegmentRegister.SS) {
            c.setShadow(Cpu.MOV_SS_SHADOW);
        }
    }

    static void push(Cpu c, Insn i) {
        c.push(c.seg[i.reg].selector, i.size);
    }

    static void pop(Cpu c, Insn i) {
        int selector = (int) c.loadStack(0, i.size) & 0xFFFF;
        // The stack pointer moves in the width of the stack that was popped from, not of the one that is loaded.
        long mask = c.stackMask;
        long popped = c.r[Cpu.RSP] & ~mask | c.r[Cpu.RSP] + i.size & mask;
        Segmentation.loadDataSegment(c, i.reg, selector);
        c.r[Cpu.RSP] = popped;
        shadowAfter(c, i.reg);
        c.advance(i);
    }

    // far pointers

    static void les(Cpu c, Insn i) {
        loadFarPointer(c, i, SegmentRegister.ES);
    }

    static void lds(Cpu c, Insn i) {
        loadFarPointer(c, i, SegmentRegister.DS);
    }

    static void lss(Cpu c, Insn i) {
        loadFarPointer(c, i, SegmentRegister.SS);
    }

    static void lfs(Cpu c, Insn i) {
        loadFarPointer(c, i, SegmentRegister.FS);
    }

    static void lgs(Cpu c, Insn i) {
        loadFarPointer(c, i, SegmentRegister.GS);
    }

    private static void loadFarPointer(Cpu c, Insn i, int segment) {
        long offset = c.mmu.load(SystemOperands.linear(c, i, 0, i.size, false), i.size);
        int selector = (int) c.mmu.load(SystemOperands.linear(c, i, i.size, 2, false), 2);
        Segmentation.loadDataSegment(c, segment, selector);
        i.storeDst(c, offset);
        c.advance(i);
    }

    // bases

    private static void checkBaseAccessEnabled(Cpu c) {
        if ((c.cr4 & Control.CR4_FSGSBASE) == 0) {
            throw GuestFault.undefinedOpcode();
        }
    }

    static void rdfsbase(Cpu c, Insn i) {
        checkBaseAccessEnabled(c);
        i.storeDst(c, c.seg[SegmentRegister.FS].base);
    }

    static void rdgsbase(Cpu c, Insn i) {
        checkBaseAccessEnabled(c);
        i.storeDst(c, c.seg[SegmentRegister.GS].base);
    }

    static void wrfsbase(Cpu c, Insn i) {
        writeBase(c, i, SegmentRegister.FS);
    }

    static void wrgsbase(Cpu c, Insn i) {
        writeBase(c, i, SegmentRegister.GS);
    }

    private static void writeBase(Cpu c, Insn i, int segment) {
        checkBaseAccessEnabled(c);
        long base = i.loadDst(c);
        if (!c.isCanonical(base)) {
            throw GuestFault.generalProtection();
        }
        c.seg[segment].base = base;
        c.contextChanged();
        c.advance(i);
    }

    static void swapgs(Cpu c, Insn i) {
        c.requirePrivilege();
        SegmentRegister gs = c.seg[SegmentRegister.GS];
        long base = gs.base;
        gs.base = c.msr.kernelGsBase;
        c.msr.kernelGsBase = base;
        c.contextChanged();
        c.advance(i);
    }
}

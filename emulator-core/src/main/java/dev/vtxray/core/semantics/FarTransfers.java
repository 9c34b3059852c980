package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.cpu.Segmentation;
import dev.vtxray.core.cpu.Vector;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;

/** Far jumps and calls, directly and through call gates. */
final class FarTransfers {
    private FarTransfers() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("JMP",  "EA",    "Ap").i64().ends().does(FarTransfers::jmpPointer);
        rows.row("JMP",  "FF /5", "Mp")      .ends().does(FarTransfers::jmpMemory);
        rows.row("CALL", "9A",    "Ap").i64().ends().does(FarTransfers::callPointer);
        rows.row("CALL", "FF /3", "Mp")      .ends().does(FarTransfers::callMemory);
        // @formatter:on
    }

    private static long pointerOffset(Cpu c, Insn i) {
        return c.mmu.load(SystemOperands.linear(c, i, 0, i.size, false), i.size);
    }

    private static int pointerSelector(Cpu c, Insn i) {
        return (int) c.mmu.load(SystemOperands.linear(c, i, i.size, 2, false), 2);
    }

    // JMP

    static void jmpPointer(Cpu c, Insn i) {
        jump(c, i.imm2, i.imm);
    }

    static void jmpMemory(Cpu c, Insn i) {
        jump(c, pointerSelector(c, i), pointerOffset(c, i));
    }

    private static void jump(Cpu c, int selector, long offset) {
        if (!SystemOperands.usesDescriptors(c)) {
            CodeSegments.checkRealOffset(c, offset);
            CodeSegments.enterReal(c, selector, offset);
            return;
        }
        long descriptor = CodeSegments.descriptor(c, selector);
        int access = SegmentRegister.accessOf(descriptor);
        if ((access & SegmentRegister.S) == 0) {
            jumpThrough(c, CallGate.read(c, selector, descriptor));
            return;
        }
        CodeSegments.checkDirect(c, selector, access);
        CodeSegments.checkOffset(c, descriptor, offset);
        CodeSegments.enter(c, selector, descriptor, c.cpl, offset);
    }

    private static void jumpThrough(Cpu c, CallGate gate) {
        long target = gate.targetDescriptor(c);
        int access = SegmentRegister.accessOf(target);
        CodeSegments.require(CodeSegments.isConforming(access) || CodeSegments.dpl(access) == c.cpl, gate.selector());
        CodeSegments.checkOffset(c, target, gate.offset());
        CodeSegments.enter(c, gate.selector(), target, c.cpl, gate.offset());
    }

    // CALL

    static void callPointer(Cpu c, Insn i) {
        call(c, i, i.imm2, i.imm);
    }

    static void callMemory(Cpu c, Insn i) {
        call(c, i, pointerSelector(c, i), pointerOffset(c, i));
    }

    private static void call(Cpu c, Insn i, int selector, long offset) {
        long back = SystemOperands.next(c, i);
        if (!SystemOperands.usesDescriptors(c)) {
            CodeSegments.checkRealOffset(c, offset);
            pushReturnAddress(c, i.size, back);
            CodeSegments.enterReal(c, selector, offset);
            return;
        }
        long descriptor = CodeSegments.descriptor(c, selector);
        int access = SegmentRegister.accessOf(descriptor);
        if ((access & SegmentRegister.S) == 0) {
            callThrough(c, CallGate.read(c, selector, descriptor), back);
            return;
        }
        CodeSegments.checkDirect(c, selector, access);
        CodeSegments.checkOffset(c, descriptor, offset);
        long accessed = Segmentation.markAccessed(c, selector, descriptor);
        pushReturnAddress(c, i.size, back);
        CodeSegments.enter(c, selector, accessed, c.cpl, offset);
    }

    private static void callThrough(Cpu c, CallGate gate, long back) {
        long target = gate.targetDescriptor(c);
        int access = SegmentRegister.accessOf(target);
        int dpl = CodeSegments.dpl(access);
        int newCpl = CodeSegments.isConforming(access) ? c.cpl : dpl;
        CodeSegments.checkOffset(c, target, gate.offset());
        long accessed = Segmentation.markAccessed(c, gate.selector(), target);
        if (newCpl == c.cpl) {
            pushReturnAddress(c, gate.size(), back);
        } else if (c.longMode) {
            switchStack64(c, newCpl, back);
        } else {
            switchStack(c, gate, newCpl, back);
        }
        CodeSegments.enter(c, gate.selector(), accessed, newCpl, gate.offset());
    }

    /** Pushes CS and rIP, or faults with neither pushed. */
    private static void pushReturnAddress(Cpu c, int size, long back) {
        long rsp = c.r[Cpu.RSP];
        long selectorLa = c.stackLinear(rsp - size, size, true);
        long backLa = c.stackLinear(rsp - 2 * size, size, true);
        c.mmu.probeStore(selectorLa, size);
        c.mmu.probeStore(backLa, size);
        c.mmu.store(selectorLa, size, c.seg[SegmentRegister.CS].selector);
        c.mmu.store(backLa, size, back);
        c.setStackPointer(rsp - 2 * size);
    }

    // the stack of an inner level

    private static long taskState(Cpu c, int offset, int size) {
        if (offset + size - 1 > (c.tr.limit & 0xFFFF_FFFFL)) {
            throw GuestFault.of(Vector.TS, c.tr.selector & Segmentation.SELECTOR);
        }
        return c.mmu.loadSystem(c.wrap(c.tr.base + offset), size);
    }

    /** IA-32e mode: RSP from the TSS, a null SS, and a frame of four items. */
    private static void switchStack64(Cpu c, int newCpl, long back) {
        SegmentRegister ss = c.seg[SegmentRegister.SS];
        long top = taskState(c, 4 + 8 * newCpl, 8);
        long bottom = top - 32;
        if (!c.isCanonical(bottom) || !c.isCanonical(top - 1)) {
            throw GuestFault.of(Vector.SS, 0);
        }
        c.mmu.probeSupervisor(bottom, 32);
        c.mmu.storeSupervisor(bottom + 24, 8, ss.selector);
        c.mmu.storeSupervisor(bottom + 16, 8, c.r[Cpu.RSP]);
        c.mmu.storeSupervisor(bottom + 8, 8, c.seg[SegmentRegister.CS].selector);
        c.mmu.storeSupervisor(bottom, 8, back);
        ss.set(newCpl, 0, 0, SegmentRegister.UNUSABLE | newCpl << SegmentRegister.DPL_SHIFT);
        c.r[Cpu.RSP] = bottom;
    }

    /** Legacy modes: SS:ESP from the TSS, and a frame with the parameters copied between the two far pointers. */
    private static void switchStack(Cpu c, CallGate gate, int newCpl, long back) {
        boolean tss32 = (c.tr.access & 8) != 0;
        int entry = tss32 ? 4 + 8 * newCpl : 2 + 4 * newCpl;
        int pointerSize = tss32 ? 4 : 2;
        long newSp = taskState(c, entry, pointerSize);
        int newSs = (int) taskState(c, entry + pointerSize, 2);
        long[] frame = frameWithParameters(c, gate, back);
        SegmentRegister ss = c.seg[SegmentRegister.SS];
        int oldSelector = ss.selector;
        long oldBase = ss.base;
        int oldLimit = ss.limit;
        int oldAccess = ss.access;
        try {
            Segmentation.loadStackSegment(c, newSs, newCpl, Vector.TS);
            long mask = ss.has(SegmentRegister.DB) ? 0xFFFF_FFFFL : 0xFFFFL;
            int size = gate.size();
            long bottom = newSp - (long) frame.length * size & mask;
            long la = c.linear(SegmentRegister.SS, bottom, frame.length * size, true);
            c.mmu.probeSupervisor(la, frame.length * size);
            for (int k = 0; k < frame.length; k++) {
                c.mmu.storeSupervisor(la + (long) k * size, size, frame[k]);
            }
            c.r[Cpu.RSP] = c.r[Cpu.RSP] & ~mask | bottom;
        } catch (RuntimeException undone) {
            // A fault, an access that was taken, or the demand to run alone: the old stack is in force again.
            ss.set(oldSelector, oldBase, oldLimit, oldAccess);
            throw undone;
        }
    }

    /** The frame on the inner stack, lowest address first. */
    private static long[] frameWithParameters(Cpu c, CallGate gate, long back) {
        int count = gate.parameters();
        long[] frame = new long[count + 4];
        frame[0] = back;
        frame[1] = c.seg[SegmentRegister.CS].selector;
        for (int k = 0; k < count; k++) {
            frame[2 + k] = c.loadStack((long) k * gate.size(), gate.size());
        }
        frame[count + 2] = c.r[Cpu.RSP];
        frame[count + 3] = c.seg[SegmentRegister.SS].selector;
        return frame;
    }
}

package dev.vtxray.core.cpu;

import dev.vtxray.core.port.EventGate;

/** One attempt to enter the handler of an event: all checks and the whole frame first, then the registers. */
final class IdtFrame {
    private static final int INTERRUPT_GATE = 0xE;
    private static final int GATE_16 = 6;

    private final Cpu cpu;
    private final Event event;
    private final boolean faultsSetResumeFlag;

    private IdtFrame(Cpu cpu, Event event, boolean faultsSetResumeFlag) {
        this.cpu = cpu;
        this.event = event;
        this.faultsSetResumeFlag = faultsSetResumeFlag;
    }

    /** Enters the handler, or throws the fault that hit the attempt with nothing changed but CR2. */
    static void enter(Cpu cpu, Event event, boolean faultsSetResumeFlag) {
        if (event.vector() == Vector.PF && event.type() == Event.Type.HARDWARE_EXCEPTION) {
            cpu.cr2 = event.payload();
        }
        IdtFrame frame = new IdtFrame(cpu, event, faultsSetResumeFlag);
        if (cpu.longMode) {
            frame.enterIa32e();
        } else if (cpu.protectedMode()) {
            frame.enterProtected();
        } else {
            frame.enterReal();
        }
        frame.finish();
    }

    private void finish() {
        if (event.type() == Event.Type.NMI) {
            cpu.nmiBlocked = true;
        }
        cpu.activity = Activity.ACTIVE;
        cpu.shadow = Cpu.NO_SHADOW;
        cpu.contextChanged();
        EventGate gate = cpu.eventGate;
        if (gate != null) {
            gate.delivered(cpu, event);
        }
        cpu.probe.delivered(cpu, event);
    }

    private long returnRip() {
        return cpu.rip + (event.type().isSoftware() ? event.instructionLength() : 0);
    }

    /**
     * RF is pushed as one for faults, so that the instruction does not meet its own breakpoint again, and for what comes
     * between two iterations of a repeated string instruction.
     */
    private long returnFlags() {
        boolean fault = event.type() == Event.Type.HARDWARE_EXCEPTION && event.vector() != Vector.DB;
        boolean resumes = fault ? faultsSetResumeFlag : cpu.isBetweenIterations();
        return cpu.flags.get() | (resumes ? Flags.RF : 0);
    }

    private GuestFault gateFault(int vector) {
        return GuestFault.of(vector, event.vector() << 3 | 2);
    }

    // IA-32e mode

    private void enterIa32e() {
        int vector = event.vector();
        if (vector * 16 + 15 > cpu.idtrLimit) {
            throw gateFault(Vector.GP);
        }
        long low = cpu.mmu.loadSystem(cpu.idtrBase + vector * 16L, 8);
        long high = cpu.mmu.loadSystem(cpu.idtrBase + vector * 16L + 8, 8);
        int type = (int) (low >>> 40) & 0x1F;
        if ((type | 1) != (INTERRUPT_GATE | 1)) {
            throw gateFault(Vector.GP);
        }
        checkGate(low);
        long target = low & 0xFFFF | low >>> 32 & 0xFFFF_0000L | high << 32;
        int selector = (int) (low >>> 16) & 0xFFFF;
        long descriptor = codeDescriptor(selector);
        int access = SegmentRegister.accessOf(descriptor);
        if ((access & (SegmentRegister.L | SegmentRegister.DB)) != SegmentRegister.L) {
            throw GuestFault.generalProtection(selector & Segmentation.SELECTOR);
        }
        int newCpl = privilegeOf(access);
        long top = stackTop((int) (low >>> 32) & 7, newCpl) & ~0xFL;
        int size = event.hasErrorCode() ? 48 : 40;
        long bottom = top - size;
        if (!cpu.isCanonical(bottom) || !cpu.isCanonical(top - 1)) {
            throw GuestFault.of(Vector.SS, 0);
        }
        if (!cpu.isCanonical(target)) {
            throw GuestFault.generalProtection();
        }
        probe(bottom, size, newCpl);
        SegmentRegister ss = cpu.seg[SegmentRegister.SS];
        SegmentRegister cs = cpu.seg[SegmentRegister.CS];
        long at = top;
        at = push(at, 8, ss.selector, newCpl);
        at = push(at, 8, cpu.r[Cpu.RSP], newCpl);
        at = push(at, 8, returnFlags(), newCpl);
        at = push(at, 8, cs.selector, newCpl);
        at = push(at, 8, returnRip(), newCpl);
        if (event.hasErrorCode()) {
            at = push(at, 8, event.errorCode(), newCpl);
        }
        cs.setDescriptor(selector & ~3 | newCpl, Segmentation.markAccessed(cpu, selector, descriptor));
        if (newCpl != cpu.cpl) {
            ss.set(newCpl, 0, 0, SegmentRegister.UNUSABLE | newCpl << SegmentRegister.DPL_SHIFT);
        }
        commit(newCpl, target, (type & 1) == 0);
        cpu.r[Cpu.RSP] = at;
    }

    private long stackTop(int interruptStack, int newCpl) {
        if (interruptStack != 0) {
            return taskStateStack(0x24 + 8 * (interruptStack - 1), 8);
        }
        return newCpl < cpu.cpl ? taskStateStack(4 + 8 * newCpl, 8) : cpu.r[Cpu.RSP];
    }

    private long taskStateStack(int offset, int size) {
        if (offset + size - 1 > (cpu.tr.limit & 0xFFFF_FFFFL)) {
            throw GuestFault.of(Vector.TS, cpu.tr.selector & Segmentation.SELECTOR);
        }
        return cpu.mmu.loadSystem(cpu.wrap(cpu.tr.base + offset), size);
    }

    // protected mode

    private void enterProtected() {
        int vector = event.vector();
        if (vector * 8 + 7 > cpu.idtrLimit) {
            throw gateFault(Vector.GP);
        }
        long gate = cpu.mmu.loadSystem(cpu.wrap(cpu.idtrBase + vector * 8L), 8);
        int type = (int) (gate >>> 40) & 0x1F;
        boolean is32Bit = (type | 1) == (INTERRUPT_GATE | 1);
        // Deviation: task gates are not offered yet and count as an invalid gate type.
        if (!is32Bit && (type | 1) != (GATE_16 | 1)) {
            throw gateFault(Vector.GP);
        }
        checkGate(gate);
        int selector = (int) (gate >>> 16) & 0xFFFF;
        long target = gate & 0xFFFF | (is32Bit ? gate >>> 32 & 0xFFFF_0000L : 0);
        long descriptor = codeDescriptor(selector);
        int newCpl = privilegeOf(SegmentRegister.accessOf(descriptor));
        if (cpu.virtual8086() && newCpl != 0) {
            throw GuestFault.generalProtection(selector & Segmentation.SELECTOR);
        }
        if (target > (SegmentRegister.limitOf(descriptor) & 0xFFFF_FFFFL)) {
            throw GuestFault.generalProtection();
        }
        int size = is32Bit ? 4 : 2;
        if (newCpl < cpu.cpl || cpu.virtual8086()) {
            pushInner(size, newCpl);
        } else {
            pushSame(size);
        }
        cpu.seg[SegmentRegister.CS].setDescriptor(
                selector & ~3 | newCpl, Segmentation.markAccessed(cpu, selector, descriptor));
        commit(newCpl, target, (type & 1) == 0);
    }

    private void pushSame(int size) {
        long rspBefore = cpu.r[Cpu.RSP];
        int count = event.hasErrorCode() ? 4 : 3;
        cpu.mmu.probeStore(cpu.stackLinear(rspBefore - (long) count * size, count * size, true), size);
        cpu.push(returnFlags(), size);
        cpu.push(cpu.seg[SegmentRegister.CS].selector, size);
        cpu.push(returnRip(), size);
        if (event.hasErrorCode()) {
            cpu.push(event.errorCode(), size);
        }
    }

    private void pushInner(int size, int newCpl) {
        boolean tss32 = (cpu.tr.access & 8) != 0;
        int entry = tss32 ? 4 + 8 * newCpl : 2 + 4 * newCpl;
        long newSp = taskStateStack(entry, tss32 ? 4 : 2);
        int newSs = (int) taskStateStack(entry + (tss32 ? 4 : 2), 2);
        SegmentRegister ss = cpu.seg[SegmentRegister.SS];
        int oldSs = ss.selector;
        long oldSp = cpu.r[Cpu.RSP];
        long oldBase = ss.base;
        int oldLimit = ss.limit;
        int oldAccess = ss.access;
        boolean fromVirtual8086 = cpu.virtual8086();
        try {
            Segmentation.loadStackSegment(cpu, newSs, newCpl, Vector.TS);
            boolean wide = ss.has(SegmentRegister.DB);
            int count = (event.hasErrorCode() ? 6 : 5) + (fromVirtual8086 ? 4 : 0);
            long bottom = newSp - (long) count * size & (wide ? 0xFFFF_FFFFL : 0xFFFFL);
            long la = Segmentation.linear(cpu, SegmentRegister.SS, bottom, count * size, true);
            probe(la, count * size, newCpl);
            long at = la + (long) count * size;
            if (fromVirtual8086) {
                for (int segment :
                        new int[] {SegmentRegister.GS, SegmentRegister.FS, SegmentRegister.DS, SegmentRegister.ES}) {
                    at = push(at, size, cpu.seg[segment].selector, newCpl);
                    cpu.seg[segment].set(0, 0, 0, SegmentRegister.UNUSABLE);
                }
            }
            at = push(at, size, oldSs, newCpl);
            at = push(at, size, oldSp, newCpl);
            at = push(at, size, returnFlags(), newCpl);
            at = push(at, size, cpu.seg[SegmentRegister.CS].selector, newCpl);
            at = push(at, size, returnRip(), newCpl);
            if (event.hasErrorCode()) {
                push(at, size, event.errorCode(), newCpl);
            }
            cpu.r[Cpu.RSP] = wide ? bottom : cpu.r[Cpu.RSP] & ~0xFFFFL | bottom;
        } catch (GuestFault | dev.vtxray.core.port.SecondStage.Taken undone) {
            ss.set(oldSs, oldBase, oldLimit, oldAccess);
            throw undone;
        }
    }

    // real mode

    private void enterReal() {
        int vector = event.vector();
        if (vector * 4 + 3 > cpu.idtrLimit) {
            throw gateFault(Vector.GP);
        }
        long entry = cpu.mmu.load32(cpu.wrap(cpu.idtrBase + vector * 4L));
        cpu.mmu.probeStore(cpu.stackLinear(cpu.r[Cpu.RSP] - 6, 6, true), 6);
        cpu.push(returnFlags() & 0xFFFF, 2);
        cpu.push(cpu.seg[SegmentRegister.CS].selector, 2);
        cpu.push(returnRip(), 2);
        cpu.seg[SegmentRegister.CS].selector = (int) (entry >>> 16);
        cpu.seg[SegmentRegister.CS].base = entry >>> 16 << 4;
        cpu.rip = entry & 0xFFFF;
        cpu.flags.system &= ~(Flags.TF | Flags.IF | Flags.RF | Flags.AC);
    }

    // shared

    private void checkGate(long gate) {
        boolean fromInstruction =
                event.type() == Event.Type.SOFTWARE_INTERRUPT || event.type() == Event.Type.SOFTWARE_EXCEPTION;
        if (fromInstruction && ((int) (gate >>> 45) & 3) < cpu.cpl) {
            throw gateFault(Vector.GP);
        }
        if ((gate >>> 47 & 1) == 0) {
            throw gateFault(Vector.NP);
        }
    }

    private long codeDescriptor(int selector) {
        if (Segmentation.isNull(selector)) {
            throw GuestFault.generalProtection();
        }
        long descriptor = Segmentation.descriptor(cpu, selector, Vector.GP);
        int access = SegmentRegister.accessOf(descriptor);
        boolean code =
                (access & (SegmentRegister.S | SegmentRegister.CODE)) == (SegmentRegister.S | SegmentRegister.CODE);
        if (!code || (access >> SegmentRegister.DPL_SHIFT & 3) > cpu.cpl) {
            throw GuestFault.generalProtection(selector & Segmentation.SELECTOR);
        }
        if ((access & SegmentRegister.P) == 0) {
            throw GuestFault.of(Vector.NP, selector & Segmentation.SELECTOR);
        }
        return descriptor;
    }

    private int privilegeOf(int access) {
        return (access & SegmentRegister.CONFORMING) != 0 ? cpu.cpl : access >> SegmentRegister.DPL_SHIFT & 3;
    }

    private void probe(long la, int size, int newCpl) {
        if (newCpl == 3) {
            cpu.mmu.probeStore(la, size);
        } else {
            cpu.mmu.probeSupervisor(la, size);
        }
    }

    private long push(long at, int size, long value, int newCpl) {
        if (newCpl == 3) {
            cpu.mmu.store(at - size, size, value);
        } else {
            cpu.mmu.storeSupervisor(at - size, size, value);
        }
        return at - size;
    }

    private void commit(int newCpl, long target, boolean interruptGate) {
        cpu.cpl = newCpl;
        cpu.rip = target;
        cpu.flags.system &= ~(Flags.TF | Flags.NT | Flags.RF | Flags.VM | (interruptGate ? Flags.IF : 0));
    }
}

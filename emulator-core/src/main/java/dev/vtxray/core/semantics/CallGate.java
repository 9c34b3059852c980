package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.SegmentRegister;

/**
 * A call gate.
 *
 * @param selector   the code segment behind it
 * @param offset     where it is entered
 * @param size       2, 4 or 8: bytes of each item that a call through it pushes
 * @param parameters items that a call to an inner level copies (never in IA-32e mode)
 */
record CallGate(int selector, long offset, int size, int parameters) {
    private static final int GATE_16 = 4;
    private static final int GATE = 12;

    /** Takes the system descriptor apart that a far transfer named, after the checks that it is an open call gate. */
    static CallGate read(Cpu c, int selector, long descriptor) {
        int access = SegmentRegister.accessOf(descriptor);
        int type = access & (SegmentRegister.S | SegmentRegister.TYPE);
        // Deviation: a task gate or TSS is refused like any other wrong type; there is no task switch yet.
        CodeSegments.require(type == GATE || type == GATE_16 && !c.longMode, selector);
        int dpl = CodeSegments.dpl(access);
        CodeSegments.require(dpl >= c.cpl && dpl >= (selector & 3), selector);
        CodeSegments.checkPresent(access, selector);
        int target = (int) (descriptor >>> 16) & 0xFFFF;
        long low = descriptor & 0xFFFF;
        if (type == GATE_16) {
            return new CallGate(target, low, 2, parametersOf(descriptor));
        }
        long offset = low | descriptor >>> 32 & 0xFFFF_0000L;
        return c.longMode
                ? new CallGate(target, offset | SystemOperands.upperHalf(c, selector) << 32, 8, 0)
                : new CallGate(target, offset, 4, parametersOf(descriptor));
    }

    private static int parametersOf(long descriptor) {
        return (int) (descriptor >>> 32) & 0x1F;
    }

    /** The checked descriptor of the code segment behind the gate; in IA-32e mode that must be 64-bit code. */
    long targetDescriptor(Cpu c) {
        long descriptor = CodeSegments.descriptor(c, selector);
        int access = SegmentRegister.accessOf(descriptor);
        CodeSegments.require(CodeSegments.isCode(access) && CodeSegments.dpl(access) <= c.cpl, selector);
        boolean is64Bit = (access & (SegmentRegister.L | SegmentRegister.DB)) == SegmentRegister.L;
        CodeSegments.require(!c.longMode || is64Bit, selector);
        CodeSegments.checkPresent(access, selector);
        return descriptor;
    }
}

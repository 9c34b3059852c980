package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.cpu.Segmentation;
import dev.vtxray.core.cpu.Vector;

/** Loads of CS by far transfers: first all checks, then {@link #enter}. */
final class CodeSegments {
    private CodeSegments() {}

    // real-address and virtual-8086 mode

    static void checkRealOffset(Cpu c, long offset) {
        if (offset > (c.seg[SegmentRegister.CS].limit & 0xFFFF_FFFFL)) {
            throw GuestFault.generalProtection();
        }
    }

    static void enterReal(Cpu c, int selector, long offset) {
        SegmentRegister cs = c.seg[SegmentRegister.CS];
        cs.selector = selector;
        cs.base = (long) selector << 4;
        c.contextChanged();
        c.rip = offset;
    }

    // checks

    /** Descriptor of a selector that must not be null. */
    static long descriptor(Cpu c, int selector) {
        if (Segmentation.isNull(selector)) {
            throw GuestFault.generalProtection();
        }
        return Segmentation.descriptor(c, selector, Vector.GP);
    }

    /** A code segment that JMP and CALL enter without a gate: its privilege is that of the running code. */
    static void checkDirect(Cpu c, int selector, int access) {
        int dpl = dpl(access);
        boolean allowed = isConforming(access) ? dpl <= c.cpl : dpl == c.cpl && (selector & 3) <= c.cpl;
        require(isCode(access) && allowed, selector);
        checkPresent(access, selector);
        checkMode(c, access, selector);
    }

    /** A code segment that RET and IRET return to, at the privilege that the selector asks for. */
    static void checkReturn(Cpu c, int selector, int access) {
        int rpl = selector & 3;
        boolean allowed = isConforming(access) ? dpl(access) <= rpl : dpl(access) == rpl;
        require(isCode(access) && rpl >= c.cpl && allowed, selector);
        checkMode(c, access, selector);
        checkPresent(access, selector);
    }

    static boolean isCode(int access) {
        int both = SegmentRegister.S | SegmentRegister.CODE;
        return (access & both) == both;
    }

    static boolean isConforming(int access) {
        return (access & SegmentRegister.CONFORMING) != 0;
    }

    static int dpl(int access) {
        return access >> SegmentRegister.DPL_SHIFT & 3;
    }

    /** Whether code of this segment is 64-bit code. */
    static boolean is64Bit(Cpu c, long descriptor) {
        return c.longMode && (SegmentRegister.accessOf(descriptor) & SegmentRegister.L) != 0;
    }

    static void checkPresent(int access, int selector) {
        if ((access & SegmentRegister.P) == 0) {
            throw GuestFault.of(Vector.NP, selector & Segmentation.SELECTOR);
        }
    }

    /** L and D exclude each other in IA-32e mode. */
    private static void checkMode(Cpu c, int access, int selector) {
        int both = SegmentRegister.L | SegmentRegister.DB;
        require(!c.longMode || (access & both) != both, selector);
    }

    static void require(boolean rule, int selector) {
        if (!rule) {
            throw GuestFault.generalProtection(selector & Segmentation.SELECTOR);
        }
    }

    /** The new RIP must be canonical in 64-bit code, and otherwise inside the segment. */
    static void checkOffset(Cpu c, long descriptor, long offset) {
        boolean inside = is64Bit(c, descriptor)
                ? c.isCanonical(offset)
                : offset >>> 32 == 0 && offset <= (SegmentRegister.limitOf(descriptor) & 0xFFFF_FFFFL);
        if (!inside) {
            throw GuestFault.generalProtection();
        }
    }

    // the load

    /** Goes on in a checked segment. Only the marking of its descriptor can fault, and a marked one does not. */
    static void enter(Cpu c, int selector, long descriptor, int cpl, long offset) {
        long accessed = Segmentation.markAccessed(c, selector, descriptor);
        c.seg[SegmentRegister.CS].setDescriptor(selector & ~3 | cpl, accessed);
        c.cpl = cpl;
        c.contextChanged();
        c.rip = offset;
    }

    /**
     * Returns to a checked code segment and to the stack that goes with it, at the privilege of its selector.
     *
     * @throws GuestFault #GP or #SS if SS cannot be loaded; then nothing has changed
     */
    static void enterWithStack(Cpu c, int selector, long descriptor, long offset, int stackSelector, long rsp) {
        int cpl = selector & 3;
        boolean outward = cpl > c.cpl;
        long accessed = Segmentation.markAccessed(c, selector, descriptor);
        loadReturnStack(c, stackSelector, cpl, is64Bit(c, descriptor));
        enter(c, selector, accessed, cpl, offset);
        if (c.codeSize == 8) {
            c.r[Cpu.RSP] = rsp;
        } else {
            boolean wide = c.stackMask == 0xFFFF_FFFFL;
            c.r[Cpu.RSP] = wide ? rsp & c.stackMask : c.r[Cpu.RSP] & ~c.stackMask | rsp & c.stackMask;
        }
        if (outward) {
            dropInnerSegments(c);
        }
    }

    /** 64-bit code runs with a null SS below CPL 3. */
    private static void loadReturnStack(Cpu c, int selector, int cpl, boolean to64Bit) {
        if (!Segmentation.isNull(selector)) {
            Segmentation.loadStackSegment(c, selector, cpl, Vector.GP);
        } else if (to64Bit && cpl < 3 && (selector & 3) == cpl) {
            c.seg[SegmentRegister.SS].set(selector, 0, 0, SegmentRegister.UNUSABLE | cpl << SegmentRegister.DPL_SHIFT);
        } else {
            throw GuestFault.generalProtection();
        }
    }

    /** After a return to an outer level, data segments that this level must not see are gone. */
    private static void dropInnerSegments(Cpu c) {
        for (int i = 0; i < c.seg.length; i++) {
            SegmentRegister register = c.seg[i];
            boolean isData = i != SegmentRegister.CS && i != SegmentRegister.SS;
            boolean conforming = isCode(register.access) && isConforming(register.access);
            if (isData && !register.isUnusable() && !conforming && register.dpl() < c.cpl) {
                register.set(0, 0, 0, SegmentRegister.UNUSABLE);
            }
        }
        c.contextChanged();
    }
}

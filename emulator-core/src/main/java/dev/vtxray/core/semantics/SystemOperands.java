package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.cpu.Segmentation;
import dev.vtxray.core.cpu.Vector;
import dev.vtxray.core.isa.Insn;

/** Operands and conditions that several system instructions have in common. */
final class SystemOperands {
    private SystemOperands() {}

    /** Whether segments come from descriptor tables. */
    static boolean usesDescriptors(Cpu c) {
        return c.protectedMode() && !c.virtual8086();
    }

    /** #UD in real-address and virtual-8086 mode. */
    static void requireDescriptors(Cpu c) {
        if (!usesDescriptors(c)) {
            throw GuestFault.undefinedOpcode();
        }
    }

    /** #GP(0) for SGDT, SIDT, SLDT, STR and SMSW outside CPL 0 while CR4.UMIP is set. */
    static void checkUserModeInstructionPrevention(Cpu c) {
        if ((c.cr4 & Control.CR4_UMIP) != 0) {
            c.requirePrivilege();
        }
    }

    /** Stores a system register: 16 bits in memory, the whole operand size in a register. */
    static void storeWordOrRegister(Cpu c, Insn i, long value) {
        if (i.dstMem) {
            c.store(i, i.offset(c), 2, value);
        } else {
            i.storeDst(c, value);
        }
    }

    /** Address of the part of the memory operand that lies {@code distance} bytes behind its start. */
    static long linear(Cpu c, Insn i, int distance, int size, boolean write) {
        return c.linear(i.seg, i.offset(c) + distance & i.addressMask, size, write);
    }

    /** Writes a register in the width of the address size, as string instructions and loops do. */
    static void setAddressRegister(Cpu c, Insn i, int register, long value) {
        c.r[register] = i.addressSize == 2 ? c.r[register] & ~0xFFFFL | value & 0xFFFF : value & i.addressMask;
    }

    /** Address that the instruction starts at: where RIP stands until it is done. */
    static long start(Cpu c, Insn i) {
        return c.r[Insn.BLOCK] + i.start & c.ripMask();
    }

    /** Address behind the instruction. */
    static long next(Cpu c, Insn i) {
        return c.r[Insn.BLOCK] + i.end & c.ripMask();
    }

    /** Two 32-bit halves as RDMSR returns them. */
    static void setEdxEax(Cpu c, long value) {
        c.r[Cpu.RAX] = value & 0xFFFF_FFFFL;
        c.r[Cpu.RDX] = value >>> 32;
    }

    static long edxEax(Cpu c) {
        return c.r[Cpu.RDX] << 32 | c.r[Cpu.RAX] & 0xFFFF_FFFFL;
    }

    /** Loads RFLAGS, and looks at the events that may have become possible by it. */
    static void loadFlags(Cpu c, long value) {
        int before = c.flags.get();
        c.flags.set(value);
        int risen = c.flags.get() & ~before;
        if ((risen & (Flags.IF | Flags.TF | Flags.RF)) != 0) {
            c.attend();
        }
    }

    /**
     * The second 8 bytes of a system descriptor of IA-32e mode.
     *
     * @throws GuestFault #GP(selector) if it is not in the table, or is marked as a descriptor of its own
     */
    static long upperHalf(Cpu c, int selector) {
        long limit = (selector & 4) != 0 ? c.ldtr.limit & 0xFFFF_FFFFL : c.gdtrLimit;
        if ((selector & 0xFFF8) + 15 > limit) {
            throw GuestFault.generalProtection(selector & Segmentation.SELECTOR);
        }
        long upper = c.mmu.loadSystem(c.wrap(Segmentation.descriptorAddress(c, selector, Vector.GP) + 8), 8);
        if ((upper >>> 40 & 0x1F) != 0) {
            throw GuestFault.generalProtection(selector & Segmentation.SELECTOR);
        }
        return upper;
    }

    /** Base of a system descriptor: 64 bits wide in IA-32e mode. */
    static long systemBase(Cpu c, int selector, long descriptor) {
        long base = SegmentRegister.baseOf(descriptor);
        if (!c.longMode) {
            return base;
        }
        long wide = base & 0xFFFF_FFFFL | upperHalf(c, selector) << 32;
        if (!c.isCanonical(wide)) {
            throw GuestFault.generalProtection(selector & Segmentation.SELECTOR);
        }
        return wide;
    }
}

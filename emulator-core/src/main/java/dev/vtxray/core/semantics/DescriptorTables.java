package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.cpu.Segmentation;
import dev.vtxray.core.cpu.Vector;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;
import dev.vtxray.core.port.SensitiveOp;

/** Descriptor-table registers, and the instructions that look at descriptors. */
final class DescriptorTables {
    private static final int LDT = 2;
    private static final int TSS_16_AVAILABLE = 1;
    private static final int TSS_AVAILABLE = 9;
    private static final int TSS_BUSY = 2;

    /** Bit n: the system descriptor type n has access rights that LAR shows, a limit that LSL shows. */
    private static final int LAR_TYPES = 0b0001_1010_0011_1110;

    private static final int LAR_TYPES_IA32E = 0b0001_1010_0000_0100;
    private static final int LSL_TYPES = 0b0000_1010_0000_1110;
    private static final int LSL_TYPES_IA32E = 0b0000_1010_0000_0100;
    private static final int ACCESS_RIGHTS = 0x00FF_FF00;

    private DescriptorTables() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("SGDT", "0F 01 /0", "Ms")   .sensitive(SensitiveOp.SGDT).does(DescriptorTables::sgdt);
        rows.row("SIDT", "0F 01 /1", "Ms")   .sensitive(SensitiveOp.SIDT).does(DescriptorTables::sidt);
        rows.row("LGDT", "0F 01 /2", "Ms")   .sensitive(SensitiveOp.LGDT).does(DescriptorTables::lgdt);
        rows.row("LIDT", "0F 01 /3", "Ms")   .sensitive(SensitiveOp.LIDT).does(DescriptorTables::lidt);
        rows.row("SLDT", "0F 00 /0", "Ev")   .sensitive(SensitiveOp.SLDT).does(DescriptorTables::sldt);
        rows.row("STR",  "0F 00 /1", "Ev")   .sensitive(SensitiveOp.STR) .does(DescriptorTables::str);
        rows.row("LLDT", "0F 00 /2", "Ew")   .sensitive(SensitiveOp.LLDT).does(DescriptorTables::lldt);
        rows.row("LTR",  "0F 00 /3", "Ew")   .sensitive(SensitiveOp.LTR) .does(DescriptorTables::ltr);
        rows.row("VERR", "0F 00 /4", "Ew")   .flags("Z")                 .does(DescriptorTables::verr);
        rows.row("VERW", "0F 00 /5", "Ew")   .flags("Z")                 .does(DescriptorTables::verw);
        rows.row("LAR",  "0F 02",    "Gv,Ew").flags("Z")                 .does(DescriptorTables::lar);
        rows.row("LSL",  "0F 03",    "Gv,Ew").flags("Z")                 .does(DescriptorTables::lsl);
        rows.row("ARPL", "63",       "Ew,Gw").flags("Z").i64()           .does(DescriptorTables::arpl);
        // @formatter:on
    }

    // GDTR and IDTR

    /** The interceptor's operand of this and the other descriptor-table instructions is 0. */
    static void sgdt(Cpu c, Insn i) {
        SystemOperands.checkUserModeInstructionPrevention(c);
        if (c.taken(SensitiveOp.SGDT, i, 0)) {
            return;
        }
        storePseudoDescriptor(c, i, c.gdtrLimit, c.gdtrBase);
        c.advance(i);
    }

    static void sidt(Cpu c, Insn i) {
        SystemOperands.checkUserModeInstructionPrevention(c);
        if (c.taken(SensitiveOp.SIDT, i, 0)) {
            return;
        }
        storePseudoDescriptor(c, i, c.idtrLimit, c.idtrBase);
        c.advance(i);
    }

    private static void storePseudoDescriptor(Cpu c, Insn i, int limit, long base) {
        int baseSize = i.codeSize == 8 ? 8 : 4;
        long limitLa = SystemOperands.linear(c, i, 0, 2, true);
        long baseLa = SystemOperands.linear(c, i, 2, baseSize, true);
        c.mmu.probeStore(limitLa, 2);
        c.mmu.probeStore(baseLa, baseSize);
        c.mmu.store(limitLa, 2, limit);
        c.mmu.store(baseLa, baseSize, base);
    }

    static void lgdt(Cpu c, Insn i) {
        c.requirePrivilege();
        if (c.taken(SensitiveOp.LGDT, i, 0)) {
            return;
        }
        int limit = loadLimit(c, i);
        c.gdtrBase = loadBase(c, i);
        c.gdtrLimit = limit;
        c.advance(i);
    }

    static void lidt(Cpu c, Insn i) {
        c.requirePrivilege();
        if (c.taken(SensitiveOp.LIDT, i, 0)) {
            return;
        }
        int limit = loadLimit(c, i);
        c.idtrBase = loadBase(c, i);
        c.idtrLimit = limit;
        c.advance(i);
    }

    private static int loadLimit(Cpu c, Insn i) {
        return (int) c.mmu.load(SystemOperands.linear(c, i, 0, 2, false), 2);
    }

    /** With a 16-bit operand the base has 24 bits (SDM, LGDT/LIDT). */
    private static long loadBase(Cpu c, Insn i) {
        int size = i.codeSize == 8 ? 8 : 4;
        long base = c.mmu.load(SystemOperands.linear(c, i, 2, size, false), size);
        if (!c.isCanonical(base)) {
            throw GuestFault.generalProtection();
        }
        return i.codeSize != 8 && i.size == 2 ? base & 0xFF_FFFF : base;
    }

    // LDTR and TR

    static void sldt(Cpu c, Insn i) {
        SystemOperands.requireDescriptors(c);
        SystemOperands.checkUserModeInstructionPrevention(c);
        if (c.taken(SensitiveOp.SLDT, i, 0)) {
            return;
        }
        SystemOperands.storeWordOrRegister(c, i, c.ldtr.selector);
        c.advance(i);
    }

    static void str(Cpu c, Insn i) {
        SystemOperands.requireDescriptors(c);
        SystemOperands.checkUserModeInstructionPrevention(c);
        if (c.taken(SensitiveOp.STR, i, 0)) {
            return;
        }
        SystemOperands.storeWordOrRegister(c, i, c.tr.selector);
        c.advance(i);
    }

    static void lldt(Cpu c, Insn i) {
        SystemOperands.requireDescriptors(c);
        c.requirePrivilege();
        if (c.taken(SensitiveOp.LLDT, i, 0)) {
            return;
        }
        int selector = (int) i.loadDst(c);
        if (Segmentation.isNull(selector)) {
            c.ldtr.set(selector, 0, 0, SegmentRegister.UNUSABLE);
        } else {
            long descriptor = globalSystemDescriptor(c, selector);
            if (typeOf(descriptor) != LDT) {
                throw GuestFault.generalProtection(selector & Segmentation.SELECTOR);
            }
            loadSystemSegment(c, c.ldtr, selector, descriptor);
        }
        c.advance(i);
    }

    static void ltr(Cpu c, Insn i) {
        SystemOperands.requireDescriptors(c);
        c.requirePrivilege();
        if (c.taken(SensitiveOp.LTR, i, 0)) {
            return;
        }
        int selector = (int) i.loadDst(c);
        if (Segmentation.isNull(selector)) {
            throw GuestFault.generalProtection();
        }
        long descriptor = globalSystemDescriptor(c, selector);
        int type = typeOf(descriptor);
        if (type != TSS_AVAILABLE && (type != TSS_16_AVAILABLE || c.longMode)) {
            throw GuestFault.generalProtection(selector & Segmentation.SELECTOR);
        }
        long busy = descriptor | (long) TSS_BUSY << 40;
        loadSystemSegment(c, c.tr, selector, busy);
        c.advance(i);
    }

    private static long globalSystemDescriptor(Cpu c, int selector) {
        if ((selector & 4) != 0) {
            throw GuestFault.generalProtection(selector & Segmentation.SELECTOR);
        }
        return Segmentation.descriptor(c, selector, Vector.GP);
    }

    /** Loads LDTR or TR; the descriptor of a TSS comes with its busy bit set, which memory does not have yet. */
    private static void loadSystemSegment(Cpu c, SegmentRegister register, int selector, long descriptor) {
        if ((SegmentRegister.accessOf(descriptor) & SegmentRegister.P) == 0) {
            throw GuestFault.of(Vector.NP, selector & Segmentation.SELECTOR);
        }
        long base = SystemOperands.systemBase(c, selector, descriptor);
        if (register == c.tr) {
            c.mmu.storeSystem(c.wrap(Segmentation.descriptorAddress(c, selector, Vector.GP) + 5), 1, descriptor >>> 40);
        }
        register.setDescriptor(selector, descriptor);
        register.base = base;
    }

    /** S and type: system types are 0-15. */
    private static int typeOf(long descriptor) {
        return (int) (descriptor >>> 40) & 0x1F;
    }

    // looking at descriptors

    static void lar(Cpu c, Insn i) {
        SystemOperands.requireDescriptors(c);
        int selector = (int) i.loadSrc(c);
        long descriptor = visibleDescriptor(c, selector, c.longMode ? LAR_TYPES_IA32E : LAR_TYPES);
        if (descriptor != 0) {
            i.storeDst(c, descriptor >>> 32 & ACCESS_RIGHTS);
        }
        c.flags.setZero(descriptor != 0);
    }

    static void lsl(Cpu c, Insn i) {
        SystemOperands.requireDescriptors(c);
        int selector = (int) i.loadSrc(c);
        long descriptor = visibleDescriptor(c, selector, c.longMode ? LSL_TYPES_IA32E : LSL_TYPES);
        if (descriptor != 0) {
            i.storeDst(c, SegmentRegister.limitOf(descriptor) & 0xFFFF_FFFFL);
        }
        c.flags.setZero(descriptor != 0);
    }

    static void verr(Cpu c, Insn i) {
        SystemOperands.requireDescriptors(c);
        int access = SegmentRegister.accessOf(visibleDescriptor(c, (int) i.loadDst(c), 0));
        boolean unreadableCode = (access & (SegmentRegister.CODE | SegmentRegister.WRITABLE)) == SegmentRegister.CODE;
        c.flags.setZero((access & SegmentRegister.S) != 0 && !unreadableCode);
    }

    static void verw(Cpu c, Insn i) {
        SystemOperands.requireDescriptors(c);
        int access = SegmentRegister.accessOf(visibleDescriptor(c, (int) i.loadDst(c), 0));
        int kind = access & (SegmentRegister.S | SegmentRegister.CODE | SegmentRegister.WRITABLE);
        c.flags.setZero(kind == (SegmentRegister.S | SegmentRegister.WRITABLE));
    }

    /**
     * The descriptor of a selector, or 0 if it is null, beyond its table, hidden by privilege, or of a system type that
     * {@code systemTypes} lacks.
     */
    private static long visibleDescriptor(Cpu c, int selector, int systemTypes) {
        if (Segmentation.isNull(selector) || !isInTable(c, selector)) {
            return 0;
        }
        long descriptor = Segmentation.descriptor(c, selector, Vector.GP);
        int access = SegmentRegister.accessOf(descriptor);
        boolean segment = (access & SegmentRegister.S) != 0;
        if (!segment && (systemTypes >> (access & SegmentRegister.TYPE) & 1) == 0) {
            return 0;
        }
        boolean conforming = segment
                && (access & (SegmentRegister.CODE | SegmentRegister.CONFORMING))
                        == (SegmentRegister.CODE | SegmentRegister.CONFORMING);
        int dpl = access >> SegmentRegister.DPL_SHIFT & 3;
        return conforming || dpl >= c.cpl && dpl >= (selector & 3) ? descriptor : 0;
    }

    private static boolean isInTable(Cpu c, int selector) {
        boolean local = (selector & 4) != 0;
        long limit = local ? c.ldtr.limit & 0xFFFF_FFFFL : c.gdtrLimit;
        return (selector & 0xFFF8) + 7 <= limit && !(local && c.ldtr.isUnusable());
    }

    static void arpl(Cpu c, Insn i) {
        SystemOperands.requireDescriptors(c);
        long destination = i.loadDstForUpdate(c);
        long rpl = i.loadSrc(c) & 3;
        boolean raised = (destination & 3) < rpl;
        if (raised) {
            i.storeDst(c, destination & ~3 | rpl);
        }
        c.flags.setZero(raised);
    }
}

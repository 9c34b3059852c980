package dev.vtxray.core.isa;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.memory.Bytes;

/**
 * A decoded instruction: its row, and its operands resolved so far that executing it needs no further decoding.
 *
 * <p>Operands are numbered as in the row: the first is the destination, the second the source, an immediate beside them
 * is {@link #imm}. A register operand is a register number, a shift (8 for AH, CH, DH, BH) and a mask, so that all widths
 * read and write alike, without a branch. An immediate source is the always-zero register plus a constant.
 *
 * <p>Immutable, and free of anything that belongs to one CPU or one mapping: the same object serves every CPU that runs
 * the same bytes in the same mode.
 */
public final class Insn {
    /** Index in {@link Cpu#r} of a register that is always zero. */
    public static final int ZERO = 16;
    /** Index in {@link Cpu#r} of the linear address of the block that runs: RIP-relative operands are relative to it. */
    public static final int BLOCK = 17;

    /** {@link #rep}: no repeat prefix, REP or REPE (F3H), REPNE (F2H). */
    public static final int NO_REP = 0;

    public static final int REP = 0xF3;
    public static final int REPNE = 0xF2;

    public final Row row;
    public final Semantic semantic;
    /** How the engine carries it out: the same as {@link #semantic}, but quicker where the operands allow. */
    public final Form form;

    /** Mode of the code: 2 bytes (16-bit), 4 (32-bit) or 8 (64-bit). */
    public final byte codeSize;
    /** Effective operand size in bytes: 1, 2, 4, 8. */
    public final byte size;
    /** 64 - 8 * size: shifts a value's sign bit to bit 63. */
    public final byte align;

    public final byte addressSize;
    public final int length;
    /** Byte offset of the instruction from the start of its block, and of the byte behind it. */
    public final short start;

    public final short end;
    public final boolean lock;
    public final short rep;

    public final byte dst;
    public final byte dstShift;
    public final long dstMask;
    public final byte dstSize;
    public final boolean dstMem;

    public final byte src;
    public final byte srcShift;
    public final byte srcSize;
    public final boolean srcMem;
    /** The immediate, if that is the source; otherwise 0. */
    public final long srcAdd;

    /** The (last) immediate, branch displacement or address of the instruction, sign-extended where the manual does. */
    public final long imm;
    /** The second immediate: nesting level of ENTER, selector of a far pointer. */
    public final int imm2;

    public final boolean hasMem;
    public final byte base;
    public final byte index;
    public final byte scale;
    public final long disp;
    public final long addressMask;
    /** Segment of the memory operand: 0 ES, 1 CS, 2 SS, 3 DS, 4 FS, 5 GS. */
    public final int seg;

    /** ModRM byte, or -1. */
    public final short modRm;
    /** ModRM reg field with REX.R, for rows whose operands do not say it all (control, debug, segment registers). */
    public final byte reg;

    Insn(Draft draft) {
        row = draft.row;
        semantic = draft.semantic;
        codeSize = (byte) draft.codeSize;
        size = (byte) draft.size;
        align = (byte) (64 - 8 * Math.min(size, 8));
        addressSize = (byte) draft.addressSize;
        length = draft.length;
        start = (short) draft.start;
        end = (short) (draft.start + draft.length);
        lock = draft.lock;
        rep = (short) draft.rep;
        dst = (byte) draft.dst.register;
        dstShift = (byte) draft.dst.shift;
        dstMask = draft.dst.mask;
        dstSize = (byte) draft.dst.size;
        dstMem = draft.dst.memory;
        src = (byte) draft.src.register;
        srcShift = (byte) draft.src.shift;
        srcSize = (byte) draft.src.size;
        srcMem = draft.src.memory;
        srcAdd = draft.src.constant;
        imm = draft.imm;
        imm2 = draft.imm2;
        hasMem = draft.hasMem;
        base = (byte) draft.base;
        index = (byte) draft.index;
        scale = (byte) draft.scale;
        disp = draft.ripRelative ? draft.disp + end : draft.disp;
        addressMask = addressSize == 8 ? -1L : addressSize == 4 ? 0xFFFF_FFFFL : 0xFFFFL;
        seg = draft.seg;
        modRm = (short) draft.modRm;
        reg = (byte) draft.reg;
        form = row.formFor(this);
    }

    /** Offset part of the memory operand's address. */
    public long offset(Cpu c) {
        return c.r[base] + (c.r[index] << scale) + disp & addressMask;
    }

    /** Linear address of a flat memory operand, see {@link Shape}. */
    public long flatAddress(Cpu c) {
        return c.r[base] + (c.r[index] << scale) + disp;
    }

    /** Value of the source, zero-extended. */
    public long loadSrc(Cpu c) {
        return srcMem ? c.load(this, offset(c), srcSize) : srcRegister(c) + srcAdd;
    }

    /** Value of the destination, zero-extended, where it will not be written. */
    public long loadDst(Cpu c) {
        return dstMem ? c.load(this, offset(c), dstSize) : c.r[dst] >>> dstShift & dstMask;
    }

    /** Value of a destination that will be written: after it, {@link #storeDst} cannot fault. */
    public long loadDstForUpdate(Cpu c) {
        return dstMem ? c.loadForUpdate(this, offset(c), dstSize) : c.r[dst] >>> dstShift & dstMask;
    }

    /** Writes the destination; a 32-bit register write clears the upper half, narrower ones keep the rest. */
    public void storeDst(Cpu c, long value) {
        if (dstMem) {
            c.store(this, offset(c), dstSize, value);
        } else {
            c.r[dst] = merge(c.r[dst], value, dstMask, dstShift);
        }
    }

    /** Writes the source operand, which must be a register (XADD, XCHG). */
    public void storeSrcRegister(Cpu c, long value) {
        c.r[src] = merge(c.r[src], value, Bytes.mask(srcSize), srcShift);
    }

    /** Value of the source register, zero-extended. */
    public long srcRegister(Cpu c) {
        return c.r[src] >>> srcShift & Bytes.mask(srcSize);
    }

    private static long merge(long old, long value, long mask, int shift) {
        boolean wide = mask >>> 31 != 0;
        return wide ? value & mask : old & ~(mask << shift) | (value & mask) << shift;
    }

    /** Whether the memory operand's address is relative to RIP. */
    public boolean isRipRelative() {
        return base == BLOCK;
    }

    /** The displacement as it stands in the instruction, sign-extended. */
    public long encodedDisplacement() {
        return isRipRelative() ? disp - end : disp;
    }

    @Override
    public String toString() {
        return row + " (" + length + " bytes)";
    }

    /** One operand while it is resolved. */
    static final class Place {
        int register;
        int shift;
        long mask;
        int size;
        boolean memory;
        long constant;

        void begin() {
            register = ZERO;
            shift = 0;
            mask = 0;
            size = 0;
            memory = false;
            constant = 0;
        }
    }

    /** An instruction while it is decoded. */
    static final class Draft {
        Row row = Undefined.ROW;
        Semantic semantic = Undefined.ROW.semantic();
        int codeSize;
        int size;
        int addressSize;
        int length;
        int start;
        boolean lock;
        int rep;
        final Place dst = new Place();
        final Place src = new Place();
        /** A third operand, of which only the immediate counts. */
        final Place other = new Place();

        long imm;
        int imm2;
        boolean hasMem;
        boolean ripRelative;
        int base;
        int index;
        int scale;
        long disp;
        int seg;
        int modRm;
        int reg;

        void begin(int newCodeSize, int newStart) {
            row = Undefined.ROW;
            semantic = Undefined.ROW.semantic();
            codeSize = newCodeSize;
            size = 0;
            addressSize = 0;
            length = 0;
            start = newStart;
            lock = false;
            rep = NO_REP;
            dst.begin();
            src.begin();
            other.begin();
            imm = 0;
            imm2 = 0;
            hasMem = false;
            ripRelative = false;
            base = ZERO;
            index = ZERO;
            scale = 0;
            disp = 0;
            seg = 3;
            modRm = -1;
            reg = 0;
        }
    }
}

package dev.vtxray.core.cpu;

import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;

/** A segment register with its hidden part. */
public final class SegmentRegister implements Described {
    public static final int ES = 0;
    public static final int CS = 1;
    public static final int SS = 2;
    public static final int DS = 3;
    public static final int FS = 4;
    public static final int GS = 5;

    // Bits of the access rights: those of the descriptor's bytes 5 and 6, and one for "unusable".
    public static final int TYPE = 0xF;
    public static final int ACCESSED = 1;
    /** Data: writable. Code: readable. */
    public static final int WRITABLE = 1 << 1;
    /** Data: expand-down. Code: conforming. */
    public static final int EXPAND_DOWN = 1 << 2;

    public static final int CONFORMING = 1 << 2;
    public static final int CODE = 1 << 3;
    public static final int S = 1 << 4;
    public static final int DPL_SHIFT = 5;
    public static final int P = 1 << 7;
    public static final int L = 1 << 13;
    public static final int DB = 1 << 14;
    public static final int G = 1 << 15;
    public static final int UNUSABLE = 1 << 16;

    public int selector;
    public long base;
    /** Limit in bytes, as an unsigned 32-bit number. */
    public int limit;
    /** Type 3:0, S 4, DPL 6:5, P 7, AVL 12, L 13, D/B 14, G 15, unusable 16. */
    public int access;

    /** Loads all parts. */
    public void set(int selector, long base, int limit, int access) {
        this.selector = selector;
        this.base = base;
        this.limit = limit;
        this.access = access;
    }

    /** Loads the hidden part from an 8-byte descriptor. */
    public void setDescriptor(int selector, long descriptor) {
        this.selector = selector;
        this.base = baseOf(descriptor);
        this.limit = limitOf(descriptor);
        this.access = accessOf(descriptor);
    }

    /** Base address of a descriptor's first 8 bytes. */
    public static long baseOf(long descriptor) {
        return descriptor >>> 16 & 0xFF_FFFF | (descriptor >>> 56) << 24;
    }

    /** Limit in bytes of a descriptor. */
    public static int limitOf(long descriptor) {
        int limit = (int) (descriptor & 0xFFFF | descriptor >>> 32 & 0xF_0000);
        return (descriptor >>> 55 & 1) != 0 ? limit << 12 | 0xFFF : limit;
    }

    /** Access rights of a descriptor. */
    public static int accessOf(long descriptor) {
        return (int) (descriptor >>> 40) & 0xF0FF;
    }

    public int dpl() {
        return access >> DPL_SHIFT & 3;
    }

    public boolean isUnusable() {
        return (access & UNUSABLE) != 0;
    }

    public boolean has(int bits) {
        return (access & bits) == bits;
    }

    @Override
    public void describe(StateVisitor visitor) {
        visitor.value("selector", () -> selector, value -> selector = (int) value);
        visitor.value("base", () -> base, value -> base = value);
        visitor.value("limit", () -> limit, value -> limit = (int) value);
        visitor.value("access", () -> access, value -> access = (int) value);
    }
}

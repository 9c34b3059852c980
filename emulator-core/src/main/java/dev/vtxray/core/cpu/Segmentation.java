package dev.vtxray.core.cpu;

/** Segment checks and the loading of segment registers (SDM, Protected-Mode Memory Management; Protection). */
public final class Segmentation {
    /** The table-indicator and index bits of a selector, as they go into an error code. */
    public static final int SELECTOR = 0xFFFC;

    private Segmentation() {}

    /** Linear address of an access outside 64-bit mode, after the segment's own checks. */
    static long linear(Cpu cpu, int segment, long offset, int size, boolean write) {
        SegmentRegister register = cpu.seg[segment];
        if (cpu.protectedMode() && !cpu.virtual8086()) {
            boolean code = register.has(SegmentRegister.CODE);
            boolean denied = register.isUnusable()
                    || (write
                            ? code || !register.has(SegmentRegister.WRITABLE)
                            : code && !register.has(SegmentRegister.WRITABLE));
            if (denied) {
                throw violation(segment);
            }
        }
        checkLimit(register, segment, offset, size);
        return register.base + offset & 0xFFFF_FFFFL;
    }

    private static void checkLimit(SegmentRegister register, int segment, long offset, int size) {
        long limit = register.limit & 0xFFFF_FFFFL;
        long last = offset + size - 1;
        boolean outside;
        if ((register.access & (SegmentRegister.CODE | SegmentRegister.EXPAND_DOWN)) == SegmentRegister.EXPAND_DOWN) {
            long top = register.has(SegmentRegister.DB) ? 0xFFFF_FFFFL : 0xFFFF;
            outside = offset <= limit || last > top;
        } else {
            outside = last > limit;
        }
        if (outside) {
            throw violation(segment);
        }
    }

    private static GuestFault violation(int segment) {
        return GuestFault.of(segment == SegmentRegister.SS ? Vector.SS : Vector.GP, 0);
    }

    /** Whether a selector is null. */
    public static boolean isNull(int selector) {
        return (selector & SELECTOR) == 0;
    }

    /** Linear address of a selector's descriptor. @throws GuestFault {@code vector}(selector) if beyond its table */
    public static long descriptorAddress(Cpu cpu, int selector, int vector) {
        boolean local = (selector & 4) != 0;
        long base = local ? cpu.ldtr.base : cpu.gdtrBase;
        long limit = local ? cpu.ldtr.limit & 0xFFFF_FFFFL : cpu.gdtrLimit;
        if (local && (cpu.ldtr.isUnusable() || isNull(cpu.ldtr.selector)) || (selector & 0xFFF8) + 7 > limit) {
            throw GuestFault.of(vector, selector & SELECTOR);
        }
        return cpu.wrap(base + (selector & 0xFFF8));
    }

    /** The first 8 bytes of a selector's descriptor. */
    public static long descriptor(Cpu cpu, int selector, int vector) {
        return cpu.mmu.loadSystem(descriptorAddress(cpu, selector, vector), 8);
    }

    /** Marks the descriptor of a segment as accessed if it is not yet, and returns it so. */
    public static long markAccessed(Cpu cpu, int selector, long descriptor) {
        long accessed = descriptor | 1L << 40;
        if (accessed != descriptor) {
            cpu.mmu.storeSystem(descriptorAddress(cpu, selector, Vector.GP) + 5, 1, accessed >>> 40);
        }
        return accessed;
    }

    /**
     * Loads ES, SS, DS, FS or GS as MOV, POP and the load-far-pointer instructions do.
     *
     * @param segment {@link SegmentRegister#ES} and so on, not CS
     */
    public static void loadDataSegment(Cpu cpu, int segment, int selector) {
        SegmentRegister register = cpu.seg[segment];
        if (!cpu.protectedMode() || cpu.virtual8086()) {
            register.selector = selector;
            register.base = (long) selector << 4;
            if (cpu.virtual8086()) {
                register.limit = 0xFFFF;
                register.access = 0xF3;
            }
        } else if (segment == SegmentRegister.SS) {
            loadStackSegment(cpu, selector, cpu.cpl, Vector.GP);
        } else if (isNull(selector)) {
            register.set(selector, 0, 0, SegmentRegister.UNUSABLE);
        } else {
            loadProtected(cpu, register, selector);
        }
        cpu.contextChanged();
    }

    private static void loadProtected(Cpu cpu, SegmentRegister register, int selector) {
        long descriptor = descriptor(cpu, selector, Vector.GP);
        int access = SegmentRegister.accessOf(descriptor);
        boolean code = (access & SegmentRegister.CODE) != 0;
        boolean readable = !code || (access & SegmentRegister.WRITABLE) != 0;
        boolean conforming = code && (access & SegmentRegister.CONFORMING) != 0;
        int dpl = access >> SegmentRegister.DPL_SHIFT & 3;
        if ((access & SegmentRegister.S) == 0 || !readable || !conforming && (dpl < cpu.cpl || dpl < (selector & 3))) {
            throw GuestFault.generalProtection(selector & SELECTOR);
        }
        if ((access & SegmentRegister.P) == 0) {
            throw GuestFault.of(Vector.NP, selector & SELECTOR);
        }
        register.setDescriptor(selector, markAccessed(cpu, selector, descriptor));
    }

    /**
     * Loads SS for a privilege level.
     *
     * @param vector #GP, or #TS where the selector comes from a task-state segment
     */
    public static void loadStackSegment(Cpu cpu, int selector, int cpl, int vector) {
        SegmentRegister ss = cpu.seg[SegmentRegister.SS];
        if (isNull(selector)) {
            // 64-bit mode runs with a null SS below CPL 3 (SDM, MOV: Move).
            if (cpu.codeSize == 8 && cpl < 3 && (selector & 3) == cpl) {
                ss.set(selector, 0, 0, SegmentRegister.UNUSABLE | cpl << SegmentRegister.DPL_SHIFT);
                return;
            }
            throw GuestFault.of(vector, 0);
        }
        long descriptor = descriptor(cpu, selector, vector);
        int access = SegmentRegister.accessOf(descriptor);
        boolean writableData = (access & (SegmentRegister.S | SegmentRegister.CODE | SegmentRegister.WRITABLE))
                == (SegmentRegister.S | SegmentRegister.WRITABLE);
        if ((selector & 3) != cpl || !writableData || (access >> SegmentRegister.DPL_SHIFT & 3) != cpl) {
            throw GuestFault.of(vector, selector & SELECTOR);
        }
        if ((access & SegmentRegister.P) == 0) {
            throw GuestFault.of(Vector.SS, selector & SELECTOR);
        }
        ss.setDescriptor(selector, markAccessed(cpu, selector, descriptor));
    }
}

package dev.vtxray.core.cpu;

import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.memory.Mmu;
import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.core.port.BoundaryEvents;
import dev.vtxray.core.port.Clock;
import dev.vtxray.core.port.ControlRegisterPolicy;
import dev.vtxray.core.port.CpuSignals;
import dev.vtxray.core.port.CpuidSource;
import dev.vtxray.core.port.EventGate;
import dev.vtxray.core.port.Interceptor;
import dev.vtxray.core.port.InterruptSource;
import dev.vtxray.core.port.Probe;
import dev.vtxray.core.port.SecondStage;
import dev.vtxray.core.port.SensitiveOp;
import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;
import org.jspecify.annotations.Nullable;

/**
 * The architectural state of one processor, its memory unit, and the ports at which others plug in.
 *
 * <p>The state is open to the semantics of instructions and to the modules that add to the architecture; whoever changes
 * a register that decides about mode, privilege or translation calls {@link #contextChanged()} afterwards, and whoever
 * changes what may interrupt the CPU calls {@link #attend()}.
 */
public final class Cpu implements CpuSignals, Clock, Described {
    public static final int RAX = 0;
    public static final int RCX = 1;
    public static final int RDX = 2;
    public static final int RBX = 3;
    public static final int RSP = 4;
    public static final int RBP = 5;
    public static final int RSI = 6;
    public static final int RDI = 7;

    /** No interrupt shadow; the shadow of STI; that of MOV SS and POP SS. */
    public static final int NO_SHADOW = 0;

    public static final int STI_SHADOW = 1;
    public static final int MOV_SS_SHADOW = 2;

    /** Position of this CPU in the machine, from 0. */
    public final int number;

    /** General registers, then {@link Insn#ZERO} and {@link Insn#BLOCK}. */
    public final long[] r = new long[18];
    /** Exact at block boundaries; inside a block see {@link #insnRip()}. */
    public long rip;

    public final Flags flags = new Flags();

    public final SegmentRegister[] seg = new SegmentRegister[6];
    public final SegmentRegister ldtr = new SegmentRegister();
    public final SegmentRegister tr = new SegmentRegister();
    public long gdtrBase;
    public int gdtrLimit;
    public long idtrBase;
    public int idtrLimit;

    public long cr0;
    public long cr2;
    public long cr3;
    public long cr4;
    public long efer;
    public final long[] pdpte = new long[4];
    /** DR0-DR3, DR6 and DR7 at their numbers. */
    public final long[] dr = new long[8];

    /** MSRs that belong to the CPU itself. */
    public final CpuMsrs msr = new CpuMsrs();

    /** Current privilege level, 0-3. */
    public int cpl;

    public Activity activity = Activity.ACTIVE;
    /** {@link #NO_SHADOW}, {@link #STI_SHADOW} or {@link #MOV_SS_SHADOW}, for the next boundary; see {@link #setShadow}. */
    public int shadow;

    /** Whether {@link #shadow} was set by the instruction that ran last, and so outlives it. */
    public boolean shadowIsNew;
    /** Debug-trap causes (DR6 bits) waiting for the next boundary. */
    public long pendingDebug;

    public boolean nmiBlocked;
    public boolean nmiPending;
    /** Whether the last IRET ended a blocking of NMIs, even if it then faulted. */
    public boolean nmiUnblockedByIret;

    public boolean initPending;
    /** Vector of a Start-up IPI that waits, or -1. */
    public int sipiPending = -1;

    // Derived from the registers above by contextChanged().
    /** 2, 4 or 8: 16-bit, 32-bit or 64-bit code. */
    public int codeSize = 2;
    /** Bits of rSP that a stack access uses. */
    public long stackMask = 0xFFFF;

    public boolean longMode;
    /** Segment bases as memory operands use them. */
    public final long[] segBase = new long[6];

    // What the profile of the CPU fixes.
    /** Bits of a physical address. */
    public long physicalMask = (1L << 46) - 1;

    public boolean has1GPages = true;
    /** Bits that CR4 and IA32_EFER may take. */
    public long cr4Mask = Control.CR4_DEFINED;

    public long eferMask = Control.EFER_DEFINED;

    public final Mmu mmu;
    public final IoSpace io;
    public final MsrSpace msrs = new MsrSpace();
    public CpuidSource cpuid = (leaf, subleaf, register) -> 0;

    public @Nullable Interceptor interceptor;
    public @Nullable SecondStage secondStage;
    public @Nullable BoundaryEvents boundaryEvents;
    public @Nullable EventGate eventGate;
    public @Nullable InterruptSource interrupts;
    public @Nullable ControlRegisterPolicy crPolicy;
    public Probe probe = Probe.NONE;
    /** Tag of translations made now, besides the paging structures: see {@link Mmu#select}. */
    public long translationTag;
    /** Bits of a tag that stand for the address spaces of the running software: see {@link #forgetTranslations()}. */
    public long translationTagMask = -1;

    /** Set while the CPU itself accesses a system structure, whatever the privilege of the running code. */
    public boolean implicitSupervisor;

    /** Instructions until the next event: the one counter that every block is charged to. */
    public long budget;
    /** Time at which {@link #budget} reaches zero. */
    private long timeAtZero;
    /** Instructions retired when {@link #budget} reaches zero. */
    private long retiredAtZero;
    /** Instructions retired when a repeated string instruction last stopped between two iterations. */
    long repetitionPausedAt = -1;
    /** What IA32_TIME_STAMP_COUNTER reads more than the time. */
    public long tscOffset;
    /** What the running software is shown beyond that: see {@link #tsc()}. */
    public long tscView;
    /** The event whose delivery is under way, if any. */
    public @Nullable Event delivering;

    /** The instruction that runs, where it asked a port or faulted. */
    public @Nullable Insn current;

    public Cpu(int number, PhysicalMemory memory, IoSpace io) {
        this.number = number;
        this.io = io;
        for (int i = 0; i < seg.length; i++) {
            seg[i] = new SegmentRegister();
        }
        this.mmu = new Mmu(this, memory);
        reset();
    }

    // time and the budget

    @Override
    public long now() {
        return timeAtZero - budget;
    }

    @Override
    public void charge(long cycles) {
        timeAtZero += cycles;
    }

    /** Instructions retired so far; each iteration of a repeated string instruction counts as one. */
    public long retired() {
        return retiredAtZero - budget;
    }

    /** Notes that a repeated string instruction stops between two of its iterations, to go on with RIP still at it. */
    public void pauseRepetition() {
        repetitionPausedAt = retired();
    }

    /** Notes that RIP was loaded anew: wherever it stands, nothing is under way there. */
    public void forgetRepetition() {
        repetitionPausedAt = -1;
    }

    /** Whether RIP stands at a repeated string instruction that has done some of its iterations just now. */
    public boolean isBetweenIterations() {
        return repetitionPausedAt == retired();
    }

    /** Counts an instruction that somebody above the CPU carried out in its place. */
    public void countEmulated() {
        timeAtZero++;
        retiredAtZero++;
    }

    /** Takes back the count of an instruction that was counted although it has left a guest or is to fault instead. */
    public void uncount() {
        timeAtZero--;
        retiredAtZero--;
    }

    void restoreRetired(long value) {
        retiredAtZero = value + budget;
    }

    /** Gives the CPU {@code instructions} to run until it looks at its events again. */
    public void setBudget(long instructions) {
        long change = instructions - budget;
        timeAtZero += change;
        retiredAtZero += change;
        budget = instructions;
    }

    /** Makes the CPU look at its events at the next instruction boundary. */
    public void attend() {
        setBudget(0);
    }

    /** The time-stamp counter as the running software reads it. */
    public long tsc() {
        return now() + tscOffset + tscView;
    }

    /** The time-stamp counter of the processor itself. */
    public long realTsc() {
        return now() + tscOffset;
    }

    /** Begins an interrupt shadow that lasts until the instruction after this one has run. */
    public void setShadow(int newShadow) {
        shadow = newShadow;
        shadowIsNew = true;
        attend();
    }

    // instructions

    /** Linear address (in 64-bit code: RIP) of the instruction that runs. */
    public long insnRip() {
        Insn insn = current;
        return insn == null ? rip : r[Insn.BLOCK] + insn.start;
    }

    /** Goes on behind this instruction: for instructions that end their block. */
    public void advance(Insn insn) {
        rip = r[Insn.BLOCK] + insn.end & ripMask();
    }

    /** Bits of RIP that exist in this mode. */
    public long ripMask() {
        return codeSize == 8 ? -1L : codeSize == 4 ? 0xFFFF_FFFFL : 0xFFFFL;
    }

    /** Asks whether this sensitive operation is taken over; if so the instruction returns at once. */
    public boolean taken(SensitiveOp op, Insn insn, long operand) {
        Interceptor decider = interceptor;
        if (decider == null) {
            return false;
        }
        current = insn;
        return decider.taken(this, op, insn, operand);
    }

    /** Raises #UD if somebody above the CPU withholds an instruction from the running software. */
    public void requireDefined(SensitiveOp op) {
        Interceptor decider = interceptor;
        if (decider != null && decider.isUndefined(op)) {
            throw GuestFault.undefinedOpcode();
        }
    }

    /** Raises #GP(0) unless the CPL is 0. */
    public void requirePrivilege() {
        if (cpl != 0) {
            throw GuestFault.generalProtection();
        }
    }

    // memory operands

    /** Linear address of {@code size} bytes at an offset in a segment, with the checks of legacy modes. */
    public long linear(int segment, long offset, int size, boolean write) {
        return codeSize == 8 ? segBase[segment] + offset : Segmentation.linear(this, segment, offset, size, write);
    }

    public long load(Insn insn, long offset, int size) {
        return mmu.load(linear(insn.seg, offset, size, false), size);
    }

    public long loadForUpdate(Insn insn, long offset, int size) {
        return mmu.loadForUpdate(linear(insn.seg, offset, size, true), size);
    }

    public void store(Insn insn, long offset, int size, long value) {
        mmu.store(linear(insn.seg, offset, size, true), size, value);
    }

    // stack

    /** Pushes a value of 2, 4 or 8 bytes. */
    public void push(long value, int size) {
        long top = r[RSP] - size;
        mmu.store(stackLinear(top, size, true), size, value);
        setStackPointer(top);
    }

    /** Pops a value of 2, 4 or 8 bytes. */
    public long pop(int size) {
        long value = loadStack(0, size);
        setStackPointer(r[RSP] + size);
        return value;
    }

    /** Loads from the stack without popping. */
    public long loadStack(long distance, int size) {
        return mmu.load(stackLinear(r[RSP] + distance, size, false), size);
    }

    /** Moves rSP, in the width that the stack segment has. */
    public void setStackPointer(long value) {
        if (codeSize == 8) {
            r[RSP] = value;
        } else {
            r[RSP] = r[RSP] & ~stackMask | value & stackMask;
        }
    }

    /** Linear address of a stack access. */
    public long stackLinear(long offset, int size, boolean write) {
        if (codeSize == 8) {
            if (!isCanonical(offset) || !isCanonical(offset + size - 1)) {
                throw GuestFault.of(Vector.SS, 0);
            }
            return offset;
        }
        return Segmentation.linear(this, SegmentRegister.SS, offset & stackMask, size, write);
    }

    /** Whether a linear address is canonical (4-level paging: bits 63:47 are equal); outside IA-32e mode always. */
    public boolean isCanonical(long la) {
        return !longMode || la << 16 >> 16 == la;
    }

    /** A linear address computed beyond 4 GiB wraps outside IA-32e mode. */
    public long wrap(long la) {
        return longMode ? la : la & 0xFFFF_FFFFL;
    }

    // mode

    public boolean protectedMode() {
        return (cr0 & Control.CR0_PE) != 0;
    }

    public boolean virtual8086() {
        return flags.has(Flags.VM);
    }

    /** Derives mode, privilege class and translation context anew from the registers. */
    public void contextChanged() {
        longMode = (efer & Control.EFER_LMA) != 0;
        SegmentRegister cs = seg[SegmentRegister.CS];
        if (longMode && cs.has(SegmentRegister.L)) {
            codeSize = 8;
            stackMask = -1L;
        } else {
            codeSize = cs.has(SegmentRegister.DB) ? 4 : 2;
            stackMask = seg[SegmentRegister.SS].has(SegmentRegister.DB) ? 0xFFFF_FFFFL : 0xFFFFL;
        }
        for (int i = 0; i < segBase.length; i++) {
            segBase[i] = codeSize == 8 && i < SegmentRegister.FS ? 0 : seg[i].base;
        }
        mmu.select(translationTag, cpl == 3);
    }

    /** NMIs may be taken again. @return whether they had been blocked */
    public boolean endNmiBlocking() {
        boolean before = nmiBlocked;
        nmiBlocked = false;
        return before;
    }

    /** Drops all translations whose tags agree with the current one in {@link #translationTagMask}. */
    public void forgetTranslations() {
        if (translationTagMask == -1) {
            mmu.flush(translationTag);
        } else {
            mmu.flush(this::isOwnTag);
        }
    }

    /** Drops those of one page. */
    public void forgetTranslations(long la) {
        mmu.flushPage(la, this::isOwnTag);
    }

    private boolean isOwnTag(long tag) {
        return ((tag ^ translationTag) & translationTagMask) == 0;
    }

    // signals

    @Override
    public void raiseNmi() {
        nmiPending = true;
        attend();
    }

    @Override
    public void raiseInit() {
        initPending = true;
        attend();
    }

    @Override
    public void raiseStartup(int vector) {
        if (activity == Activity.WAIT_FOR_SIPI || initPending) {
            sipiPending = vector;
            attend();
        }
    }

    @Override
    public void interruptsChanged() {
        attend();
    }

    // reset

    /** Power-up state (SDM, Processor Management and Initialization). */
    public void reset() {
        tscOffset = -now();
        msr.reset();
        cr0 = 0;
        init();
        cr0 = Control.CR0_ET | Control.CR0_CD | Control.CR0_NW;
        activity = Activity.ACTIVE;
        initPending = false;
        sipiPending = -1;
    }

    /** State after INIT: as after power-up, but caching, time and the floating-point state are kept. */
    public void init() {
        java.util.Arrays.fill(r, 0);
        r[RDX] = cpuid.value(1, 0, 0) & 0xFFFF_FFFFL;
        flags.set(2);
        for (int i = 0; i < seg.length; i++) {
            seg[i].set(0, 0, 0xFFFF, 0x93);
        }
        seg[SegmentRegister.CS].set(0xF000, 0xFFFF_0000L, 0xFFFF, 0x9B);
        ldtr.set(0, 0, 0xFFFF, 0x82);
        tr.set(0, 0, 0xFFFF, 0x8B);
        gdtrBase = 0;
        gdtrLimit = 0xFFFF;
        idtrBase = 0;
        idtrLimit = 0xFFFF;
        rip = 0xFFF0;
        cr0 = cr0 & (Control.CR0_CD | Control.CR0_NW) | Control.CR0_ET;
        cr2 = 0;
        cr3 = 0;
        cr4 = 0;
        efer = 0;
        java.util.Arrays.fill(dr, 0);
        dr[6] = Control.DR6_FIXED;
        dr[7] = Control.DR7_FIXED;
        msr.init();
        cpl = 0;
        shadow = NO_SHADOW;
        pendingDebug = 0;
        nmiBlocked = false;
        nmiPending = false;
        mmu.flushAll();
        contextChanged();
    }

    /** Real-mode start at a Start-up IPI's vector. */
    public void startup(int vector) {
        seg[SegmentRegister.CS].set(vector << 8, (long) vector << 12, 0xFFFF, 0x9B);
        rip = 0;
        activity = Activity.ACTIVE;
        contextChanged();
    }

    @Override
    public void describe(StateVisitor visitor) {
        CpuState.describe(this, visitor);
    }

    @Override
    public void restored() {
        mmu.flushAll();
        contextChanged();
        attend();
    }
}

package dev.vtxray.core.cpu;

import dev.vtxray.core.port.MsrHandler;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/** The model-specific registers that belong to the CPU itself (SDM, Model-Specific Registers). */
public final class BaseMsrs {
    public static final int TIME_STAMP_COUNTER = 0x10;
    public static final int PLATFORM_ID = 0x17;
    public static final int TSC_ADJUST = 0x3B;
    public static final int BIOS_UPDT_TRIG = 0x79;
    public static final int BIOS_SIGN_ID = 0x8B;
    public static final int MTRRCAP = 0xFE;
    public static final int SYSENTER_CS = 0x174;
    public static final int SYSENTER_ESP = 0x175;
    public static final int SYSENTER_EIP = 0x176;
    public static final int MISC_ENABLE = 0x1A0;
    public static final int DEBUGCTL = 0x1D9;
    public static final int MTRR_PHYSBASE0 = 0x200;
    public static final int MTRR_PHYSMASK7 = 0x20F;
    public static final int MTRR_FIX64K_00000 = 0x250;
    public static final int MTRR_FIX16K_80000 = 0x258;
    public static final int MTRR_FIX16K_A0000 = 0x259;
    public static final int MTRR_FIX4K_C0000 = 0x268;
    public static final int MTRR_FIX4K_F8000 = 0x26F;
    public static final int PAT = 0x277;
    public static final int MTRR_DEF_TYPE = 0x2FF;
    public static final int EFER = 0xC000_0080;
    public static final int STAR = 0xC000_0081;
    public static final int LSTAR = 0xC000_0082;
    public static final int CSTAR = 0xC000_0083;
    public static final int FMASK = 0xC000_0084;
    public static final int FS_BASE = 0xC000_0100;
    public static final int GS_BASE = 0xC000_0101;
    public static final int KERNEL_GS_BASE = 0xC000_0102;
    public static final int TSC_AUX = 0xC000_0103;

    /** Eight variable ranges, fixed ranges, write combining. */
    private static final long MTRRCAP_VALUE = 0x508;
    /** LBR, BTF, and the bits of branch tracing and freezing (14:6). */
    private static final long DEBUGCTL_DEFINED = 0x7FC3;
    /** Bit n: memory type n exists (UC, WC, WT, WP, WB, UC-). */
    private static final int PAT_TYPES = 0b1111_0011;

    private final Cpu cpu;
    private final CpuMsrs msr;

    private BaseMsrs(Cpu cpu) {
        this.cpu = cpu;
        this.msr = cpu.msr;
    }

    /** Adds the CPU's own MSRs to its {@link Cpu#msrs}; to be done once, when the CPU is built. */
    public static void map(Cpu cpu) {
        BaseMsrs all = new BaseMsrs(cpu);
        all.mapTimeAndModel();
        all.mapSystemCalls();
        all.mapMemoryTypes();
    }

    // @formatter:off
    private void mapTimeAndModel() {
        map(TIME_STAMP_COUNTER, cpu::tsc,                  this::writeTsc);
        map(TSC_ADJUST,         () -> msr.tscAdjust,       this::writeTscAdjust);
        map(TSC_AUX,            () -> msr.tscAux,          value -> msr.tscAux = low32(value));
        map(PLATFORM_ID,        () -> 0,                   BaseMsrs::denied);
        map(BIOS_UPDT_TRIG,     BaseMsrs::denied,          value -> {});
        map(BIOS_SIGN_ID,       () -> msr.biosSignId,      value -> msr.biosSignId = value);
        map(MISC_ENABLE,        () -> msr.miscEnable,      value -> msr.miscEnable = value);
        map(DEBUGCTL,           () -> msr.debugCtl,        value -> msr.debugCtl = within(DEBUGCTL_DEFINED, value));
    }

    private void mapSystemCalls() {
        map(SYSENTER_CS,        () -> msr.sysenterCs,      value -> msr.sysenterCs = low32(value));
        map(SYSENTER_ESP,       () -> msr.sysenterEsp,     value -> msr.sysenterEsp = canonical(value));
        map(SYSENTER_EIP,       () -> msr.sysenterEip,     value -> msr.sysenterEip = canonical(value));
        map(EFER,               () -> cpu.efer,            value -> ControlRegisterLoads.loadEfer(cpu, value));
        map(STAR,               () -> msr.star,            value -> msr.star = value);
        map(LSTAR,              () -> msr.lstar,           value -> msr.lstar = canonical(value));
        map(CSTAR,              () -> msr.cstar,           value -> msr.cstar = canonical(value));
        map(FMASK,              () -> msr.fmask,           value -> msr.fmask = low32(value));
        map(FS_BASE,            () -> base(SegmentRegister.FS), value -> setBase(SegmentRegister.FS, value));
        map(GS_BASE,            () -> base(SegmentRegister.GS), value -> setBase(SegmentRegister.GS, value));
        map(KERNEL_GS_BASE,     () -> msr.kernelGsBase,    value -> msr.kernelGsBase = canonical(value));
    }

    private void mapMemoryTypes() {
        map(PAT,                () -> msr.pat,             value -> msr.pat = memoryTypes(value));
        map(MTRRCAP,            () -> MTRRCAP_VALUE,       BaseMsrs::denied);
        map(MTRR_DEF_TYPE,      () -> msr.mtrrDefaultType, value -> msr.mtrrDefaultType = value);
        mapArray(MTRR_PHYSBASE0,    MTRR_PHYSMASK7,    msr.mtrrVariable, 0);
        mapArray(MTRR_FIX64K_00000, MTRR_FIX64K_00000, msr.mtrrFixed,    0);
        mapArray(MTRR_FIX16K_80000, MTRR_FIX16K_A0000, msr.mtrrFixed,    1);
        mapArray(MTRR_FIX4K_C0000,  MTRR_FIX4K_F8000,  msr.mtrrFixed,    3);
    }
    // @formatter:on

    private void map(int index, LongSupplier get, LongConsumer set) {
        cpu.msrs.map(index, index, new MsrHandler() {
            @Override
            public long read(int msr) {
                return get.getAsLong();
            }

            @Override
            public void write(int msr, long value) {
                set.accept(value);
            }
        });
    }

    private void mapArray(int first, int last, long[] values, int from) {
        cpu.msrs.map(first, last, new MsrHandler() {
            @Override
            public long read(int index) {
                return values[from + index - first];
            }

            @Override
            public void write(int index, long value) {
                values[from + index - first] = value;
            }
        });
    }

    private void writeTsc(long value) {
        writeTscAdjust(msr.tscAdjust + value - cpu.realTsc());
    }

    private void writeTscAdjust(long value) {
        cpu.tscOffset += value - msr.tscAdjust;
        msr.tscAdjust = value;
    }

    private long base(int segment) {
        return cpu.seg[segment].base;
    }

    private void setBase(int segment, long value) {
        cpu.seg[segment].base = canonical(value);
        cpu.contextChanged();
    }

    private static long canonical(long value) {
        if (value << 16 >> 16 != value) {
            throw GuestFault.generalProtection();
        }
        return value;
    }

    private static long low32(long value) {
        return within(0xFFFF_FFFFL, value);
    }

    private static long within(long defined, long value) {
        if ((value & ~defined) != 0) {
            throw GuestFault.generalProtection();
        }
        return value;
    }

    private static long memoryTypes(long value) {
        for (int i = 0; i < 64; i += 8) {
            int type = (int) (value >>> i) & 0xFF;
            if (type > 7 || (PAT_TYPES >> type & 1) == 0) {
                throw GuestFault.generalProtection();
            }
        }
        return value;
    }

    private static long denied() {
        throw GuestFault.generalProtection();
    }

    private static void denied(long value) {
        throw GuestFault.generalProtection();
    }
}

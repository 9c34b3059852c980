package dev.vtxray.core.cpu;

import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;
import java.util.Arrays;

/** The values of the MSRs that instructions of the base architecture use. */
public final class CpuMsrs implements Described {
    public long sysenterCs;
    public long sysenterEsp;
    public long sysenterEip;
    public long star;
    public long lstar;
    public long cstar;
    public long fmask;
    public long kernelGsBase;
    public long tscAux;
    public long pat;
    public long debugCtl;
    public long miscEnable;
    /** IA32_TSC_ADJUST: what software has added to the time-stamp counter since reset. */
    public long tscAdjust;
    /** IA32_BIOS_SIGN_ID as software last wrote it. */
    public long biosSignId;
    /** IA32_MTRR_PHYSBASE0, IA32_MTRR_PHYSMASK0 and so on; they are kept, and change nothing. */
    public final long[] mtrrVariable = new long[16];
    /** The fixed-range MTRRs, in ascending order of the memory that they describe. */
    public final long[] mtrrFixed = new long[11];

    public long mtrrDefaultType;
    /** XCR0, which XSETBV writes. */
    public long xcr0 = 1;
    /** State of the generator behind RDRAND and RDSEED. Seed it for another sequence. */
    public long randomState;

    /** Power-up values. */
    void reset() {
        star = 0;
        lstar = 0;
        cstar = 0;
        fmask = 0;
        kernelGsBase = 0;
        tscAux = 0;
        pat = 0x0007_0406_0007_0406L;
        miscEnable = 1;
        tscAdjust = 0;
        biosSignId = 0;
        Arrays.fill(mtrrVariable, 0);
        Arrays.fill(mtrrFixed, 0);
        mtrrDefaultType = 0;
        xcr0 = 1;
        init();
    }

    /** What INIT changes. */
    void init() {
        sysenterCs = 0;
        sysenterEsp = 0;
        sysenterEip = 0;
        debugCtl = 0;
    }

    @Override
    public void describe(StateVisitor visitor) {
        visitor.value("sysenterCs", () -> sysenterCs, value -> sysenterCs = value);
        visitor.value("sysenterEsp", () -> sysenterEsp, value -> sysenterEsp = value);
        visitor.value("sysenterEip", () -> sysenterEip, value -> sysenterEip = value);
        visitor.value("star", () -> star, value -> star = value);
        visitor.value("lstar", () -> lstar, value -> lstar = value);
        visitor.value("cstar", () -> cstar, value -> cstar = value);
        visitor.value("fmask", () -> fmask, value -> fmask = value);
        visitor.value("kernelGsBase", () -> kernelGsBase, value -> kernelGsBase = value);
        visitor.value("tscAux", () -> tscAux, value -> tscAux = value);
        visitor.value("pat", () -> pat, value -> pat = value);
        visitor.value("debugCtl", () -> debugCtl, value -> debugCtl = value);
        visitor.value("miscEnable", () -> miscEnable, value -> miscEnable = value);
        visitor.value("tscAdjust", () -> tscAdjust, value -> tscAdjust = value);
        visitor.value("biosSignId", () -> biosSignId, value -> biosSignId = value);
        visitor.longs("mtrrVariable", mtrrVariable);
        visitor.longs("mtrrFixed", mtrrFixed);
        visitor.value("mtrrDefaultType", () -> mtrrDefaultType, value -> mtrrDefaultType = value);
        visitor.value("xcr0", () -> xcr0, value -> xcr0 = value);
        visitor.value("randomState", () -> randomState, value -> randomState = value);
    }
}

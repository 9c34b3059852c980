package dev.vtxray.core.cpu;

import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;

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
    }
}

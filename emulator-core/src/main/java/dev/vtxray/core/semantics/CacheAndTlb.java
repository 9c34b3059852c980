package dev.vtxray.core.semantics;

import static dev.vtxray.core.isa.CpuidFeature.INVPCID;
import static dev.vtxray.core.isa.CpuidFeature.MONITOR;
import static dev.vtxray.core.isa.CpuidFeature.RDRAND;
import static dev.vtxray.core.isa.CpuidFeature.RDSEED;
import static dev.vtxray.core.isa.CpuidFeature.SMAP;
import static dev.vtxray.core.isa.CpuidFeature.XSAVE;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;
import dev.vtxray.core.port.SensitiveOp;

/** Caches, translations, extended control registers, address monitoring and random numbers. */
final class CacheAndTlb {
    private static final long PCID_MASK = 0xFFF;

    private static final long XCR0_X87 = 1;
    private static final long XCR0_SSE = 1 << 1;
    private static final long XCR0_AVX = 1 << 2;
    private static final int EXTENDED_STATE_LEAF = 0xD;

    private CacheAndTlb() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("INVD",    "0F 08",    "")                 .sensitive(SensitiveOp.INVD)   .does(CacheAndTlb::invd);
        rows.row("WBINVD",  "0F 09",    "")                 .sensitive(SensitiveOp.WBINVD) .does(CacheAndTlb::wbinvd);
        rows.row("INVLPG",  "0F 01 /7", "M")                .sensitive(SensitiveOp.INVLPG) .does(CacheAndTlb::invlpg);
        rows.row("XGETBV",  "0F 01 D0", "")  .needs(XSAVE)  .ends()                        .does(CacheAndTlb::xgetbv);
        rows.row("XSETBV",  "0F 01 D1", "")  .needs(XSAVE)  .sensitive(SensitiveOp.XSETBV) .does(CacheAndTlb::xsetbv);
        rows.row("CLAC",    "0F 01 CA", "")  .needs(SMAP)   .ends()                        .does(CacheAndTlb::clac);
        rows.row("STAC",    "0F 01 CB", "")  .needs(SMAP)   .ends()                        .does(CacheAndTlb::stac);
        rows.row("MONITOR", "0F 01 C8", "")  .needs(MONITOR).sensitive(SensitiveOp.MONITOR).does(CacheAndTlb::monitor);
        rows.row("MWAIT",   "0F 01 C9", "")  .needs(MONITOR).sensitive(SensitiveOp.MWAIT)  .does(CacheAndTlb::mwait);
        rows.row("RDRAND",  "0F C7 /6", "Rv").needs(RDRAND) .sensitive(SensitiveOp.RDRAND) .does(CacheAndTlb::rdrand);
        rows.row("RDSEED",  "0F C7 /7", "Rv").needs(RDSEED) .sensitive(SensitiveOp.RDSEED) .does(CacheAndTlb::rdseed);
        rows.row("INVPCID", "66 0F 38 82", "Gy,Mdq").f64()
                                             .needs(INVPCID).sensitive(SensitiveOp.INVPCID).does(CacheAndTlb::invpcid);
        // @formatter:on
    }

    // caches

    /** There are no caches to invalidate. The interceptor's operand of this group is 0 unless said otherwise. */
    static void invd(Cpu c, Insn i) {
        c.requirePrivilege();
        if (c.taken(SensitiveOp.INVD, i, 0)) {
            return;
        }
        c.advance(i);
    }

    static void wbinvd(Cpu c, Insn i) {
        c.requirePrivilege();
        if (c.taken(SensitiveOp.WBINVD, i, 0)) {
            return;
        }
        c.advance(i);
    }

    // translations

    /** The interceptor's operand is the linear address. */
    static void invlpg(Cpu c, Insn i) {
        c.requirePrivilege();
        long la = c.wrap(c.segBase[i.seg] + i.offset(c));
        if (c.taken(SensitiveOp.INVLPG, i, la)) {
            return;
        }
        c.forgetTranslations(la);
        c.advance(i);
    }

    /** The interceptor's operand is the INVPCID type. */
    static void invpcid(Cpu c, Insn i) {
        c.requireDefined(SensitiveOp.INVPCID);
        c.requirePrivilege();
        long type = i.codeSize == 8 ? c.r[i.reg] : c.r[i.reg] & 0xFFFF_FFFFL;
        if (c.taken(SensitiveOp.INVPCID, i, type)) {
            return;
        }
        long pcid = c.mmu.load(SystemOperands.linear(c, i, 0, 8, false), 8);
        long la = c.mmu.load(SystemOperands.linear(c, i, 8, 8, false), 8);
        checkInvpcid(c, type, pcid, la);
        // All translations of one tag fall, whatever their PCID: to drop more than was asked for is allowed.
        c.forgetTranslations();
        c.advance(i);
    }

    private static void checkInvpcid(Cpu c, long type, long pcid, long la) {
        boolean ofOnePcid = type == 0 || type == 1;
        boolean pcidEnabled = (c.cr4 & Control.CR4_PCIDE) != 0;
        if (Long.compareUnsigned(type, 3) > 0
                || (pcid & ~PCID_MASK) != 0
                || ofOnePcid && pcid != 0 && !pcidEnabled
                || type == 0 && !c.isCanonical(la)) {
            throw GuestFault.generalProtection();
        }
    }

    // extended control registers

    private static void checkExtendedStateEnabled(Cpu c) {
        if ((c.cr4 & Control.CR4_OSXSAVE) == 0) {
            throw GuestFault.undefinedOpcode();
        }
    }

    static void xgetbv(Cpu c, Insn i) {
        checkExtendedStateEnabled(c);
        if ((int) c.r[Cpu.RCX] != 0) {
            throw GuestFault.generalProtection();
        }
        SystemOperands.setEdxEax(c, c.msr.xcr0);
        c.advance(i);
    }

    static void xsetbv(Cpu c, Insn i) {
        checkExtendedStateEnabled(c);
        c.requirePrivilege();
        if (c.taken(SensitiveOp.XSETBV, i, 0)) {
            return;
        }
        long value = SystemOperands.edxEax(c);
        long offered = c.cpuid.value(EXTENDED_STATE_LEAF, 0, 0) & 0xFFFF_FFFFL
                | (long) c.cpuid.value(EXTENDED_STATE_LEAF, 0, 3) << 32
                | XCR0_X87;
        boolean avxWithoutSse = (value & (XCR0_AVX | XCR0_SSE)) == XCR0_AVX;
        if ((int) c.r[Cpu.RCX] != 0 || (value & XCR0_X87) == 0 || (value & ~offered) != 0 || avxWithoutSse) {
            throw GuestFault.generalProtection();
        }
        c.msr.xcr0 = value;
        c.advance(i);
    }

    // supervisor-mode access prevention

    static void clac(Cpu c, Insn i) {
        requireSupervisor(c);
        c.flags.system &= ~Flags.AC;
        c.advance(i);
    }

    static void stac(Cpu c, Insn i) {
        requireSupervisor(c);
        c.flags.system |= Flags.AC;
        c.advance(i);
    }

    /** #UD outside CPL 0. */
    private static void requireSupervisor(Cpu c) {
        if (c.cpl != 0) {
            throw GuestFault.undefinedOpcode();
        }
    }

    // address monitoring

    static void monitor(Cpu c, Insn i) {
        requireSupervisor(c);
        if (c.taken(SensitiveOp.MONITOR, i, 0)) {
            return;
        }
        if ((int) c.r[Cpu.RCX] != 0) {
            throw GuestFault.generalProtection();
        }
        c.load(i, c.r[Cpu.RAX] & i.addressMask, 1);
        c.advance(i);
    }

    static void mwait(Cpu c, Insn i) {
        requireSupervisor(c);
        if (c.taken(SensitiveOp.MWAIT, i, 0)) {
            return;
        }
        if ((c.r[Cpu.RCX] & 0xFFFF_FFFEL) != 0) {
            throw GuestFault.generalProtection();
        }
        // Deviation: MWAIT never waits. It may end for implementation-dependent reasons (SDM, MWAIT), so software
        // must look again anyway, and a store of another CPU can never be missed.
        c.advance(i);
    }

    // random numbers

    static void rdrand(Cpu c, Insn i) {
        if (c.taken(SensitiveOp.RDRAND, i, 0)) {
            return;
        }
        loadRandom(c, i);
    }

    static void rdseed(Cpu c, Insn i) {
        if (c.taken(SensitiveOp.RDSEED, i, 0)) {
            return;
        }
        loadRandom(c, i);
    }

    /** A number is always ready, and the same program always sees the same numbers. */
    private static void loadRandom(Cpu c, Insn i) {
        c.msr.randomState += 0x9E37_79B9_7F4A_7C15L;
        long mixed = c.msr.randomState + c.number;
        mixed = (mixed ^ mixed >>> 30) * 0xBF58_476D_1CE4_E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D0_49BB_1331_11EBL;
        i.storeDst(c, mixed ^ mixed >>> 31);
        c.flags.setStatus(Flags.CF);
        c.advance(i);
    }
}

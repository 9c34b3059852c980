package dev.vtxray.nested;

import dev.vtxray.core.port.SecondStage;
import dev.vtxray.vmx.vmcs.PhysicalBytes;

/**
 * EPT02: the composition of L1's tables for L2 (EPT12) with L0's for L1 (EPT01), built page by page as L2 touches memory.
 * Nothing is kept that EPT12 does not allow, so relaxing rights there needs no notice; everything else needs INVEPT, as on
 * hardware.
 */
final class ShadowEpt {
    private static final long ADDRESS = 0x000F_FFFF_FFFF_F000L;
    private static final int RIGHTS = 7;
    private static final long LARGE = 1 << 7;

    private final HostMemory host;
    private final PhysicalBytes guest;
    private final EptTables tables;
    private final long eptp12;

    /** What a walk of EPT12 comes to. */
    enum Walk {
        /** The access is allowed by EPT12 and is in L1's RAM: the page is mapped now. */
        MAPPED,
        /** EPT12 denies it: an EPT violation for L1. */
        VIOLATION,
        /** An entry of EPT12 is misconfigured: an EPT misconfiguration for L1. */
        MISCONFIGURATION,
        /** EPT12 allows it, but the L1-physical page is not RAM. */
        NOT_RAM
    }

    private int rights;
    private long l1Physical;

    ShadowEpt(HostMemory host, long eptp12) {
        this.host = host;
        this.guest = host.guestView();
        this.tables = new EptTables(host);
        this.eptp12 = eptp12;
    }

    long eptp12() {
        return eptp12;
    }

    /** The EPT pointer for vmcs02. */
    long eptp02() {
        return tables.eptp();
    }

    /** Rights that EPT12 gave to the address walked last, as in bits 5:3 of an EPT violation's qualification. */
    int rights() {
        return rights;
    }

    /** L1-physical address of the page walked last. */
    long l1Physical() {
        return l1Physical;
    }

    /** Maps the page walked last, which is not RAM and no device of L1. */
    void mapAbsent(long gpa) {
        tables.mapAbsent(gpa, rights);
    }

    /** L1 has told that its tables changed. */
    void drop() {
        tables.clear();
    }

    /** Walks EPT12 for an access of L2 and maps the page if it is allowed. @param access READ, WRITE, FETCH */
    Walk resolve(long gpa, int access) {
        rights = RIGHTS;
        if (gpa >>> 48 != 0) {
            rights = 0;
            return Walk.VIOLATION;
        }
        long table = eptp12 & ADDRESS;
        for (int shift = 39; ; shift -= 9) {
            long entry = guest.read64(table + (gpa >>> shift & 511) * 8);
            if ((entry & RIGHTS) == 0) {
                rights = 0;
                return Walk.VIOLATION;
            }
            boolean leaf = shift == 12 || shift <= 30 && (entry & LARGE) != 0;
            if (isMisconfigured(entry, shift, leaf)) {
                return Walk.MISCONFIGURATION;
            }
            rights &= (int) entry;
            if (leaf) {
                return finish(gpa, access, entry, shift);
            }
            table = entry & ADDRESS;
        }
    }

    private static boolean isMisconfigured(long entry, int shift, boolean leaf) {
        boolean writeWithoutRead = (entry & (SecondStage.READ | SecondStage.WRITE)) == SecondStage.WRITE;
        if (leaf) {
            int type = (int) entry >> 3 & 7;
            boolean badType = type == 2 || type == 3 || type == 7;
            return writeWithoutRead || badType || (entry & (1L << shift) - 1 & ~0xFFFL) != 0;
        }
        return writeWithoutRead || (entry & 0x78) != 0 || shift == 39 && (entry & LARGE) != 0;
    }

    private Walk finish(long gpa, int access, long entry, int shift) {
        if ((access & ~rights) != 0) {
            return Walk.VIOLATION;
        }
        long offset = (1L << shift) - 1;
        l1Physical = (entry & ADDRESS & ~offset | gpa & offset) & -HostMemory.PAGE;
        if (!host.isGuestRam(l1Physical)) {
            return Walk.NOT_RAM;
        }
        tables.map(gpa, host.toHost(l1Physical), rights);
        return Walk.MAPPED;
    }
}

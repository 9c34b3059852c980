package dev.vtxray.core.memory;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.port.SecondStage;
import dev.vtxray.core.port.SecondStage.Purpose;
import org.jspecify.annotations.Nullable;

/**
 * The walk of the paging structures for one linear address (SDM, Paging): translation, permission check, accessed and
 * dirty flags, in that order. The outcome of the last walk stands in its fields until the next.
 */
public final class PageWalk {
    /** Bits of a page fault's error code. */
    public static final int PF_PRESENT = 1;

    public static final int PF_WRITE = 2;
    public static final int PF_USER = 4;
    public static final int PF_RESERVED = 8;
    public static final int PF_FETCH = 16;

    private static final long PRESENT = 1;
    private static final long WRITABLE = 1 << 1;
    private static final long USER = 1 << 2;
    private static final long ACCESSED = 1 << 5;
    private static final long DIRTY = 1 << 6;
    private static final long LARGE = 1 << 7;
    private static final long GLOBAL = 1 << 8;
    private static final long NO_EXECUTE = 1L << 63;
    private static final long ADDRESS = 0x000F_FFFF_FFFF_F000L;

    private final Cpu cpu;
    private final PhysicalMemory memory;

    private final long[] entryAddress = new long[5];
    private final long[] entryValue = new long[5];
    private int used;

    /** Guest-physical address of the byte that was asked for. */
    long gpa;
    /** Whether this context may write the page and its dirty flag is set. */
    boolean writable;

    boolean executable;
    boolean global;
    /** Whether the page is larger than 4 KBytes. */
    boolean large;

    PageWalk(Cpu cpu, PhysicalMemory memory) {
        this.cpu = cpu;
        this.memory = memory;
    }

    /**
     * Walks for one access.
     *
     * @param access READ, WRITE, FETCH of {@link SecondStage}, or READ|WRITE
     * @param user   whether the access has user privilege
     * @throws GuestFault #PF with the error code of the manual
     */
    void walk(long la, int access, boolean user) {
        if ((cpu.cr0 & Control.CR0_PG) == 0) {
            gpa = la & 0xFFFF_FFFFL;
            writable = true;
            executable = true;
            global = false;
            large = false;
            return;
        }
        used = 0;
        long rights;
        if ((cpu.efer & Control.EFER_LMA) != 0) {
            rights = descend(la, access, user, cpu.cr3 & ADDRESS, 39, 8);
        } else if ((cpu.cr4 & Control.CR4_PAE) != 0) {
            rights = descend(la, access, user, pdpte(la, access, user), 21, 8);
        } else {
            rights = descend(la, access, user, cpu.cr3 & 0xFFFF_F000L, 22, 4);
        }
        check(la, access, user, rights);
        setAccessedAndDirty(la, access);
    }

    /**
     * Goes down from {@code table} until a page is found.
     *
     * @param shift     position of the index into the first table
     * @param entrySize 8, or 4 for 32-bit paging
     * @return rights of the page: USER, WRITABLE and NO_EXECUTE as the entries together give them
     */
    private long descend(long la, int access, boolean user, long table, int shift, int entrySize) {
        long rights = USER | WRITABLE;
        int indexBits = entrySize == 8 ? 9 : 10;
        while (true) {
            long index = la >>> shift & (1 << indexBits) - 1;
            long entry = readEntry(table + index * entrySize, entrySize, la);
            if ((entry & PRESENT) == 0) {
                throw fault(la, access, user, 0);
            }
            boolean leaf = shift == RamPage.SHIFT || (entry & LARGE) != 0 && mayBeLarge(shift, entrySize);
            if ((entry & reservedBits(shift, entrySize, leaf)) != 0) {
                throw fault(la, access, user, PF_PRESENT | PF_RESERVED);
            }
            rights = rights & entry & (USER | WRITABLE) | (rights | entry) & NO_EXECUTE;
            if (leaf) {
                large = shift > RamPage.SHIFT;
                long offsetMask = (1L << shift) - 1;
                gpa = entry & ADDRESS & ~offsetMask | la & offsetMask;
                if (entrySize == 4) {
                    gpa = gpa & 0xFFFF_FFFFL | (shift == 22 ? (entry >>> 13 & 0xFF) << 32 : 0);
                }
                global = (entry & GLOBAL) != 0 && (cpu.cr4 & Control.CR4_PGE) != 0;
                return rights;
            }
            table = entrySize == 8 ? entry & ADDRESS : entry & 0xFFFF_F000L;
            shift -= indexBits;
        }
    }

    private boolean mayBeLarge(int shift, int entrySize) {
        return entrySize == 4 ? (cpu.cr4 & Control.CR4_PSE) != 0 : shift == 21 || shift == 30 && cpu.has1GPages;
    }

    private long reservedBits(int shift, int entrySize, boolean leaf) {
        if (entrySize == 4) {
            return leaf && shift == 22 ? 1 << 21 : 0;
        }
        long reserved = ADDRESS & ~cpu.physicalMask;
        if ((cpu.efer & Control.EFER_NXE) == 0) {
            reserved |= NO_EXECUTE;
        }
        if (leaf && shift > RamPage.SHIFT) {
            reserved |= (1L << shift) - 1 & ~0x1FFFL; // bit 12 is PAT
        } else if (shift > 21 && !leaf) {
            reserved |= LARGE;
        }
        if ((cpu.efer & Control.EFER_LMA) == 0) {
            reserved |= 0x7FF0_0000_0000_0000L;
        }
        return reserved;
    }

    private long pdpte(long la, int access, boolean user) {
        long entry = cpu.pdpte[(int) (la >>> 30) & 3];
        if ((entry & PRESENT) == 0) {
            throw fault(la, access, user, 0);
        }
        return entry & ADDRESS;
    }

    private long readEntry(long entryGpa, int size, long la) {
        SecondStage stage = cpu.secondStage;
        long hpa = stage == null ? entryGpa : stage.translate(cpu, entryGpa, SecondStage.READ, Purpose.WALK_READ, la);
        long value = memory.read(hpa, size);
        entryAddress[used] = entryGpa;
        entryValue[used] = value;
        used++;
        return value;
    }

    private void check(long la, int access, boolean user, long rights) {
        boolean userPage = (rights & USER) != 0;
        boolean writeAllowed = (rights & WRITABLE) != 0 || !user && (cpu.cr0 & Control.CR0_WP) == 0;
        boolean smap = !user
                && userPage
                && (cpu.cr4 & Control.CR4_SMAP) != 0
                && (cpu.implicitSupervisor || !cpu.flags.has(Flags.AC));
        boolean smep = !user && userPage && (cpu.cr4 & Control.CR4_SMEP) != 0;
        executable = (rights & NO_EXECUTE) == 0 && !smep;
        boolean denied = user && !userPage
                || (access & SecondStage.WRITE) != 0 && !writeAllowed
                || (access & SecondStage.FETCH) != 0 && !executable
                || (access & SecondStage.FETCH) == 0 && smap;
        if (denied) {
            throw fault(la, access, user, PF_PRESENT);
        }
        boolean dirty = (access & SecondStage.WRITE) != 0 || (entryValue[used - 1] & DIRTY) != 0;
        writable = writeAllowed && dirty;
    }

    private void setAccessedAndDirty(long la, int access) {
        for (int i = 0; i < used; i++) {
            long missing = ACCESSED & ~entryValue[i];
            if (i == used - 1 && (access & SecondStage.WRITE) != 0) {
                missing |= DIRTY & ~entryValue[i];
            }
            if (missing != 0) {
                SecondStage stage = cpu.secondStage;
                long hpa = stage == null
                        ? entryAddress[i]
                        : stage.translate(cpu, entryAddress[i], SecondStage.WRITE, Purpose.WALK_UPDATE, la);
                memory.write(hpa, 1, entryValue[i] | missing);
            }
        }
    }

    private GuestFault fault(long la, int access, boolean user, int code) {
        int errorCode = code;
        if ((access & SecondStage.WRITE) != 0) {
            errorCode |= PF_WRITE;
        }
        if (user) {
            errorCode |= PF_USER;
        }
        boolean fetchReported = (cpu.efer & Control.EFER_NXE) != 0 && (cpu.cr4 & Control.CR4_PAE) != 0
                || (cpu.cr4 & Control.CR4_SMEP) != 0;
        if ((access & SecondStage.FETCH) != 0 && fetchReported) {
            errorCode |= PF_FETCH;
        }
        return GuestFault.pageFault(la, errorCode);
    }

    /** The translation of a linear address as a debugger sees it: no fault, no flag set; -1 if there is none. */
    long peek(long la, @Nullable SecondStage stage) {
        if ((cpu.cr0 & Control.CR0_PG) == 0) {
            return la & 0xFFFF_FFFFL;
        }
        if ((cpu.efer & Control.EFER_LMA) == 0 || stage != null) {
            return -1;
        }
        long table = cpu.cr3 & ADDRESS;
        for (int shift = 39; ; shift -= 9) {
            long entry = memory.read(table + (la >>> shift & 511) * 8, 8);
            if ((entry & PRESENT) == 0) {
                return -1;
            }
            if (shift == RamPage.SHIFT || (entry & LARGE) != 0 && shift <= 30) {
                long offsetMask = (1L << shift) - 1;
                return entry & ADDRESS & ~offsetMask | la & offsetMask;
            }
            table = entry & ADDRESS;
        }
    }
}

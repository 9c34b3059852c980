package dev.vtxray.testkit.vmx;

import dev.vtxray.core.memory.PhysicalMemory;

/**
 * Where everything lies in the machine of a {@link SingleGuest} or {@link RootProgram}. The first 2 MiB are the guest's, in
 * 4-KByte pages that its paging structures and the EPT both map to themselves, user-accessible; the structures of the
 * processor begin at 8 MiB. All values are physical addresses, which are linear addresses as well.
 */
public final class GuestMemory {
    // @formatter:off
    /** The guest's paging structures: PML4 table, page-directory-pointer table, page directory, page table. */
    public static final long PML4                 = 0x00_1000;
    public static final long PDPT                 = 0x00_2000;
    public static final long PAGE_DIRECTORY       = 0x00_3000;
    public static final long PAGE_TABLE           = 0x00_4000;

    public static final long GDT                  = 0x00_5000;
    public static final long IDT                  = 0x00_6000;
    public static final long TSS                  = 0x00_7000;
    /** One handler per vector, {@link #HANDLER_SIZE} bytes apart. */
    public static final long HANDLERS             = 0x00_8000;
    /** Initial RSP; the stack has one page. */
    public static final long STACK_TOP            = 0x00_C000;
    /** RSP for privilege level 0 in the TSS; that stack has one page. */
    public static final long INNER_STACK_TOP      = 0x00_E000;
    public static final long CODE                 = 0x01_0000;
    /** Free for tests, 16 pages. */
    public static final long DATA                 = 0x02_0000;
    /** First byte after the pages that are mapped one by one. */
    public static final long SMALL_PAGES_END      = 0x20_0000;

    /** EPT paging structures that map the first 2 MiB by 4-KByte pages. */
    public static final long EPT_PML4             = 0x80_0000;
    public static final long EPT_PDPT             = 0x80_1000;
    public static final long EPT_PAGE_DIRECTORY   = 0x80_2000;
    public static final long EPT_PAGE_TABLE       = 0x80_3000;
    public static final long MSR_BITMAPS          = 0x80_4000;
    public static final long IO_BITMAP_A          = 0x80_5000;
    public static final long IO_BITMAP_B          = 0x80_6000;
    public static final long VIRTUAL_APIC         = 0x80_7000;
    public static final long APIC_ACCESS          = 0x80_8000;
    public static final long POSTED_DESCRIPTOR    = 0x80_9000;
    public static final long ENTRY_MSR_LOAD       = 0x80_A000;
    public static final long EXIT_MSR_STORE       = 0x80_B000;
    public static final long EXIT_MSR_LOAD        = 0x80_C000;
    public static final long VMREAD_BITMAP        = 0x80_D000;
    public static final long VMWRITE_BITMAP       = 0x80_E000;
    public static final long VMXON_REGION         = 0x81_0000;
    public static final long VMCS_REGION          = 0x81_1000;
    public static final long SHADOW_VMCS_REGION   = 0x81_2000;
    /** A second set of EPT paging structures, for tests to fill. */
    public static final long OTHER_EPT            = 0x82_0000;

    /** Selectors: 64-bit code, data, then the same for privilege level 3, then the TSS. */
    public static final int CODE_SELECTOR         = 0x08;
    public static final int DATA_SELECTOR         = 0x10;
    public static final int USER_DATA_SELECTOR    = 0x1B;
    public static final int USER_CODE_SELECTOR    = 0x23;
    public static final int TSS_SELECTOR          = 0x28;
    // @formatter:on

    public static final int HANDLER_SIZE = 16;
    public static final int VECTORS = 256;
    public static final int GDT_LIMIT = 0x37;
    public static final int IDT_LIMIT = VECTORS * 16 - 1;
    public static final int TSS_LIMIT = 0x67;

    /** Bytes of RAM that the machine needs. */
    static final long SIZE = 16L << 20;

    private static final long PRESENT_WRITABLE_USER = 7;
    private static final long LARGE = 1 << 7;
    private static final long EPT_ALL = 7;
    private static final long EPT_WRITE_BACK_LEAF = 6 << 3 | EPT_ALL;
    private static final int GATE_PRESENT = 0x8E00;
    private static final int GATE_FROM_USER = 0x6000;
    private static final int BREAKPOINT = 3;
    private static final int OVERFLOW = 4;
    private static final int FIRST_USER_VECTOR = 0x80;
    private static final int TSS_IO_MAP_BASE = 0x66;
    private static final long VMCALL = 0xC1010FL;

    private final PhysicalMemory memory;

    private GuestMemory(PhysicalMemory memory) {
        this.memory = memory;
    }

    /** Fills memory with paging structures, descriptor tables, handlers and EPT. */
    static void prepare(PhysicalMemory memory) {
        GuestMemory layout = new GuestMemory(memory);
        layout.writePaging();
        layout.writeDescriptorTables();
        layout.writeHandlers();
        layout.writeEpt();
    }

    /** Address of the handler for a vector: VMCALL, which exits. */
    public static long handler(int vector) {
        return HANDLERS + (long) vector * HANDLER_SIZE;
    }

    /** Address of the guest's page-table entry for an address below 2 MiB. */
    public static long pageTableEntry(long address) {
        return PAGE_TABLE + (address >>> 12) * 8;
    }

    /** Address of the EPT entry for an address below 2 MiB. */
    public static long eptEntry(long address) {
        return EPT_PAGE_TABLE + (address >>> 12) * 8;
    }

    private void write(long address, long value) {
        memory.write(address, 8, value);
    }

    private void writePaging() {
        write(PML4, PDPT | PRESENT_WRITABLE_USER);
        write(PDPT, PAGE_DIRECTORY | PRESENT_WRITABLE_USER);
        write(PAGE_DIRECTORY, PAGE_TABLE | PRESENT_WRITABLE_USER);
        for (long page = 0; page < SMALL_PAGES_END; page += 0x1000) {
            write(pageTableEntry(page), page | PRESENT_WRITABLE_USER);
        }
        for (int i = 1; i < 512; i++) {
            write(PAGE_DIRECTORY + 8L * i, (long) i << 21 | LARGE | PRESENT_WRITABLE_USER);
        }
    }

    private void writeEpt() {
        write(EPT_PML4, EPT_PDPT | EPT_ALL);
        write(EPT_PDPT, EPT_PAGE_DIRECTORY | EPT_ALL);
        write(EPT_PAGE_DIRECTORY, EPT_PAGE_TABLE | EPT_ALL);
        for (long page = 0; page < SMALL_PAGES_END; page += 0x1000) {
            write(eptEntry(page), page | EPT_WRITE_BACK_LEAF);
        }
        for (int i = 1; i < 512; i++) {
            write(EPT_PAGE_DIRECTORY + 8L * i, (long) i << 21 | LARGE | EPT_WRITE_BACK_LEAF);
        }
    }

    private void writeDescriptorTables() {
        // @formatter:off
        write(GDT + CODE_SELECTOR,            0x00AF_9B00_0000_FFFFL);
        write(GDT + DATA_SELECTOR,            0x00CF_9300_0000_FFFFL);
        write(GDT + (USER_DATA_SELECTOR & ~3), 0x00CF_F300_0000_FFFFL);
        write(GDT + (USER_CODE_SELECTOR & ~3), 0x00AF_FB00_0000_FFFFL);
        write(GDT + TSS_SELECTOR,             0x0000_8B00_0000_0000L | TSS << 16 | TSS_LIMIT);
        // @formatter:on
        write(GDT + TSS_SELECTOR + 8, 0);
        write(TSS + 4, INNER_STACK_TOP);
        memory.write(TSS + TSS_IO_MAP_BASE, 2, TSS_LIMIT + 1); // no port is open to privilege level 3
        for (int vector = 0; vector < VECTORS; vector++) {
            long handler = handler(vector);
            boolean fromUser = vector == BREAKPOINT || vector == OVERFLOW || vector >= FIRST_USER_VECTOR;
            long flags = GATE_PRESENT | (fromUser ? GATE_FROM_USER : 0);
            write(
                    IDT + vector * 16L,
                    handler & 0xFFFF | (long) CODE_SELECTOR << 16 | flags << 32 | (handler & 0xFFFF_0000L) << 32);
            write(IDT + vector * 16L + 8, 0);
        }
    }

    private void writeHandlers() {
        for (int vector = 0; vector < VECTORS; vector++) {
            write(handler(vector), VMCALL);
        }
    }
}

package dev.vtxray.testkit.hypervisor;

/**
 * Where everything lies in the physical memory of L1. What belongs to one CPU has a page of its own for each.
 *
 * <p>Below 1 MiB lies what {@link dev.vtxray.core.loader.Elf64Loader} leaves for L1: stacks for the start, paging
 * structures, GDT. The RAM of L2 is a range of L1's.
 */
public final class L1Memory {
    /** CPUs of L1, and virtual CPUs of L2. */
    public static final int CPUS = 2;

    static final int PAGE = 0x1000;
    static final int PAGE_SHIFT = 12;

    // @formatter:off
    /** First byte of the image, and its entry point. */
    public static final long CODE                 = 0x10_0000;
    static final long CODE_END                    = 0x11_0000;
    /** Registers of the virtual CPU and variables, and at the end the stack: a page for each CPU. */
    public static final long CPU_BLOCKS           = 0x11_0000;
    public static final long VMXON_REGIONS        = 0x11_2000;
    /** The VMCSs with which L1 runs L2 ("vmcs12"). */
    public static final long VMCS_REGIONS         = 0x11_4000;
    public static final long VIRTUAL_APIC_PAGES   = 0x11_6000;
    /** Posted-interrupt descriptors; whatever the delivery, their first 256 bits are the interrupts to deliver. */
    public static final long DESCRIPTORS          = 0x11_8000;
    public static final long APIC_ACCESS_PAGE     = 0x11_A000;
    public static final long EPT_PML4             = 0x11_B000;
    static final long EPT_DIRECTORY_POINTERS      = 0x11_C000;
    static final long EPT_DIRECTORY_LOW           = 0x11_D000;
    static final long EPT_DIRECTORY_APIC          = 0x11_E000;
    static final long EPT_TABLE_APIC              = 0x11_F000;
    static final long IDT                         = 0x12_0000;
    static final long SHARED                      = 0x12_1000;
    static final long IMAGE_END                   = 0x12_2000;

    /** What L2 sees as physical address 0. */
    public static final long L2_RAM               = 0x200_0000;
    /** Bytes of L2's RAM, mapped by pages of 2 MBytes. */
    public static final long L2_SIZE              = 0x100_0000;
    /** Bytes that a machine for L1 and L2 needs. */
    public static final long SIZE                 = 64L << 20;

    /** Virtual CPUs that are finished, and their statuses ORed. */
    static final long FINISHED                    = SHARED;
    static final long STATUS                      = SHARED + 8;
    /** Bit 0: a CPU reports a failure. */
    static final long REPORTING                   = SHARED + 16;

    /** Address of the local APICs' registers, of L1 and of L2. */
    static final long APIC                        = 0xFEE0_0000L;

    /** With this vector L1 calls a CPU out of its guest. */
    public static final int KICK_VECTOR           = 0xF2;
    public static final int NOTIFICATION_VECTOR   = 0xF3;
    static final int SPURIOUS_VECTOR              = 0xFF;
    // @formatter:on

    private L1Memory() {}
}

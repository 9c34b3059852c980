package dev.vtxray.testkit.hypervisor;

import dev.vtxray.core.memory.Bytes;

/**
 * The L1 hypervisor of the experiments as an image: real machine code that runs L2 with a virtual CPU on each of two
 * CPUs.
 *
 * <p>It starts on both CPUs as {@link dev.vtxray.core.loader.Elf64Loader#enter} leaves them. L2 sends interrupts
 * through its local APIC in xAPIC mode and says with VMCALL (RAX = 0FFH, RBX = status) that it is done; when both
 * virtual CPUs have, L1 writes their statuses ORed to the debug-exit port. What L1 does not know ends the machine with
 * status 3 and a line on the serial port that says which exit it was.
 */
public final class L1Hypervisor {
    private static final int GATE_BYTES = 16;
    private static final int INTERRUPT_GATE = 0x8E;
    private static final int LARGE_PAGE_SHIFT = 21;

    // SDM, VMX Support for Address Translation: read, write, execute; a page has memory type write-back as well.
    private static final long EPT_TABLE = 0x07;
    private static final long EPT_PAGE = 0x37;
    private static final long EPT_LARGE_PAGE = 0xB7;

    private final byte[] bytes = new byte[(int) (L1Memory.IMAGE_END - L1Memory.CODE)];

    private L1Hypervisor() {}

    /**
     * Builds an image.
     *
     * @param guestEntry where L2 starts, in 64-bit mode with RDI = number of the virtual CPU and RSI = parameter block
     * @return an ELF file for {@link dev.vtxray.core.loader.Elf64Loader}
     * @throws IllegalArgumentException if the processor does not offer a control that L1 needs
     */
    public static byte[] image(L1Options options, long guestEntry) {
        HypervisorCode code = new L1Program(options).write(guestEntry);
        L1Hypervisor image = new L1Hypervisor();
        image.putCode(code.bytes());
        image.putRegionHeaders(options.cpu().vmx().revision());
        image.putExtendedPageTables();
        image.putInterruptTable(code);
        return Elf64File.of(L1Memory.CODE, code.address(L1Program.START), image.bytes);
    }

    private void putCode(byte[] code) {
        if (code.length > L1Memory.CODE_END - L1Memory.CODE) {
            throw new IllegalStateException("the code of L1 has %XH bytes, more than its place".formatted(code.length));
        }
        System.arraycopy(code, 0, bytes, 0, code.length);
    }

    private void put(long address, int size, long value) {
        Bytes.store(bytes, (int) (address - L1Memory.CODE), size, value);
    }

    private void putRegionHeaders(int revision) {
        for (int cpu = 0; cpu < L1Memory.CPUS; cpu++) {
            put(L1Memory.VMXON_REGIONS + (long) cpu * L1Memory.PAGE, 4, revision);
            put(L1Memory.VMCS_REGIONS + (long) cpu * L1Memory.PAGE, 4, revision);
        }
    }

    /** L2's RAM by pages of 2 MBytes, and the page of its local APIC. */
    private void putExtendedPageTables() {
        long apic = L1Memory.APIC;
        put(L1Memory.EPT_PML4, 8, L1Memory.EPT_DIRECTORY_POINTERS | EPT_TABLE);
        put(L1Memory.EPT_DIRECTORY_POINTERS, 8, L1Memory.EPT_DIRECTORY_LOW | EPT_TABLE);
        put(L1Memory.EPT_DIRECTORY_POINTERS + index(apic, 30), 8, L1Memory.EPT_DIRECTORY_APIC | EPT_TABLE);
        put(L1Memory.EPT_DIRECTORY_APIC + index(apic, LARGE_PAGE_SHIFT), 8, L1Memory.EPT_TABLE_APIC | EPT_TABLE);
        put(L1Memory.EPT_TABLE_APIC + index(apic, L1Memory.PAGE_SHIFT), 8, L1Memory.APIC_ACCESS_PAGE | EPT_PAGE);
        for (long page = 0; page < L1Memory.L2_SIZE >> LARGE_PAGE_SHIFT; page++) {
            long hpa = L1Memory.L2_RAM + (page << LARGE_PAGE_SHIFT);
            put(L1Memory.EPT_DIRECTORY_LOW + 8 * page, 8, hpa | EPT_LARGE_PAGE);
        }
    }

    private static long index(long address, int shift) {
        return (address >>> shift & 511) * 8;
    }

    private void putInterruptTable(HypervisorCode code) {
        for (int vector = 0; vector < 32; vector++) {
            putGate(vector, code.address(L1Program.handlerOf(vector)));
        }
        for (int vector : new int[] {L1Memory.KICK_VECTOR, L1Memory.NOTIFICATION_VECTOR}) {
            putGate(vector, code.address(L1Program.handlerOf(vector)));
        }
    }

    /** SDM, Interrupt and Exception Handling, 64-Bit Mode IDT. */
    private void putGate(int vector, long handler) {
        long gate = L1Memory.IDT + (long) vector * GATE_BYTES;
        put(gate, 2, handler);
        put(gate + 2, 2, L2Memory.CODE_SELECTOR);
        put(gate + 5, 1, INTERRUPT_GATE);
        put(gate + 6, 2, handler >>> 16);
        put(gate + 8, 4, handler >>> 32);
    }
}

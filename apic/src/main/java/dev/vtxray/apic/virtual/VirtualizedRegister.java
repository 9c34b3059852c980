package dev.vtxray.apic.virtual;

import static dev.vtxray.apic.virtual.VirtualizedRegister.Parts.ARV;
import static dev.vtxray.apic.virtual.VirtualizedRegister.Parts.ARV_OR_VID;
import static dev.vtxray.apic.virtual.VirtualizedRegister.Parts.NEVER;
import static dev.vtxray.apic.virtual.VirtualizedRegister.Parts.TS;

import org.jspecify.annotations.Nullable;

/**
 * The registers at which accesses to the APIC-access page can be virtualized: which parts of APIC virtualization allow it
 * (one of them is enough), and how the processor responds to a write (SDM, APIC Virtualization and Virtual Interrupts,
 * Virtualizing Reads from the APIC-Access Page, Virtualizing Writes to the APIC-Access Page, APIC-Write Emulation).
 *
 * <p>Deviation: the manual of 2016 lets virtual-interrupt delivery alone virtualize only writes at 0B0H and 300H; newer
 * editions and this table virtualize reads too.
 */
enum VirtualizedRegister {
    // @formatter:off
    //                         offset slots reads       writes      response to a write
    ID                        (0x020, 1,    ARV,        ARV,        ApicWriteEmulation::apicWrite),
    VERSION                   (0x030, 1,    ARV,        NEVER,      ApicWriteEmulation::apicWrite),
    TASK_PRIORITY             (0x080, 1,    TS,         TS,         ApicWriteEmulation::taskPriority),
    EOI                       (0x0B0, 1,    ARV_OR_VID, ARV_OR_VID, ApicWriteEmulation::endOfInterrupt),
    LOGICAL_DESTINATION       (0x0D0, 1,    ARV,        ARV,        ApicWriteEmulation::apicWrite),
    DESTINATION_FORMAT        (0x0E0, 1,    ARV,        ARV,        ApicWriteEmulation::apicWrite),
    SPURIOUS_INTERRUPT_VECTOR (0x0F0, 1,    ARV,        ARV,        ApicWriteEmulation::apicWrite),
    IN_SERVICE                (0x100, 8,    ARV,        NEVER,      ApicWriteEmulation::apicWrite),
    TRIGGER_MODE              (0x180, 8,    ARV,        NEVER,      ApicWriteEmulation::apicWrite),
    INTERRUPT_REQUEST         (0x200, 8,    ARV,        NEVER,      ApicWriteEmulation::apicWrite),
    ERROR_STATUS              (0x280, 1,    ARV,        ARV,        ApicWriteEmulation::apicWrite),
    INTERRUPT_COMMAND_LOW     (0x300, 1,    ARV_OR_VID, ARV_OR_VID, ApicWriteEmulation::interruptCommandLow),
    INTERRUPT_COMMAND_HIGH    (0x310, 1,    ARV,        ARV,        ApicWriteEmulation::interruptCommandHigh),
    LOCAL_VECTOR_TABLE        (0x320, 6,    ARV,        ARV,        ApicWriteEmulation::apicWrite),
    INITIAL_COUNT             (0x380, 1,    ARV,        ARV,        ApicWriteEmulation::apicWrite),
    DIVIDE_CONFIGURATION      (0x3E0, 1,    ARV,        ARV,        ApicWriteEmulation::apicWrite);
    // @formatter:on

    private static final int SLOT_SIZE = 16;
    private static final int SLOTS = 64;
    private static final @Nullable VirtualizedRegister[] BY_SLOT = new VirtualizedRegister[SLOTS];

    static {
        for (VirtualizedRegister register : values()) {
            for (int i = 0; i < register.slots; i++) {
                BY_SLOT[register.offset / SLOT_SIZE + i] = register;
            }
        }
    }

    private final int offset;
    private final int slots;
    private final int reads;
    private final int writes;
    private final ApicWriteEmulation.Response response;

    VirtualizedRegister(int offset, int slots, int reads, int writes, ApicWriteEmulation.Response response) {
        this.offset = offset;
        this.slots = slots;
        this.reads = reads;
        this.writes = writes;
        this.response = response;
    }

    /** The register whose 16-byte slot contains a page offset, or null. */
    static @Nullable VirtualizedRegister at(int pageOffset) {
        int slot = pageOffset / SLOT_SIZE;
        return slot < SLOTS ? BY_SLOT[slot] : null;
    }

    boolean readsAreVirtualized(int parts) {
        return (reads & parts) != 0;
    }

    boolean writesAreVirtualized(int parts) {
        return (writes & parts) != 0;
    }

    Outcome respondToWrite(VirtualApic apic, int pageOffset) {
        return response.respond(apic, pageOffset);
    }

    /** The columns "reads" and "writes": parts of APIC virtualization of which one must be in use. */
    static final class Parts {
        static final int NEVER = 0;
        static final int TS = ApicVirtualization.TPR_SHADOW;
        static final int ARV = ApicVirtualization.REGISTER_VIRTUALIZATION;
        static final int ARV_OR_VID = ARV | ApicVirtualization.VIRTUAL_INTERRUPT_DELIVERY;

        private Parts() {}
    }
}

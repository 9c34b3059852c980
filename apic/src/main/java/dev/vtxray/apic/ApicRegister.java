package dev.vtxray.apic;

import static dev.vtxray.apic.ApicRegister.Access.NONE;
import static dev.vtxray.apic.ApicRegister.Access.READ_ONLY;
import static dev.vtxray.apic.ApicRegister.Access.READ_WRITE;
import static dev.vtxray.apic.ApicRegister.Access.WRITE_ONLY;

import org.jspecify.annotations.Nullable;

/**
 * The registers of the local APIC (SDM, Advanced Programmable Interrupt Controller (APIC), Local APIC Register Address Map
 * and x2APIC Register Address Space). The register at offset X of the page is MSR 800H + X/16 in x2APIC mode.
 *
 * <p>A bit that is neither writable nor read-only is reserved: ignored in xAPIC mode, #GP in x2APIC mode. Registers of 256
 * bits occupy eight slots of 16 bytes.
 */
enum ApicRegister {
    // @formatter:off
    //                          offset slots xAPIC       x2APIC      writable     read-only
    ID                         (0x020, 1,    READ_ONLY,  READ_ONLY,  0x0000_0000, 0),
    VERSION                    (0x030, 1,    READ_ONLY,  READ_ONLY,  0x0000_0000, 0),
    TASK_PRIORITY              (0x080, 1,    READ_WRITE, READ_WRITE, 0x0000_00FF, 0),
    ARBITRATION_PRIORITY       (0x090, 1,    READ_ONLY,  NONE,       0x0000_0000, 0),
    PROCESSOR_PRIORITY         (0x0A0, 1,    READ_ONLY,  READ_ONLY,  0x0000_0000, 0),
    EOI                        (0x0B0, 1,    WRITE_ONLY, WRITE_ONLY, 0x0000_0000, 0),
    REMOTE_READ                (0x0C0, 1,    READ_ONLY,  NONE,       0x0000_0000, 0),
    LOGICAL_DESTINATION        (0x0D0, 1,    READ_WRITE, READ_ONLY,  0xFF00_0000, 0),
    DESTINATION_FORMAT         (0x0E0, 1,    READ_WRITE, NONE,       0xF000_0000, 0x0FFF_FFFF),
    SPURIOUS_INTERRUPT_VECTOR  (0x0F0, 1,    READ_WRITE, READ_WRITE, 0x0000_13FF, 0),
    IN_SERVICE                 (0x100, 8,    READ_ONLY,  READ_ONLY,  0x0000_0000, 0),
    TRIGGER_MODE               (0x180, 8,    READ_ONLY,  READ_ONLY,  0x0000_0000, 0),
    INTERRUPT_REQUEST          (0x200, 8,    READ_ONLY,  READ_ONLY,  0x0000_0000, 0),
    ERROR_STATUS               (0x280, 1,    READ_WRITE, READ_WRITE, 0x0000_0000, 0),
    LVT_CMCI                   (0x2F0, 1,    READ_WRITE, READ_WRITE, 0x0001_07FF, 0x1000),
    INTERRUPT_COMMAND_LOW      (0x300, 1,    READ_WRITE, READ_WRITE, 0x000C_CFFF, 0x1000),
    INTERRUPT_COMMAND_HIGH     (0x310, 1,    READ_WRITE, NONE,       0xFF00_0000, 0),
    LVT_TIMER                  (0x320, 1,    READ_WRITE, READ_WRITE, 0x0007_00FF, 0x1000),
    LVT_THERMAL_SENSOR         (0x330, 1,    READ_WRITE, READ_WRITE, 0x0001_07FF, 0x1000),
    LVT_PERFORMANCE_MONITORING (0x340, 1,    READ_WRITE, READ_WRITE, 0x0001_07FF, 0x1000),
    LVT_LINT0                  (0x350, 1,    READ_WRITE, READ_WRITE, 0x0001_A7FF, 0x5000),
    LVT_LINT1                  (0x360, 1,    READ_WRITE, READ_WRITE, 0x0001_A7FF, 0x5000),
    LVT_ERROR                  (0x370, 1,    READ_WRITE, READ_WRITE, 0x0001_00FF, 0x1000),
    INITIAL_COUNT              (0x380, 1,    READ_WRITE, READ_WRITE, 0xFFFF_FFFF, 0),
    CURRENT_COUNT              (0x390, 1,    READ_ONLY,  READ_ONLY,  0x0000_0000, 0),
    DIVIDE_CONFIGURATION       (0x3E0, 1,    READ_WRITE, READ_WRITE, 0x0000_000B, 0),
    SELF_IPI                   (0x3F0, 1,    NONE,       WRITE_ONLY, 0x0000_00FF, 0);
    // @formatter:on

    /** Which accesses a register allows in one of the modes. */
    enum Access {
        NONE,
        READ_ONLY,
        WRITE_ONLY,
        READ_WRITE;

        boolean reads() {
            return this == READ_ONLY || this == READ_WRITE;
        }

        boolean writes() {
            return this == WRITE_ONLY || this == READ_WRITE;
        }
    }

    /** Number of 16-byte slots that can hold registers, from offset 0. */
    static final int SLOTS = 64;

    private static final @Nullable ApicRegister[] BY_SLOT = new ApicRegister[SLOTS];

    static {
        for (ApicRegister register : values()) {
            for (int i = 0; i < register.slots; i++) {
                BY_SLOT[register.slot() + i] = register;
            }
        }
    }

    private final int offset;
    private final int slots;
    private final Access xApic;
    private final Access x2Apic;
    private final int writable;
    private final int readOnly;

    ApicRegister(int offset, int slots, Access xApic, Access x2Apic, int writable, int readOnly) {
        this.offset = offset;
        this.slots = slots;
        this.xApic = xApic;
        this.x2Apic = x2Apic;
        this.writable = writable;
        this.readOnly = readOnly;
    }

    /** The register whose slot number (offset / 16) is {@code slot}, or null if that slot is reserved. */
    static @Nullable ApicRegister atSlot(int slot) {
        return slot < SLOTS ? BY_SLOT[slot] : null;
    }

    int offset() {
        return offset;
    }

    int slot() {
        return offset >>> 4;
    }

    int slots() {
        return slots;
    }

    /** What the mode allows; nothing while the APIC is disabled. */
    Access access(ApicMode mode) {
        return switch (mode) {
            case DISABLED -> NONE;
            case XAPIC -> xApic;
            case X2APIC -> x2Apic;
        };
    }

    int writable() {
        return writable;
    }

    int readOnly() {
        return readOnly;
    }

    int reserved() {
        return ~(writable | readOnly);
    }
}

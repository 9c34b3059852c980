package dev.vtxray.apic.virtual;

import static dev.vtxray.apic.virtual.ApicVirtualization.REGISTER_VIRTUALIZATION;
import static dev.vtxray.apic.virtual.ApicVirtualization.TPR_SHADOW;
import static dev.vtxray.apic.virtual.ApicVirtualization.VIRTUAL_INTERRUPT_DELIVERY;

import dev.vtxray.core.cpu.GuestFault;
import org.jspecify.annotations.Nullable;

/**
 * RDMSR and WRMSR of the x2APIC registers, virtualized (SDM, APIC Virtualization and Virtual Interrupts, Virtualizing
 * MSR-Based APIC Accesses). What is not virtualized here goes to the real local APIC.
 */
public final class VirtualX2Apic {
    private static final int FIRST = 0x800;
    private static final int LAST = 0x8FF;
    private static final int TASK_PRIORITY = 0x808;

    private final VirtualApic apic;

    /** The x2APIC registers of this virtual APIC. */
    public VirtualX2Apic(VirtualApic apic) {
        this.apic = apic;
    }

    /** The writes that are virtualized. */
    private enum MsrWrite {
        // @formatter:off
        //             MSR    needs                       writable response
        TASK_PRIORITY (0x808, TPR_SHADOW,                 0xFF,    ApicWriteEmulation::taskPriority),
        EOI           (0x80B, VIRTUAL_INTERRUPT_DELIVERY, 0x00,    ApicWriteEmulation::endOfInterrupt),
        SELF_IPI      (0x83F, VIRTUAL_INTERRUPT_DELIVERY, 0xFF,    ApicWriteEmulation::selfIpi);
        // @formatter:on

        private static final MsrWrite[] ROWS = values();

        private final int index;
        private final int needs;
        private final long writable;
        private final ApicWriteEmulation.Response response;

        MsrWrite(int index, int needs, long writable, ApicWriteEmulation.Response response) {
            this.index = index;
            this.needs = needs;
            this.writable = writable;
            this.response = response;
        }

        static @Nullable MsrWrite of(int index, int parts) {
            for (MsrWrite row : ROWS) {
                if (row.index == index && (row.needs & parts) != 0) {
                    return row;
                }
            }
            return null;
        }
    }

    /** Whether RDMSR of this index reads the virtual-APIC page. */
    public boolean virtualizesRead(int index) {
        int parts = apic.settings().features().parts();
        if ((parts & REGISTER_VIRTUALIZATION) != 0) {
            return index >= FIRST && index <= LAST;
        }
        return index == TASK_PRIORITY && parts != 0;
    }

    /** The result of a virtualized RDMSR: 8 bytes of the virtual-APIC page, whatever they are. */
    public long read(int index) {
        return apic.page().read64(pageOffset(index));
    }

    /** Whether WRMSR of this index writes the virtual-APIC page. */
    public boolean virtualizesWrite(int index) {
        return MsrWrite.of(index, apic.settings().features().parts()) != null;
    }

    /**
     * A virtualized WRMSR.
     *
     * @throws GuestFault               #GP(0) if a reserved bit is set, before anything has changed
     * @throws IllegalArgumentException if this write is not virtualized
     */
    public Outcome write(int index, long value) {
        MsrWrite row = MsrWrite.of(index, apic.settings().features().parts());
        if (row == null) {
            throw new IllegalArgumentException("WRMSR of " + Integer.toHexString(index)
                    + "H is not virtualized now; ask virtualizesWrite before");
        }
        if ((value & ~row.writable) != 0) {
            throw GuestFault.generalProtection();
        }
        apic.page().write64(pageOffset(index), value);
        return row.response.respond(apic, pageOffset(index));
    }

    private static int pageOffset(int index) {
        return (index & 0xFF) << 4;
    }
}

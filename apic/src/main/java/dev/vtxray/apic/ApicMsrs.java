package dev.vtxray.apic;

import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.port.MsrHandler;

/**
 * The MSRs of a local APIC. The constants are the ranges of indices for which a machine must register it.
 */
public final class ApicMsrs implements MsrHandler {
    /** IA32_APIC_BASE. */
    public static final int APIC_BASE = 0x1B;

    /** IA32_TSC_DEADLINE. */
    public static final int TSC_DEADLINE = 0x6E0;

    /** The first MSR of the x2APIC register address space. */
    public static final int X2APIC_FIRST = 0x800;

    /** The last MSR of the x2APIC register address space. */
    public static final int X2APIC_LAST = 0xBFF;

    private final LocalApic apic;

    /** The MSRs of this local APIC. */
    public ApicMsrs(LocalApic apic) {
        this.apic = apic;
    }

    @Override
    public long read(int index) {
        return switch (index) {
            case APIC_BASE -> apic.base();
            case TSC_DEADLINE -> {
                checkTscDeadline();
                yield apic.tscDeadline();
            }
            default -> apic.readMsr(x2ApicSlot(index));
        };
    }

    @Override
    public void write(int index, long value) {
        switch (index) {
            case APIC_BASE -> apic.writeBase(value);
            case TSC_DEADLINE -> {
                checkTscDeadline();
                apic.writeTscDeadline(value);
            }
            default -> apic.writeMsr(x2ApicSlot(index), value);
        }
    }

    private void checkTscDeadline() {
        if (!apic.hasTscDeadline()) {
            throw GuestFault.generalProtection();
        }
    }

    private static int x2ApicSlot(int index) {
        if (index < X2APIC_FIRST || index > X2APIC_LAST) {
            throw new IllegalArgumentException("MSR " + Integer.toHexString(index)
                    + "H is none of a local APIC, must be 1BH, 6E0H or in 800H..BFFH");
        }
        return index - X2APIC_FIRST;
    }
}

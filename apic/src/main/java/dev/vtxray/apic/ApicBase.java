package dev.vtxray.apic;

import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;

/**
 * IA32_APIC_BASE: where the registers are, and in which mode (SDM, Advanced Programmable Interrupt Controller (APIC), Local
 * APIC Status and Location, and x2APIC State Transitions).
 */
final class ApicBase implements Described {
    static final long POWER_UP_ADDRESS = 0xFEE0_0000L;

    private static final long BSP = 1L << 8;
    private static final long EXTD = 1L << 10;
    private static final long EN = 1L << 11;

    private final long addressMask;
    private final long writable;
    private final long bootstrap;
    private long value;

    ApicBase(ApicFeatures features, boolean bootstrapProcessor) {
        addressMask = (1L << features.physicalAddressBits()) - 0x1000;
        writable = addressMask | EN | (features.x2Apic() ? EXTD : 0);
        bootstrap = bootstrapProcessor ? BSP : 0;
        reset();
    }

    void reset() {
        value = POWER_UP_ADDRESS | EN | bootstrap;
    }

    long value() {
        return value;
    }

    long address() {
        return value & addressMask;
    }

    boolean bootstrapProcessor() {
        return bootstrap != 0;
    }

    ApicMode mode() {
        return modeOf(value);
    }

    /** @throws GuestFault #GP(0) for reserved bits and for transitions that do not exist */
    void write(long newValue) {
        boolean extendedButNotEnabled = (newValue & (EN | EXTD)) == EXTD;
        if ((newValue & ~(writable | BSP)) != 0 || extendedButNotEnabled || !mode().mayBecome(modeOf(newValue))) {
            throw GuestFault.generalProtection();
        }
        value = newValue & writable | bootstrap;
    }

    @Override
    public void describe(StateVisitor visitor) {
        visitor.value("IA32_APIC_BASE", () -> value, v -> value = v);
    }

    private static ApicMode modeOf(long value) {
        if ((value & EN) == 0) {
            return ApicMode.DISABLED;
        }
        return (value & EXTD) != 0 ? ApicMode.X2APIC : ApicMode.XAPIC;
    }
}

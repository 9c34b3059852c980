package dev.vtxray.apic;

import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;
import java.util.Arrays;

/**
 * How local sources interrupt, one entry for each (SDM, Advanced Programmable Interrupt Controller (APIC), Local Vector
 * Table), and the state of the pins LINT0 and LINT1.
 */
final class LocalVectorTable implements Described {
    /** Answer of {@link #take} for a masked source. */
    static final int NOTHING = -1;

    private static final int REMOTE_IRR = 1 << 14;
    private static final int LEVEL_TRIGGERED = 1 << 15;
    private static final int MASKED = 1 << 16;
    private static final LocalInterrupt[] SOURCES = LocalInterrupt.values();

    private final int[] entries = new int[SOURCES.length];
    private final boolean[] asserted = new boolean[SOURCES.length];

    /** Masks all entries and clears the rest of them. The pins stay as those who drive them set them. */
    void reset() {
        Arrays.fill(entries, MASKED);
    }

    void maskAll() {
        for (int i = 0; i < entries.length; i++) {
            entries[i] |= MASKED;
        }
    }

    int read(ApicRegister register) {
        return entries[LocalInterrupt.programmedBy(register).ordinal()];
    }

    /** Takes the writable bits of an entry; it stays masked if it must. */
    void write(ApicRegister register, int value, boolean mustBeMasked) {
        int source = LocalInterrupt.programmedBy(register).ordinal();
        entries[source] = entries[source] & register.readOnly() | value | (mustBeMasked ? MASKED : 0);
    }

    /** The entry of a source that interrupts now, or {@link #NOTHING} if it is masked. */
    int take(LocalInterrupt source) {
        int entry = entries[source.ordinal()];
        if ((entry & MASKED) != 0) {
            return NOTHING;
        }
        if (source == LocalInterrupt.PERFORMANCE_MONITORING) {
            entries[source.ordinal()] |= MASKED;
        } else if (isLevelTriggered(entry)) {
            entries[source.ordinal()] |= REMOTE_IRR;
        }
        return entry;
    }

    /** Whether an entry asks for a level-triggered interrupt: only pins have that bit, and only fixed delivery heeds it. */
    static boolean isLevelTriggered(int entry) {
        return DeliveryMode.in(entry) == DeliveryMode.FIXED && (entry & LEVEL_TRIGGERED) != 0;
    }

    /** Sets the state of a pin; true if it has become active. */
    boolean setPin(LocalInterrupt pin, boolean active) {
        boolean rises = active && !asserted[pin.ordinal()];
        asserted[pin.ordinal()] = active;
        return rises;
    }

    /** The level-triggered interrupt with this vector has ended; true if the pin caused it and is still active. */
    boolean endOfInterrupt(LocalInterrupt pin, int vector) {
        int entry = entries[pin.ordinal()];
        if ((entry & REMOTE_IRR) == 0 || (entry & 0xFF) != vector) {
            return false;
        }
        entries[pin.ordinal()] &= ~REMOTE_IRR;
        return asserted[pin.ordinal()];
    }

    @Override
    public void describe(StateVisitor visitor) {
        for (LocalInterrupt source : SOURCES) {
            int i = source.ordinal();
            visitor.value(source.name(), () -> entries[i], v -> entries[i] = (int) v);
            if (source.isPin()) {
                visitor.value(source + " asserted", () -> asserted[i] ? 1 : 0, v -> asserted[i] = v != 0);
            }
        }
    }
}

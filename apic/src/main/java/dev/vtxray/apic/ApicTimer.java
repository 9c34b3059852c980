package dev.vtxray.apic;

import dev.vtxray.core.port.Clock;
import dev.vtxray.core.port.Timed;
import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;
import java.util.function.LongSupplier;

/**
 * The timer of a local APIC (SDM, Advanced Programmable Interrupt Controller (APIC), APIC Timer). Counts are computed from
 * the clock when somebody looks; nothing ticks.
 */
final class ApicTimer implements Described {
    /** Bits 18:17 of LVT timer; the order is that of the manual's numbers. */
    enum Mode {
        ONE_SHOT,
        PERIODIC,
        TSC_DEADLINE,
        /** Reserved: nothing counts. */
        RESERVED;

        private static final Mode[] BY_NUMBER = values();

        static Mode in(int lvtTimer) {
            return BY_NUMBER[lvtTimer >>> 17 & 3];
        }

        boolean counts() {
            return this == ONE_SHOT || this == PERIODIC;
        }
    }

    private final Clock clock;
    private final LongSupplier timeStampCounter;
    private final int cyclesPerTick;

    private Mode mode = Mode.ONE_SHOT;
    private int divideConfiguration;
    private long initialCount;
    /** What the counter held at {@link #countedFrom}; 0 means that it has stopped. */
    private long count;
    /** The time at which the counter held {@link #count}. */
    private long countedFrom;
    /** IA32_TSC_DEADLINE; 0 means disarmed. */
    private long deadline;

    ApicTimer(Clock clock, LongSupplier timeStampCounter, int cyclesPerTick) {
        this.clock = clock;
        this.timeStampCounter = timeStampCounter;
        this.cyclesPerTick = cyclesPerTick;
    }

    void reset() {
        mode = Mode.ONE_SHOT;
        divideConfiguration = 0;
        disarm();
    }

    Mode mode() {
        return mode;
    }

    /**
     * Changes the mode.
     *
     * <p>Deviation: the manual disarms the timer on every change of mode; between one-shot and periodic the counter goes
     * on here, as processors do and as kvm-unit-tests demands.
     */
    void setMode(Mode newMode) {
        if (newMode != mode && !(newMode.counts() && mode.counts())) {
            disarm();
        }
        mode = newMode;
    }

    int initialCount() {
        return (int) initialCount;
    }

    /** Starts counting from the new value, or stops with 0. Ignored unless the mode counts. */
    void setInitialCount(int value) {
        if (mode.counts()) {
            initialCount = Integer.toUnsignedLong(value);
            count = initialCount;
            countedFrom = clock.now();
        }
    }

    int currentCount() {
        return (int) countAt(clock.now());
    }

    int divideConfiguration() {
        return divideConfiguration;
    }

    /** Takes a new divisor; the counter goes on from where it is. */
    void setDivideConfiguration(int value) {
        long now = clock.now();
        count = countAt(now);
        countedFrom = now;
        divideConfiguration = value;
    }

    long deadline() {
        return deadline;
    }

    /** A write of IA32_TSC_DEADLINE: arms, or disarms with 0. Ignored unless the mode is TSC-deadline. */
    void setDeadline(long value) {
        if (mode == Mode.TSC_DEADLINE) {
            deadline = value;
        }
    }

    /** When it expires next, on the clock, or {@link Timed#NEVER}. */
    long nextExpiry() {
        if (count != 0) {
            return countedFrom + count * cyclesPerCount();
        }
        if (deadline == 0) {
            return Timed.NEVER;
        }
        long tsc = timeStampCounter.getAsLong();
        long now = clock.now();
        if (Long.compareUnsigned(tsc, deadline) >= 0) {
            return now;
        }
        long cyclesLeft = deadline - tsc;
        return cyclesLeft < 0 || cyclesLeft >= Timed.NEVER - now ? Timed.NEVER : now + cyclesLeft;
    }

    /** Tells it the time; true if it has expired at least once since it was told before. */
    boolean advanceTo(long now) {
        if (nextExpiry() > now) {
            return false;
        }
        if (count == 0) {
            deadline = 0;
        } else if (mode == Mode.PERIODIC) {
            long firstExpiry = countedFrom + count * cyclesPerCount();
            long period = initialCount * cyclesPerCount();
            countedFrom = firstExpiry + (now - firstExpiry) / period * period;
            count = initialCount;
        } else {
            count = 0;
        }
        return true;
    }

    @Override
    public void describe(StateVisitor visitor) {
        visitor.value("mode", () -> mode.ordinal(), v -> mode = Mode.BY_NUMBER[(int) v]);
        visitor.value("divide configuration", () -> divideConfiguration, v -> divideConfiguration = (int) v);
        visitor.value("initial count", () -> initialCount, v -> initialCount = v);
        visitor.value("count", () -> count, v -> count = v);
        visitor.value("counted from", () -> countedFrom, v -> countedFrom = v);
        visitor.value("IA32_TSC_DEADLINE", () -> deadline, v -> deadline = v);
    }

    private void disarm() {
        initialCount = 0;
        count = 0;
        deadline = 0;
    }

    private long countAt(long now) {
        return Math.max(0, count - (now - countedFrom) / cyclesPerCount());
    }

    private long cyclesPerCount() {
        return (long) cyclesPerTick * divisor();
    }

    /** Bits 3, 1 and 0 together count 2, 4, 8, ... 128; all ones mean 1. */
    private int divisor() {
        int code = divideConfiguration >>> 1 & 4 | divideConfiguration & 3;
        return 1 << (code + 1 & 7);
    }
}

package dev.vtxray.apic;

import dev.vtxray.core.port.Clock;

/** Time that stands still until a test moves it. */
public final class ManualClock implements Clock {
    private long now;

    @Override
    public long now() {
        return now;
    }

    @Override
    public void charge(long cycles) {
        now += cycles;
    }
}

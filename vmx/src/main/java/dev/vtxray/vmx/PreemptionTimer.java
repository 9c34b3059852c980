package dev.vtxray.vmx;

import dev.vtxray.core.cpu.Cpu;

/**
 * The VMX-preemption timer (SDM, VMX Non-Root Operation, "VMX-Preemption Timer"): it counts down whenever bit X of the
 * time-stamp counter changes, X being a capability of the processor.
 */
final class PreemptionTimer {
    private final Cpu cpu;
    private final int shift;
    private boolean active;
    private long expiryTick;

    PreemptionTimer(Cpu cpu, int shift) {
        this.cpu = cpu;
        this.shift = shift;
    }

    private long tick() {
        return cpu.realTsc() >>> shift;
    }

    void start(long value) {
        active = true;
        expiryTick = tick() + value;
    }

    void stop() {
        active = false;
    }

    /** The value that is left, 0 once it has expired. */
    long value() {
        return Math.max(0, expiryTick - tick());
    }

    boolean hasExpired() {
        return active && tick() >= expiryTick;
    }

    /** Cycles until it expires; Long.MAX_VALUE if it does not run. */
    long cyclesLeft() {
        return active ? Math.max(1, (expiryTick << shift) - cpu.realTsc()) : Long.MAX_VALUE;
    }
}

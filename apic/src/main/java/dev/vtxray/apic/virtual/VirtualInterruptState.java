package dev.vtxray.apic.virtual;

import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;

/**
 * What the processor itself holds of virtual interrupts: the guest interrupt status (RVI and SVI), and whether a pending
 * virtual interrupt is recognized (SDM, APIC Virtualization and Virtual Interrupts, Guest Interrupt Status).
 */
public final class VirtualInterruptState implements Described {
    private int requestingVector;
    private int servicingVector;
    private boolean recognized;

    /** Takes RVI from bits 7:0 and SVI from bits 15:8. Nothing is recognized until the next evaluation. */
    public void loadGuestInterruptStatus(int status) {
        requestingVector = status & 0xFF;
        servicingVector = status >>> 8 & 0xFF;
        recognized = false;
    }

    /** The 16-bit guest interrupt status: RVI in bits 7:0, SVI in bits 15:8. */
    public int guestInterruptStatus() {
        return servicingVector << 8 | requestingVector;
    }

    /** RVI: the highest vector that requests service, or 0. */
    public int requestingVirtualInterrupt() {
        return requestingVector;
    }

    /** SVI: the highest vector in service, or 0. */
    public int servicingVirtualInterrupt() {
        return servicingVector;
    }

    /** Whether a virtual interrupt is to be delivered at the next boundary that allows it. */
    public boolean isRecognized() {
        return recognized;
    }

    void setRequesting(int vector) {
        requestingVector = vector;
    }

    void setServicing(int vector) {
        servicingVector = vector;
    }

    void setRecognized(boolean value) {
        recognized = value;
    }

    @Override
    public void describe(StateVisitor visitor) {
        visitor.value("RVI", () -> requestingVector, v -> requestingVector = (int) v);
        visitor.value("SVI", () -> servicingVector, v -> servicingVector = (int) v);
        visitor.value("recognized", () -> recognized ? 1 : 0, v -> recognized = v != 0);
    }
}

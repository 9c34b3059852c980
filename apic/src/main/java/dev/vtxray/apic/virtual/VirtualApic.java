package dev.vtxray.apic.virtual;

import static dev.vtxray.apic.virtual.VirtualApicPage.VIRR;
import static dev.vtxray.apic.virtual.VirtualApicPage.VISR;
import static dev.vtxray.apic.virtual.VirtualApicPage.VPPR;
import static dev.vtxray.apic.virtual.VirtualApicPage.VTPR;

/**
 * The operations on a virtual-APIC page (SDM, APIC Virtualization and Virtual Interrupts, TPR Virtualization ff.). Each
 * method is one operation of the manual and bears its name.
 */
public final class VirtualApic {
    private static final int PRIORITY_CLASS = 0xF0;

    private final VirtualApicPage page;
    private final VirtualInterruptState interrupts;
    private final VirtualApicSettings settings;

    /** The operations on this page and this state. */
    public VirtualApic(VirtualApicPage page, VirtualInterruptState interrupts, VirtualApicSettings settings) {
        this.page = page;
        this.interrupts = interrupts;
        this.settings = settings;
    }

    VirtualApicPage page() {
        return page;
    }

    VirtualApicSettings settings() {
        return settings;
    }

    // Task priority through CR8

    /** The task priority (0-15) that a read of CR8 finds: bits 7:4 of the virtual TPR. */
    public int taskPriority() {
        return page.register(VTPR) >>> 4 & 0xF;
    }

    /** A write of CR8 with a priority of 0-15: all other bits of the virtual TPR become 0. */
    public Outcome writeTaskPriority(int priority) {
        page.setRegister(VTPR, priority << 4);
        return tprVirtualization();
    }

    // Operations

    /** TPR virtualization: after a write of the virtual TPR. */
    public Outcome tprVirtualization() {
        if (settings.features().virtualInterruptDelivery()) {
            pprVirtualization();
            return evaluatePendingInterrupts();
        }
        return taskPriority() < settings.tprThreshold() ? Outcome.TPR_BELOW_THRESHOLD : Outcome.NOTHING;
    }

    /** PPR virtualization: the virtual PPR follows the virtual TPR and SVI. */
    public void pprVirtualization() {
        int taskPriority = page.register(VTPR) & 0xFF;
        int servicingClass = interrupts.servicingVirtualInterrupt() & PRIORITY_CLASS;
        page.setRegister(VPPR, (taskPriority & PRIORITY_CLASS) >= servicingClass ? taskPriority : servicingClass);
    }

    /** EOI virtualization: ends the service of SVI. */
    public Outcome eoiVirtualization() {
        int vector = interrupts.servicingVirtualInterrupt();
        page.removeVector(VISR, vector);
        interrupts.setServicing(page.highestVector(VISR));
        pprVirtualization();
        return settings.reportsVirtualizedEoi(vector) ? Outcome.virtualizedEoi(vector) : evaluatePendingInterrupts();
    }

    /** Self-IPI virtualization: the vector (0-255) requests service. */
    public Outcome selfIpiVirtualization(int vector) {
        page.addVector(VIRR, vector);
        raiseRequesting(vector);
        return evaluatePendingInterrupts();
    }

    /** Evaluates pending virtual interrupts: recognizes RVI if its class is above that of the virtual PPR. */
    public Outcome evaluatePendingInterrupts() {
        int requestingClass = interrupts.requestingVirtualInterrupt() & PRIORITY_CLASS;
        boolean aboveProcessorPriority = requestingClass > (page.register(VPPR) & PRIORITY_CLASS);
        interrupts.setRecognized(aboveProcessorPriority && !settings.awaitsInterruptWindow());
        return interrupts.isRecognized() ? Outcome.INTERRUPT_RECOGNIZED : Outcome.NOTHING;
    }

    /**
     * Virtual-interrupt delivery: the recognized interrupt goes into service.
     *
     * @return the vector that is now to be delivered through the guest's IDT
     * @throws IllegalStateException if no virtual interrupt is recognized
     */
    public int deliverVirtualInterrupt() {
        if (!interrupts.isRecognized()) {
            throw new IllegalStateException("no virtual interrupt is recognized, so none can be delivered");
        }
        int vector = interrupts.requestingVirtualInterrupt();
        page.addVector(VISR, vector);
        interrupts.setServicing(vector);
        page.setRegister(VPPR, vector & PRIORITY_CLASS);
        page.removeVector(VIRR, vector);
        interrupts.setRequesting(page.highestVector(VIRR));
        interrupts.setRecognized(false);
        return vector;
    }

    /**
     * Posted-interrupt processing: clears the outstanding notification, moves the posted requests to the virtual IRR
     * and evaluates. The acknowledge and the EOI of the notification's own interrupt are the caller's part, before
     * this.
     */
    public Outcome processPostedInterrupts(PostedInterruptDescriptor descriptor) {
        descriptor.clearOutstandingNotification();
        for (int number = 0; number < PostedInterruptDescriptor.REQUEST_WORDS; number++) {
            int requests = descriptor.takeRequests(number);
            if (requests != 0) {
                page.addVectors(VIRR, number, requests);
                raiseRequesting(number * Integer.SIZE + 31 - Integer.numberOfLeadingZeros(requests));
            }
        }
        return evaluatePendingInterrupts();
    }

    private void raiseRequesting(int vector) {
        interrupts.setRequesting(Math.max(interrupts.requestingVirtualInterrupt(), vector));
    }
}

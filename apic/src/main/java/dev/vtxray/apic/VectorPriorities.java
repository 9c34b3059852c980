package dev.vtxray.apic;

import dev.vtxray.core.port.InterruptSource;
import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;

/**
 * The interrupts that a local APIC has accepted and what their priorities decide: IRR, ISR, TMR and the task priority (SDM,
 * Advanced Programmable Interrupt Controller (APIC), Handling Interrupts).
 */
final class VectorPriorities implements Described {
    private static final int PRIORITY_CLASS = 0xF0;

    private final VectorSet interruptRequest = new VectorSet();
    private final VectorSet inService = new VectorSet();
    private final VectorSet triggerMode = new VectorSet();
    private int taskPriority;

    void reset() {
        interruptRequest.clear();
        inService.clear();
        triggerMode.clear();
        taskPriority = 0;
    }

    int taskPriority() {
        return taskPriority;
    }

    void setTaskPriority(int value) {
        taskPriority = value;
    }

    void accept(int vector, boolean levelTriggered) {
        interruptRequest.add(vector);
        triggerMode.set(vector, levelTriggered);
    }

    boolean isLevelTriggered(int vector) {
        return triggerMode.contains(vector);
    }

    /** The highest requested vector whose class is above the processor priority's, or {@link InterruptSource#NONE}. */
    int highestDeliverable() {
        int vector = interruptRequest.highest();
        boolean requested = vector != VectorSet.EMPTY;
        return requested && priorityClass(vector) > priorityClass(processorPriority()) ? vector : InterruptSource.NONE;
    }

    /** The vector leaves the requested ones and is in service. */
    void acknowledge(int vector) {
        interruptRequest.remove(vector);
        inService.add(vector);
    }

    /** Ends the service of the highest vector and returns it, or {@link InterruptSource#NONE} without effect. */
    int endOfInterrupt() {
        int vector = inService.highest();
        if (vector == VectorSet.EMPTY) {
            return InterruptSource.NONE;
        }
        inService.remove(vector);
        return vector;
    }

    /** The processor-priority register (SDM, Task and Processor Priorities). */
    int processorPriority() {
        int inServiceClass = priorityClass(inService.highest());
        return priorityClass(taskPriority) >= inServiceClass ? taskPriority : inServiceClass;
    }

    /** The arbitration-priority register of processors that still had one. */
    int arbitrationPriority() {
        int taskClass = priorityClass(taskPriority);
        int inServiceClass = priorityClass(inService.highest());
        int requestClass = priorityClass(interruptRequest.highest());
        if (taskClass >= requestClass && taskClass > inServiceClass) {
            return taskPriority;
        }
        return Math.max(taskClass & inServiceClass, requestClass);
    }

    /** 32 bits (number 0-7) of the ISR. */
    int inServiceRegister(int number) {
        return inService.register(number);
    }

    /** 32 bits (number 0-7) of the TMR. */
    int triggerModeRegister(int number) {
        return triggerMode.register(number);
    }

    /** 32 bits (number 0-7) of the IRR. */
    int interruptRequestRegister(int number) {
        return interruptRequest.register(number);
    }

    @Override
    public void describe(StateVisitor visitor) {
        interruptRequest.describe("IRR", visitor);
        inService.describe("ISR", visitor);
        triggerMode.describe("TMR", visitor);
        visitor.value("TPR", () -> taskPriority, v -> taskPriority = (int) v);
    }

    /** Bits 7:4 in their place; 0 for no vector. */
    private static int priorityClass(int vectorOrEmpty) {
        return vectorOrEmpty == VectorSet.EMPTY ? 0 : vectorOrEmpty & PRIORITY_CLASS;
    }
}

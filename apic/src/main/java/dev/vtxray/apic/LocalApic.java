package dev.vtxray.apic;

import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.port.Clock;
import dev.vtxray.core.port.CpuSignals;
import dev.vtxray.core.port.InterruptSource;
import dev.vtxray.core.port.MmioDevice;
import dev.vtxray.core.port.Timed;
import dev.vtxray.core.state.StateVisitor;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The local APIC of one processor, in xAPIC and in x2APIC mode (SDM, Advanced Programmable Interrupt Controller (APIC)).
 *
 * <p>It is a page of memory ({@link MmioDevice}) in xAPIC mode and a range of MSRs ({@link ApicMsrs}) in x2APIC mode. It
 * gives the processor its maskable interrupts ({@link InterruptSource}) and has a timer ({@link Timed}). An
 * {@link ApicBus} joins it to the other local APICs and to its processor's pins.
 *
 * <p>Interrupts of delivery modes SMI and ExtINT are dropped: nothing in a machine of this library would serve them.
 */
public final class LocalApic implements InterruptSource, MmioDevice, Timed {
    /** Bytes in the page of registers. */
    public static final int PAGE_SIZE = 0x1000;

    private static final int SLOT_SIZE = 16;
    private static final int PRIORITY_CLASS = 0xF0;

    private static final int SVR_RESET = 0xFF;
    private static final int SVR_SOFTWARE_ENABLE = 1 << 8;
    private static final int SVR_SUPPRESS_EOI_BROADCAST = 1 << 12;

    private static final int LVT_REMOTE_IRR = 1 << 14;
    private static final int LVT_LEVEL_TRIGGERED = 1 << 15;
    private static final int LVT_MASKED = 1 << 16;
    private static final int LVT_TSC_DEADLINE = 1 << 18;

    private static final LocalInterrupt[] LOCAL_INTERRUPTS = LocalInterrupt.values();

    private final int id;
    private final ApicFeatures features;
    private final Clock clock;
    private final ApicBase base;
    private final ApicTimer timer;
    private final ErrorStatus errors = new ErrorStatus();
    private final VectorSet interruptRequest = new VectorSet();
    private final VectorSet inService = new VectorSet();
    private final VectorSet triggerMode = new VectorSet();
    /** The registers that hold what was written to them, by slot. */
    private final int[] stored = new int[ApicRegister.SLOTS];

    private final boolean[] pinAsserted = new boolean[LOCAL_INTERRUPTS.length];
    private @Nullable ApicBus bus;
    private CpuSignals signals = Unconnected.PINS;
    private ApicListener listener = ApicListener.NONE;

    /**
     * A local APIC as it is after power-up: in xAPIC mode, software-disabled.
     *
     * @param id                 its 32-bit APIC ID; xAPIC mode shows bits 7:0
     * @param bootstrapProcessor whether its processor is the BSP
     * @param clock              the machine's time
     * @param timeStampCounter   the processor's time-stamp counter, which advances as the clock does
     */
    public LocalApic(
            int id, boolean bootstrapProcessor, ApicFeatures features, Clock clock, LongSupplier timeStampCounter) {
        this.id = id;
        this.features = features;
        this.clock = clock;
        base = new ApicBase(features, bootstrapProcessor);
        timer = new ApicTimer(clock, timeStampCounter, features.cyclesPerTimerTick());
        resetRegisters();
    }

    void connect(ApicBus toBus, CpuSignals toSignals, ApicListener toListener) {
        if (bus != null) {
            throw new IllegalStateException("local APIC " + id + " is already connected to a bus");
        }
        bus = toBus;
        signals = Objects.requireNonNull(toSignals, "signals");
        listener = Objects.requireNonNull(toListener, "listener");
    }

    // ---- Identity and mode ----

    /** The 32-bit APIC ID. */
    public int id() {
        return id;
    }

    /** The mode that IA32_APIC_BASE selects. */
    public ApicMode mode() {
        return base.mode();
    }

    /** Physical address of the page of registers; meaningful in xAPIC mode. */
    public long baseAddress() {
        return base.address();
    }

    /** Whether this is the bootstrap processor's: an INIT then does not wait for a start-up IPI. */
    public boolean isBootstrapProcessor() {
        return base.bootstrapProcessor();
    }

    /** What RESET does: everything as after power-up. */
    public void reset() {
        base.reset();
        resetRegisters();
        listener.baseChanged(this);
    }

    /**
     * What INIT does when the processor acts on it: the mode, the base address and the APIC ID stay, everything else is
     * reset (SDM, Advanced Programmable Interrupt Controller (APIC), Local APIC State After an INIT Reset).
     */
    public void init() {
        resetRegisters();
    }

    /** The value of IA32_APIC_BASE. */
    long base() {
        return base.value();
    }

    /** A write of IA32_APIC_BASE. */
    void writeBase(long value) {
        ApicMode from = base.mode();
        base.write(value);
        ApicMode to = base.mode();
        if (from != to) {
            if (from == ApicMode.DISABLED || to == ApicMode.DISABLED) {
                resetRegisters();
            } else {
                // From xAPIC to x2APIC mode: an 8-bit destination means nothing as a 32-bit one.
                store(ApicRegister.INTERRUPT_COMMAND_HIGH, 0);
            }
        }
        listener.baseChanged(this);
    }

    private void resetRegisters() {
        Arrays.fill(stored, 0);
        store(ApicRegister.DESTINATION_FORMAT, 0xFFFF_FFFF);
        store(ApicRegister.SPURIOUS_INTERRUPT_VECTOR, SVR_RESET);
        for (LocalInterrupt source : LOCAL_INTERRUPTS) {
            store(source.register(), LVT_MASKED);
        }
        interruptRequest.clear();
        inService.clear();
        triggerMode.clear();
        errors.reset();
        timer.reset();
        listener.deadlineChanged(this);
        signals.interruptsChanged();
    }

    // ---- The page of registers (xAPIC mode) ----

    /**
     * {@inheritDoc}
     *
     * <p>Only aligned 32-bit accesses to the first four bytes of a slot have meaning; others read 0. Without xAPIC mode
     * the page is memory that nobody backs: all ones.
     */
    @Override
    public long read(long offset, int size) {
        if (mode() != ApicMode.XAPIC) {
            return -1L >>> Long.SIZE - size * Byte.SIZE;
        }
        return isRegisterAccess(offset, size) ? Integer.toUnsignedLong(readXapic((int) offset / SLOT_SIZE)) : 0;
    }

    /** {@inheritDoc} Other accesses than aligned 32-bit ones to the first four bytes of a slot are dropped. */
    @Override
    public void write(long offset, int size, long value) {
        if (mode() == ApicMode.XAPIC && isRegisterAccess(offset, size)) {
            writeXapic((int) offset / SLOT_SIZE, (int) value);
        }
    }

    private static boolean isRegisterAccess(long offset, int size) {
        return size == Integer.BYTES && offset % SLOT_SIZE == 0;
    }

    private int readXapic(int slot) {
        ApicRegister register = registerAt(slot);
        if (register == null) {
            reportError(ErrorStatus.ILLEGAL_REGISTER_ADDRESS);
            return 0;
        }
        return register.access(ApicMode.XAPIC).reads() ? read(register, slot) : 0;
    }

    private void writeXapic(int slot, int value) {
        ApicRegister register = registerAt(slot);
        if (register == null) {
            reportError(ErrorStatus.ILLEGAL_REGISTER_ADDRESS);
        } else if (register.access(ApicMode.XAPIC).writes()) {
            write(register, value);
        }
    }

    /** The register of a slot in the mode of now, or null if there is none. */
    private @Nullable ApicRegister registerAt(int slot) {
        ApicRegister register = ApicRegister.atSlot(slot);
        boolean missing = register == null
                || register.access(mode()) == ApicRegister.Access.NONE
                || register == ApicRegister.LVT_CMCI && !features.correctedMachineCheckInterrupt();
        return missing ? null : register;
    }

    // ---- The MSRs (x2APIC mode) ----

    /** RDMSR of the register in this slot (MSR 800H + slot). */
    long readMsr(int slot) {
        ApicRegister register = registerAt(slot);
        if (mode() != ApicMode.X2APIC || register == null || !register.access(ApicMode.X2APIC).reads()) {
            throw GuestFault.generalProtection();
        }
        long low = Integer.toUnsignedLong(read(register, slot));
        return register == ApicRegister.INTERRUPT_COMMAND_LOW
                ? low | (long) stored(ApicRegister.INTERRUPT_COMMAND_HIGH) << Integer.SIZE
                : low;
    }

    /** WRMSR of the register in this slot (MSR 800H + slot). */
    void writeMsr(int slot, long value) {
        ApicRegister register = registerAt(slot);
        if (mode() != ApicMode.X2APIC || register == null || !register.access(ApicMode.X2APIC).writes()) {
            throw GuestFault.generalProtection();
        }
        int low = (int) value;
        int high = (int) (value >>> Integer.SIZE);
        boolean isCommand = register == ApicRegister.INTERRUPT_COMMAND_LOW;
        if ((low & reserved(register)) != 0 || high != 0 && !isCommand) {
            throw GuestFault.generalProtection();
        }
        if (isCommand) {
            store(ApicRegister.INTERRUPT_COMMAND_HIGH, high);
        }
        write(register, low);
    }

    // ---- Registers, whatever the mode ----

    private int reserved(ApicRegister register) {
        return register.reserved() | absentFeatures(register);
    }

    /** Writable bits of the register that exist only with a feature that this APIC does not have. */
    private int absentFeatures(ApicRegister register) {
        return switch (register) {
            case SPURIOUS_INTERRUPT_VECTOR -> features.eoiBroadcastSuppression() ? 0 : SVR_SUPPRESS_EOI_BROADCAST;
            case LVT_TIMER -> features.tscDeadline() ? 0 : LVT_TSC_DEADLINE;
            default -> 0;
        };
    }

    private int read(ApicRegister register, int slot) {
        int part = slot - register.slot();
        return switch (register) {
            case ID -> mode() == ApicMode.X2APIC ? id : id << 24;
            case VERSION -> features.versionRegister();
            case ARBITRATION_PRIORITY -> arbitrationPriority();
            case PROCESSOR_PRIORITY -> processorPriority();
            case LOGICAL_DESTINATION -> logicalDestination();
            case IN_SERVICE -> inService.register(part);
            case TRIGGER_MODE -> triggerMode.register(part);
            case INTERRUPT_REQUEST -> interruptRequest.register(part);
            case ERROR_STATUS -> errors.read();
            case INITIAL_COUNT -> timer.initialCount();
            case CURRENT_COUNT -> timer.currentCount();
            case DIVIDE_CONFIGURATION -> timer.divideConfiguration();
            default -> stored(register);
        };
    }

    private void write(ApicRegister register, int written) {
        int value = written & register.writable() & ~absentFeatures(register);
        switch (register) {
            case TASK_PRIORITY -> writeTaskPriority(value);
            case EOI -> endOfInterrupt();
            case DESTINATION_FORMAT -> store(register, value | register.readOnly());
            case SPURIOUS_INTERRUPT_VECTOR -> writeSpuriousInterruptVector(value);
            case ERROR_STATUS -> errors.write();
            case INTERRUPT_COMMAND_LOW -> writeInterruptCommand(value);
            case LVT_CMCI, LVT_THERMAL_SENSOR, LVT_PERFORMANCE_MONITORING, LVT_LINT0, LVT_LINT1, LVT_ERROR ->
                writeLvt(register, value);
            case LVT_TIMER -> writeLvtTimer(value);
            case INITIAL_COUNT -> {
                timer.setInitialCount(value);
                listener.deadlineChanged(this);
            }
            case DIVIDE_CONFIGURATION -> {
                timer.setDivideConfiguration(value);
                listener.deadlineChanged(this);
            }
            case SELF_IPI -> send(Ipi.fixed(value, id));
            default -> store(register, value);
        }
    }

    private int stored(ApicRegister register) {
        return stored[register.slot()];
    }

    private void store(ApicRegister register, int value) {
        stored[register.slot()] = value;
    }

    private void writeSpuriousInterruptVector(int value) {
        store(ApicRegister.SPURIOUS_INTERRUPT_VECTOR, value);
        if (!softwareEnabled()) {
            for (LocalInterrupt source : LOCAL_INTERRUPTS) {
                store(source.register(), stored(source.register()) | LVT_MASKED);
            }
        }
    }

    private boolean softwareEnabled() {
        return (stored(ApicRegister.SPURIOUS_INTERRUPT_VECTOR) & SVR_SOFTWARE_ENABLE) != 0;
    }

    private void reportError(int error) {
        if (errors.collect(error)) {
            signal(LocalInterrupt.ERROR);
        }
    }

    // ---- Local vector table ----

    private void writeLvt(ApicRegister register, int value) {
        int mask = softwareEnabled() ? 0 : LVT_MASKED;
        store(register, stored(register) & register.readOnly() | value | mask);
    }

    private void writeLvtTimer(int value) {
        writeLvt(ApicRegister.LVT_TIMER, value);
        timer.setMode(ApicTimer.Mode.in(value));
        listener.deadlineChanged(this);
    }

    /** A local source interrupts: its LVT entry says how, unless it is masked. */
    public void signal(LocalInterrupt source) {
        ApicRegister register = source.register();
        int entry = stored(register);
        if (mode() == ApicMode.DISABLED || (entry & LVT_MASKED) != 0) {
            return;
        }
        if (source == LocalInterrupt.PERFORMANCE_MONITORING) {
            store(register, entry | LVT_MASKED);
        }
        switch (DeliveryMode.in(entry)) {
            case FIXED -> {
                boolean levelTriggered = source.isPin() && (entry & LVT_LEVEL_TRIGGERED) != 0;
                if (levelTriggered) {
                    store(register, entry | LVT_REMOTE_IRR);
                }
                accept(entry & 0xFF, levelTriggered);
            }
            case NMI -> signals.raiseNmi();
            case INIT -> signals.raiseInit();
            default -> {}
        }
    }

    /**
     * Sets one of the local interrupt pins.
     *
     * @param pin      LINT0 or LINT1
     * @param asserted whether the pin is now active; its polarity is taken care of
     * @throws IllegalArgumentException if the source is not a pin
     */
    public void setPin(LocalInterrupt pin, boolean asserted) {
        if (!pin.isPin()) {
            throw new IllegalArgumentException(pin + " is not a pin of a local APIC, must be LINT0 or LINT1");
        }
        boolean rises = asserted && !pinAsserted[pin.ordinal()];
        pinAsserted[pin.ordinal()] = asserted;
        if (rises) {
            signal(pin);
        }
    }

    /** The end of a level-triggered interrupt of a pin: while the pin is still active it interrupts again. */
    private void endPinInterrupt(LocalInterrupt pin, int vector) {
        int entry = stored(pin.register());
        if ((entry & LVT_REMOTE_IRR) != 0 && (entry & 0xFF) == vector) {
            store(pin.register(), entry & ~LVT_REMOTE_IRR);
            if (pinAsserted[pin.ordinal()]) {
                signal(pin);
            }
        }
    }

    // ---- Accepting interrupts ----

    /**
     * An interrupt message from outside, for instance of a device.
     *
     * @param vector         0-255; those below 16 are the error "receive illegal vector"
     * @param levelTriggered whether its end is broadcast as an EOI message
     * @throws IllegalArgumentException if the vector is out of range
     */
    public void raise(int vector, boolean levelTriggered) {
        if ((vector & ~0xFF) != 0) {
            throw new IllegalArgumentException(
                    "vector raised at local APIC " + id + " is " + vector + ", must be in 0..255");
        }
        accept(vector, levelTriggered);
    }

    private void accept(int vector, boolean levelTriggered) {
        if (!acceptsVectors()) {
            return;
        }
        if (vector < Ipi.LOWEST_LEGAL_VECTOR) {
            reportError(ErrorStatus.RECEIVE_ILLEGAL_VECTOR);
            return;
        }
        interruptRequest.add(vector);
        triggerMode.set(vector, levelTriggered);
        signals.interruptsChanged();
    }

    /** Whether fixed interrupts are accepted: neither globally nor software-disabled. */
    boolean acceptsVectors() {
        return mode() != ApicMode.DISABLED && softwareEnabled();
    }

    /** A message of the bus that is addressed to this APIC. */
    void receive(Ipi ipi) {
        if (mode() == ApicMode.DISABLED) {
            return;
        }
        switch (ipi.deliveryMode()) {
            case FIXED, LOWEST_PRIORITY -> accept(ipi.vector(), false);
            case NMI -> signals.raiseNmi();
            case INIT -> signals.raiseInit();
            case START_UP -> signals.raiseStartup(ipi.vector());
            default -> {}
        }
    }

    // ---- Priorities, acknowledge, end of interrupt ----

    @Override
    public int highestDeliverable() {
        int vector = interruptRequest.highest();
        boolean deliverable = (vector & PRIORITY_CLASS) > (processorPriority() & PRIORITY_CLASS);
        return vector != VectorSet.EMPTY && deliverable && mode() != ApicMode.DISABLED ? vector : NONE;
    }

    @Override
    public int acknowledge() {
        int vector = highestDeliverable();
        if (vector == NONE) {
            return stored(ApicRegister.SPURIOUS_INTERRUPT_VECTOR) & 0xFF;
        }
        interruptRequest.remove(vector);
        inService.add(vector);
        return vector;
    }

    /** Completes the interrupt in service that has the highest vector; without one nothing happens. */
    public void endOfInterrupt() {
        int vector = inService.highest();
        if (vector == VectorSet.EMPTY) {
            return;
        }
        inService.remove(vector);
        if (triggerMode.contains(vector)) {
            endPinInterrupt(LocalInterrupt.LINT0, vector);
            endPinInterrupt(LocalInterrupt.LINT1, vector);
            if ((stored(ApicRegister.SPURIOUS_INTERRUPT_VECTOR) & SVR_SUPPRESS_EOI_BROADCAST) == 0) {
                listener.endOfInterrupt(vector);
            }
        }
        signals.interruptsChanged();
    }

    /** The task priority that CR8 shows; it is kept in every mode. */
    @Override
    public int taskPriority() {
        return stored(ApicRegister.TASK_PRIORITY) >>> 4;
    }

    @Override
    public void setTaskPriority(int priority) {
        writeTaskPriority(priority << 4);
    }

    private void writeTaskPriority(int value) {
        store(ApicRegister.TASK_PRIORITY, value);
        signals.interruptsChanged();
    }

    /** The processor-priority register (SDM, Task and Processor Priorities). */
    int processorPriority() {
        int taskPriority = stored(ApicRegister.TASK_PRIORITY);
        int inServiceClass = priorityClass(inService.highest());
        return (taskPriority & PRIORITY_CLASS) >= inServiceClass ? taskPriority : inServiceClass;
    }

    private int arbitrationPriority() {
        int taskPriority = stored(ApicRegister.TASK_PRIORITY);
        int taskClass = taskPriority & PRIORITY_CLASS;
        int inServiceClass = priorityClass(inService.highest());
        int requestClass = priorityClass(interruptRequest.highest());
        if (taskClass >= requestClass && taskClass > inServiceClass) {
            return taskPriority;
        }
        return Math.max(taskClass & inServiceClass, requestClass);
    }

    private static int priorityClass(int vectorOrEmpty) {
        return vectorOrEmpty == VectorSet.EMPTY ? 0 : vectorOrEmpty & PRIORITY_CLASS;
    }

    // ---- Interprocessor interrupts ----

    private void writeInterruptCommand(int value) {
        store(ApicRegister.INTERRUPT_COMMAND_LOW, value);
        int high = stored(ApicRegister.INTERRUPT_COMMAND_HIGH);
        send(mode() == ApicMode.X2APIC ? Ipi.ofX2apicCommand(value, high) : Ipi.ofXapicCommand(value, high));
    }

    /** Sends an IPI as a write of the interrupt command register does, without changing that register. */
    public void send(Ipi ipi) {
        if (ipi.hasIllegalVector()) {
            reportError(ErrorStatus.SEND_ILLEGAL_VECTOR);
        } else if (bus != null) {
            bus.send(ipi, this);
        }
    }

    /** Whether the destination of an IPI without shorthand names this APIC. */
    boolean isDestinationOf(Ipi ipi) {
        int destination = ipi.destination();
        if (destination == Ipi.BROADCAST) {
            return true;
        }
        boolean isX2Apic = mode() == ApicMode.X2APIC;
        if (!ipi.logical()) {
            return destination == (isX2Apic ? id : id & 0xFF);
        }
        return isX2Apic
                ? LogicalDestination.matchesX2Apic(logicalDestination(), destination)
                : LogicalDestination.matchesXapic(
                        logicalDestination(), stored(ApicRegister.DESTINATION_FORMAT), destination);
    }

    private int logicalDestination() {
        return mode() == ApicMode.X2APIC
                ? LogicalDestination.x2ApicLogicalId(id)
                : stored(ApicRegister.LOGICAL_DESTINATION);
    }

    // ---- Timer ----

    boolean hasTscDeadline() {
        return features.tscDeadline();
    }

    /** The value of IA32_TSC_DEADLINE: 0 unless a deadline is armed. */
    long tscDeadline() {
        return timer.deadline();
    }

    /** A write of IA32_TSC_DEADLINE. A deadline in the past fires at once. */
    void writeTscDeadline(long value) {
        timer.setDeadline(value);
        advanceTo(clock.now());
        listener.deadlineChanged(this);
    }

    @Override
    public long nextDeadline() {
        return timer.nextExpiry();
    }

    @Override
    public void advanceTo(long now) {
        if (timer.advanceTo(now)) {
            signal(LocalInterrupt.TIMER);
        }
    }

    // ---- State ----

    /** Describes the whole state of this local APIC. */
    public void describe(StateVisitor visitor) {
        base.describe(visitor);
        for (ApicRegister register : ApicRegister.values()) {
            int slot = register.slot();
            if (register.writable() != 0) {
                visitor.value(register.name(), () -> stored[slot], v -> stored[slot] = (int) v);
            }
        }
        interruptRequest.describe("IRR", visitor);
        inService.describe("ISR", visitor);
        triggerMode.describe("TMR", visitor);
        visitor.section("ESR", () -> errors.describe(visitor));
        visitor.section("timer", () -> timer.describe(visitor));
        for (int i = 0; i < pinAsserted.length; i++) {
            int pin = i;
            if (LOCAL_INTERRUPTS[pin].isPin()) {
                visitor.value(
                        LOCAL_INTERRUPTS[pin] + " asserted",
                        () -> pinAsserted[pin] ? 1 : 0,
                        v -> pinAsserted[pin] = v != 0);
            }
        }
    }

    /** The pins of a processor that is not there yet. */
    private enum Unconnected implements CpuSignals {
        PINS;

        @Override
        public void raiseNmi() {}

        @Override
        public void raiseInit() {}

        @Override
        public void raiseStartup(int vector) {}

        @Override
        public void interruptsChanged() {}
    }
}

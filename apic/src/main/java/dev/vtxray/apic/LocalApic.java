package dev.vtxray.apic;

import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.port.Clock;
import dev.vtxray.core.port.CpuSignals;
import dev.vtxray.core.port.InterruptSource;
import dev.vtxray.core.port.MmioDevice;
import dev.vtxray.core.port.Timed;
import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.StateVisitor;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The local APIC of one processor, in xAPIC and in x2APIC mode (SDM, Advanced Programmable Interrupt Controller
 * (APIC)).
 *
 * <p>It is a page of memory ({@link MmioDevice}) in xAPIC mode and a range of MSRs ({@link ApicMsrs}) in x2APIC mode.
 * It gives the processor its maskable interrupts ({@link InterruptSource}) and has a timer ({@link Timed}). An {@link
 * ApicBus} joins it to the other local APICs and to its processor's pins.
 *
 * <p>Interrupts of delivery modes SMI and ExtINT are dropped: nothing in a machine of this library would serve them.
 */
public final class LocalApic implements InterruptSource, MmioDevice, Timed, Described {
    /** Bytes in the page of registers. */
    public static final int PAGE_SIZE = 0x1000;

    private static final int SLOT_SIZE = 16;

    private static final int SVR_RESET = 0xFF;
    private static final int SVR_SOFTWARE_ENABLE = 1 << 8;
    private static final int SVR_SUPPRESS_EOI_BROADCAST = 1 << 12;

    private static final int LVT_TSC_DEADLINE = 1 << 18;

    /** The registers that hold what was written to them; of all others a part of this APIC makes up the contents. */
    private static final Set<ApicRegister> STORED = EnumSet.of(
            ApicRegister.LOGICAL_DESTINATION,
            ApicRegister.DESTINATION_FORMAT,
            ApicRegister.SPURIOUS_INTERRUPT_VECTOR,
            ApicRegister.INTERRUPT_COMMAND_LOW,
            ApicRegister.INTERRUPT_COMMAND_HIGH);

    private final int id;
    private final ApicFeatures features;
    private final Clock clock;
    private final ApicBase base;
    private final ApicTimer timer;
    private final ErrorStatus errors = new ErrorStatus();
    private final VectorPriorities vectors = new VectorPriorities();
    private final LocalVectorTable localVectorTable = new LocalVectorTable();
    /** The {@link #STORED} registers, by slot. */
    private final int[] stored = new int[ApicRegister.SLOTS];

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

    // Identity and mode

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
    @Override
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
        localVectorTable.reset();
        vectors.reset();
        errors.reset();
        timer.reset();
        listener.deadlineChanged(this);
        signals.interruptsChanged();
    }

    // The page of registers (xAPIC mode)

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

    // The MSRs (x2APIC mode)

    /** RDMSR of the register in this slot (MSR 800H + slot). */
    long readMsr(int slot) {
        ApicRegister register = registerAt(slot);
        if (mode() != ApicMode.X2APIC
                || register == null
                || !register.access(ApicMode.X2APIC).reads()) {
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
        if (mode() != ApicMode.X2APIC
                || register == null
                || !register.access(ApicMode.X2APIC).writes()) {
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

    // Registers, whatever the mode

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
            case TASK_PRIORITY -> vectors.taskPriority();
            case ARBITRATION_PRIORITY -> vectors.arbitrationPriority();
            case PROCESSOR_PRIORITY -> vectors.processorPriority();
            case LOGICAL_DESTINATION -> logicalDestination();
            case IN_SERVICE -> vectors.inServiceRegister(part);
            case TRIGGER_MODE -> vectors.triggerModeRegister(part);
            case INTERRUPT_REQUEST -> vectors.interruptRequestRegister(part);
            case ERROR_STATUS -> errors.read();
            case LVT_CMCI, LVT_TIMER, LVT_THERMAL_SENSOR, LVT_PERFORMANCE_MONITORING, LVT_LINT0, LVT_LINT1, LVT_ERROR ->
                localVectorTable.read(register);
            case INITIAL_COUNT -> timer.initialCount();
            case CURRENT_COUNT -> currentCount();
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
                localVectorTable.write(register, value, !softwareEnabled());
            case LVT_TIMER, INITIAL_COUNT, DIVIDE_CONFIGURATION -> writeTimerRegister(register, value);
            case SELF_IPI -> send(Ipi.toSelf(value));
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
            localVectorTable.maskAll();
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

    // Local interrupts

    /** A local source interrupts: its LVT entry says how, unless it is masked. */
    public void signal(LocalInterrupt source) {
        if (mode() == ApicMode.DISABLED) {
            return;
        }
        int entry = localVectorTable.take(source);
        if (entry == LocalVectorTable.NOTHING) {
            return;
        }
        switch (DeliveryMode.in(entry)) {
            case FIXED -> accept(entry & 0xFF, LocalVectorTable.isLevelTriggered(entry));
            case NMI -> signals.raiseNmi();
            case INIT -> signals.raiseInit();
            default -> {}
        }
    }

    /**
     * Sets one of the local interrupt pins.
     *
     * @param pin    LINT0 or LINT1
     * @param active whether the pin is active now, whatever its polarity
     * @throws IllegalArgumentException if the source is not a pin
     */
    public void setPin(LocalInterrupt pin, boolean active) {
        if (!pin.isPin()) {
            throw new IllegalArgumentException(pin + " is not a pin of a local APIC, must be LINT0 or LINT1");
        }
        if (localVectorTable.setPin(pin, active)) {
            signal(pin);
        }
    }

    /** While a pin is still active after the end of its level-triggered interrupt, it interrupts again. */
    private void endPinInterrupt(LocalInterrupt pin, int vector) {
        if (localVectorTable.endOfInterrupt(pin, vector)) {
            signal(pin);
        }
    }

    // Accepting interrupts

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
        vectors.accept(vector, levelTriggered);
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

    // Priorities, acknowledge, end of interrupt

    @Override
    public int highestDeliverable() {
        return mode() == ApicMode.DISABLED ? NONE : vectors.highestDeliverable();
    }

    @Override
    public int acknowledge() {
        int vector = highestDeliverable();
        if (vector == NONE) {
            return stored(ApicRegister.SPURIOUS_INTERRUPT_VECTOR) & 0xFF;
        }
        vectors.acknowledge(vector);
        return vector;
    }

    /** Completes the interrupt in service that has the highest vector; without one nothing happens. */
    public void endOfInterrupt() {
        int vector = vectors.endOfInterrupt();
        if (vector == NONE) {
            return;
        }
        if (vectors.isLevelTriggered(vector)) {
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
        return vectors.taskPriority() >>> 4;
    }

    @Override
    public void setTaskPriority(int priority) {
        writeTaskPriority(priority << 4);
    }

    private void writeTaskPriority(int value) {
        vectors.setTaskPriority(value);
        signals.interruptsChanged();
    }

    /** The processor-priority register: bits 7:4 must be below those of a vector that is to be delivered. */
    int processorPriority() {
        return vectors.processorPriority();
    }

    // Interprocessor interrupts

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

    // Timer

    private int currentCount() {
        advanceTo(clock.now());
        return timer.currentCount();
    }

    private void writeTimerRegister(ApicRegister register, int value) {
        // What has expired before the write interrupts as the registers were then.
        advanceTo(clock.now());
        switch (register) {
            case LVT_TIMER -> {
                localVectorTable.write(register, value, !softwareEnabled());
                timer.setMode(ApicTimer.Mode.in(value));
            }
            case INITIAL_COUNT -> timer.setInitialCount(value);
            default -> timer.setDivideConfiguration(value);
        }
        listener.deadlineChanged(this);
    }

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

    // State

    @Override
    public void describe(StateVisitor visitor) {
        base.describe(visitor);
        STORED.forEach(register -> {
            int slot = register.slot();
            visitor.value(register.name(), () -> stored[slot], v -> stored[slot] = (int) v);
        });
        vectors.describe(visitor);
        visitor.section("LVT", () -> localVectorTable.describe(visitor));
        visitor.section("ESR", () -> errors.describe(visitor));
        visitor.section("timer", () -> timer.describe(visitor));
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

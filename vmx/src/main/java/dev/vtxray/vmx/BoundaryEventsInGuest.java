package dev.vtxray.vmx;

import dev.vtxray.apic.LocalApic;
import dev.vtxray.apic.virtual.Outcome;
import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Event;
import dev.vtxray.core.cpu.EventDelivery;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.port.BoundaryEvents;
import dev.vtxray.core.port.EventPriority;
import dev.vtxray.core.port.InterruptSource;
import dev.vtxray.vmx.VmxUnit.Mode;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;

/**
 * What VMX adds to instruction boundaries of a guest, one method per class of events (SDM, VMX Non-Root Operation; VM
 * Entries, "Special Features of VM Entry"). In root operation it only blocks INIT and drops Start-up IPIs.
 */
final class BoundaryEventsInGuest implements BoundaryEvents {
    private final VmxUnit unit;
    private final Cpu cpu;

    BoundaryEventsInGuest(VmxUnit unit) {
        this.unit = unit;
        this.cpu = unit.cpu();
    }

    @Override
    public boolean take(Cpu asking, EventPriority priority) {
        if (unit.mode() != Mode.NON_ROOT) {
            return false;
        }
        return switch (priority) {
            case TRAP_LIKE -> takeApicTrap();
            case INIT -> takeInit();
            case STARTUP -> takeStartup();
            case MONITOR_TRAP -> takeMonitorTrap();
            case TIMER -> takeTimer();
            case NMI_WINDOW -> takeNmiWindow();
            case NMI -> takeNmi();
            case INTERRUPT_WINDOW -> takeInterruptWindow();
            case EXTERNAL_INTERRUPT -> takeExternalInterrupt();
            default -> false;
        };
    }

    @Override
    public boolean blocks(Cpu asking, EventPriority priority) {
        if (unit.mode() != Mode.NON_ROOT) {
            return priority == EventPriority.INIT || priority == EventPriority.STARTUP;
        }
        return switch (priority) {
            case INIT, STARTUP -> true;
            case NMI -> PinControl.NMI_EXITING.in(unit.pinControls());
            case EXTERNAL_INTERRUPT -> PinControl.EXTERNAL_INTERRUPT_EXITING.in(unit.pinControls());
            default -> false;
        };
    }

    @Override
    public long instructionsToNextEvent(Cpu asking) {
        if (unit.mode() != Mode.NON_ROOT) {
            return Long.MAX_VALUE;
        }
        if (PrimaryControl.MONITOR_TRAP_FLAG.in(unit.primaryControls()) && cpu.activity == Activity.ACTIVE) {
            // Armed now: due at the boundary after this one instruction.
            unit.monitorTrapPending = true;
            return 1;
        }
        return unit.timer().cyclesLeft();
    }

    private boolean exit(VmExit exit) {
        cpu.current = null;
        unit.deliver(exit);
        return true;
    }

    private boolean takeApicTrap() {
        Outcome outcome = unit.apic().takePending();
        return switch (outcome.kind()) {
            case TPR_BELOW_THRESHOLD ->
                exit(VmExit.of(ExitReason.TPR_BELOW_THRESHOLD).asTrap());
            case VIRTUALIZED_EOI ->
                exit(VmExit.of(ExitReason.VIRTUALIZED_EOI)
                        .withQualification(outcome.value())
                        .asTrap());
            case APIC_WRITE ->
                exit(VmExit.of(ExitReason.APIC_WRITE)
                        .withQualification(outcome.value())
                        .asTrap());
            default -> false;
        };
    }

    private boolean takeInit() {
        if (!cpu.initPending || cpu.activity == Activity.WAIT_FOR_SIPI) {
            return false;
        }
        cpu.initPending = false;
        return exit(VmExit.of(ExitReason.INIT_SIGNAL));
    }

    private boolean takeStartup() {
        if (cpu.sipiPending < 0) {
            return false;
        }
        int vector = cpu.sipiPending;
        cpu.sipiPending = -1;
        return cpu.activity == Activity.WAIT_FOR_SIPI
                && exit(VmExit.of(ExitReason.STARTUP_IPI).withQualification(vector));
    }

    private boolean takeMonitorTrap() {
        if (!unit.monitorTrapPending || cpu.activity == Activity.SHUTDOWN || cpu.activity == Activity.WAIT_FOR_SIPI) {
            return false;
        }
        unit.monitorTrapPending = false;
        return exit(VmExit.of(ExitReason.MONITOR_TRAP_FLAG).asTrap());
    }

    private boolean takeTimer() {
        return unit.timer().hasExpired()
                && cpu.activity != Activity.WAIT_FOR_SIPI
                && exit(VmExit.of(ExitReason.PREEMPTION_TIMER));
    }

    private boolean takeNmiWindow() {
        return PrimaryControl.NMI_WINDOW_EXITING.in(unit.primaryControls())
                && !unit.virtualNmiBlocking
                && cpu.shadow == Cpu.NO_SHADOW
                && cpu.activity != Activity.WAIT_FOR_SIPI
                && exit(VmExit.of(ExitReason.NMI_WINDOW));
    }

    private boolean takeNmi() {
        boolean open = cpu.nmiPending
                && !cpu.nmiBlocked
                && cpu.shadow == Cpu.NO_SHADOW
                && cpu.activity != Activity.WAIT_FOR_SIPI;
        if (!open || !PinControl.NMI_EXITING.in(unit.pinControls())) {
            return false;
        }
        cpu.nmiPending = false;
        exit(VmExit.of(ExitReason.EXCEPTION_OR_NMI).withInterruption(Event.nmi()));
        cpu.nmiBlocked = true;
        return true;
    }

    private boolean canTakeInterrupt() {
        return cpu.flags.has(Flags.IF) && cpu.shadow == Cpu.NO_SHADOW && runsOrHalts();
    }

    private boolean runsOrHalts() {
        return cpu.activity == Activity.ACTIVE || cpu.activity == Activity.HLT;
    }

    private boolean takeInterruptWindow() {
        if (PrimaryControl.INTERRUPT_WINDOW_EXITING.in(unit.primaryControls())) {
            return canTakeInterrupt() && exit(VmExit.of(ExitReason.INTERRUPT_WINDOW));
        }
        if (!unit.apic().hasRecognizedInterrupt() || !canTakeInterrupt()) {
            return false;
        }
        EventDelivery.inject(cpu, Event.externalInterrupt(unit.apic().deliverVirtualInterrupt()));
        return true;
    }

    private boolean takeExternalInterrupt() {
        InterruptSource source = cpu.interrupts;
        if (source == null
                || !PinControl.EXTERNAL_INTERRUPT_EXITING.in(unit.pinControls())
                || cpu.shadow != Cpu.NO_SHADOW
                || !runsOrHalts()
                || source.highestDeliverable() == InterruptSource.NONE) {
            return false;
        }
        VmExit exit = VmExit.of(ExitReason.EXTERNAL_INTERRUPT);
        if (ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT.in(unit.exitControls())) {
            int vector = source.acknowledge();
            LocalApic localApic = unit.localApic();
            if (localApic != null && unit.apic().isNotification(vector)) {
                localApic.endOfInterrupt();
                unit.apic().processPostedInterrupts();
                return true;
            }
            exit.withInterruption(Event.externalInterrupt(vector));
        }
        return exit(exit);
    }
}

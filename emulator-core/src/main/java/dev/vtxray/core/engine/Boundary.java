package dev.vtxray.core.engine;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Event;
import dev.vtxray.core.cpu.EventDelivery;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.port.BoundaryEvents;
import dev.vtxray.core.port.EventPriority;
import dev.vtxray.core.port.InterruptSource;

/**
 * What happens between two instructions: the events that wait, in the order of their classes (SDM, Interrupt and Exception
 * Handling, "Priority Among Simultaneous Exceptions and Interrupts").
 */
final class Boundary {
    private static final EventPriority[] ORDER = EventPriority.values();

    private final Cpu cpu;

    Boundary(Cpu cpu) {
        this.cpu = cpu;
    }

    /** Acts on the event of highest priority that is due. @return whether there was one */
    boolean meetEvent() {
        for (EventPriority priority : ORDER) {
            BoundaryEvents others = cpu.boundaryEvents;
            if (others != null && others.take(cpu, priority)) {
                return true;
            }
            if ((others == null || !others.blocks(cpu, priority)) && meetOwn(priority)) {
                return true;
            }
        }
        return false;
    }

    private boolean meetOwn(EventPriority priority) {
        return switch (priority) {
            case INIT -> meetInit();
            case STARTUP -> meetStartup();
            case DEBUG_TRAP -> meetDebugTrap();
            case NMI -> meetNmi();
            case EXTERNAL_INTERRUPT -> meetInterrupt();
            default -> false;
        };
    }

    private boolean meetInit() {
        if (!cpu.initPending) {
            return false;
        }
        cpu.initPending = false;
        cpu.init();
        InterruptSource source = cpu.interrupts;
        if (source != null) {
            source.init();
        }
        cpu.activity = cpu.number == 0 ? Activity.ACTIVE : Activity.WAIT_FOR_SIPI;
        return true;
    }

    private boolean meetStartup() {
        if (cpu.sipiPending < 0 || cpu.activity != Activity.WAIT_FOR_SIPI) {
            return false;
        }
        int vector = cpu.sipiPending;
        cpu.sipiPending = -1;
        cpu.startup(vector);
        return true;
    }

    private boolean meetDebugTrap() {
        if (cpu.pendingDebug == 0 || cpu.shadow == Cpu.MOV_SS_SHADOW || !runsOrHalts()) {
            return false;
        }
        long causes = cpu.pendingDebug;
        cpu.pendingDebug = 0;
        EventDelivery.deliver(cpu, Event.debugException(causes));
        return true;
    }

    private boolean meetNmi() {
        if (!cpu.nmiPending
                || cpu.nmiBlocked
                || cpu.shadow != Cpu.NO_SHADOW
                || cpu.activity == Activity.WAIT_FOR_SIPI) {
            return false;
        }
        cpu.nmiPending = false;
        EventDelivery.deliver(cpu, Event.nmi());
        return true;
    }

    private boolean meetInterrupt() {
        InterruptSource source = cpu.interrupts;
        if (source == null || !cpu.flags.has(Flags.IF) || cpu.shadow != Cpu.NO_SHADOW || !runsOrHalts()) {
            return false;
        }
        if (source.highestDeliverable() == InterruptSource.NONE) {
            return false;
        }
        EventDelivery.deliver(cpu, Event.externalInterrupt(source.acknowledge()));
        return true;
    }

    private boolean runsOrHalts() {
        return cpu.activity == Activity.ACTIVE || cpu.activity == Activity.HLT;
    }
}

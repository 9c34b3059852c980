package dev.vtxray.core.cpu;

import dev.vtxray.core.port.EventGate;
import dev.vtxray.core.port.SecondStage;
import org.jspecify.annotations.Nullable;

/**
 * Delivery of interrupts and exceptions through the interrupt-descriptor table (SDM, Interrupt and Exception Handling):
 * the double-fault rules around it, and the three forms of a table in {@link IdtFrame}.
 */
public final class EventDelivery {
    private EventDelivery() {}

    /**
     * Delivers an event; RIP stands at the instruction to return to, for software events at the instruction itself.
     * Exceptions (not INT n, NMI and external interrupts) are first shown to the CPU's {@link EventGate}.
     */
    public static void deliver(Cpu cpu, Event raised) {
        Event event = inMode(cpu, raised);
        boolean asked = event.type() == Event.Type.HARDWARE_EXCEPTION
                || event.type() == Event.Type.SOFTWARE_EXCEPTION
                || event.type() == Event.Type.PRIVILEGED_SOFTWARE_EXCEPTION;
        if (asked && isTaken(cpu, event, null)) {
            return;
        }
        if (event.vector() == Vector.DB && event.type() == Event.Type.HARDWARE_EXCEPTION) {
            recordDebugCauses(cpu, event.payload());
        }
        deliver(cpu, event, true);
    }

    /**
     * Delivers an event without asking the gate about it, without touching DR6, and with RF pushed as it is: one that was
     * put in from above.
     */
    public static void inject(Cpu cpu, Event event) {
        deliver(cpu, event, false);
    }

    private static void deliver(Cpu cpu, Event event, boolean faultsSetResumeFlag) {
        Event current = event;
        while (true) {
            boolean aloneBefore = cpu.mmu.alone;
            cpu.delivering = current;
            cpu.mmu.alone = true; // whoever delivers an event stands at the end of what it has run
            try {
                IdtFrame.enter(cpu, current, faultsSetResumeFlag || current != event);
                cpu.delivering = null;
                return;
            } catch (GuestFault fault) {
                Event next = afterFault(cpu, current, fault);
                if (next == null) {
                    cpu.delivering = null;
                    return;
                }
                current = next;
            } catch (SecondStage.Taken taken) {
                deliverTaken(cpu);
                cpu.delivering = null;
                return;
            } finally {
                cpu.mmu.alone = aloneBefore;
            }
        }
    }

    private static void deliverTaken(Cpu cpu) {
        SecondStage stage = cpu.secondStage;
        if (stage == null) {
            throw new IllegalStateException("an access was taken by a second stage that is not there any more");
        }
        stage.deliver(cpu);
    }

    /** The event to deliver after {@code fault} hit the delivery of {@code first}; null if it was taken. */
    private static @Nullable Event afterFault(Cpu cpu, Event first, GuestFault fault) {
        Event second = inMode(cpu, withExternalBit(Event.exception(fault), first));
        if (isTaken(cpu, second, first)) {
            return null;
        }
        if (isDoubleFault(first) && severity(second) != Severity.BENIGN) {
            EventGate gate = cpu.eventGate;
            if (gate == null || !gate.tripleFaultTaken(cpu)) {
                cpu.activity = Activity.SHUTDOWN;
                cpu.attend();
            }
            return null;
        }
        Severity one = severity(first);
        Severity two = severity(second);
        boolean doubleFault = one == Severity.CONTRIBUTORY && two == Severity.CONTRIBUTORY
                || one == Severity.PAGE_FAULT && two != Severity.BENIGN;
        if (!doubleFault) {
            return second;
        }
        if (second.vector() == Vector.PF) {
            cpu.cr2 = second.payload();
        }
        Event both = inMode(cpu, Event.doubleFault());
        return isTaken(cpu, both, null) ? null : both;
    }

    /** In real-address mode no exception has an error code. */
    private static Event inMode(Cpu cpu, Event event) {
        return cpu.protectedMode() || !event.hasErrorCode() ? event : event.withoutErrorCode();
    }

    /** EXT, bit 0 of an error code: the fault came up while something that no instruction asked for was delivered. */
    private static Event withExternalBit(Event fault, Event during) {
        boolean hasSelectorCode = fault.vector() == Vector.TS
                || fault.vector() == Vector.NP
                || fault.vector() == Vector.SS
                || fault.vector() == Vector.GP;
        boolean external =
                during.type() != Event.Type.SOFTWARE_INTERRUPT && during.type() != Event.Type.SOFTWARE_EXCEPTION;
        if (!hasSelectorCode || !external) {
            return fault;
        }
        return new Event(fault.type(), fault.vector(), fault.errorCode() | 1, 0, fault.payload());
    }

    private static boolean isTaken(Cpu cpu, Event event, @Nullable Event during) {
        EventGate gate = cpu.eventGate;
        return gate != null && gate.taken(cpu, event, during);
    }

    private static void recordDebugCauses(Cpu cpu, long causes) {
        cpu.dr[6] = cpu.dr[6] & ~0xFL | causes;
        cpu.dr[7] &= ~Control.DR7_GD;
        cpu.msr.debugCtl &= ~3L;
    }

    private enum Severity {
        BENIGN,
        CONTRIBUTORY,
        PAGE_FAULT
    }

    private static boolean isDoubleFault(Event event) {
        return event.type() == Event.Type.HARDWARE_EXCEPTION && event.vector() == Vector.DF;
    }

    private static Severity severity(Event event) {
        if (event.type() != Event.Type.HARDWARE_EXCEPTION) {
            return Severity.BENIGN;
        }
        return switch (event.vector()) {
            case Vector.DE, Vector.TS, Vector.NP, Vector.SS, Vector.GP, Vector.CP -> Severity.CONTRIBUTORY;
            case Vector.PF -> Severity.PAGE_FAULT;
            default -> Severity.BENIGN;
        };
    }
}

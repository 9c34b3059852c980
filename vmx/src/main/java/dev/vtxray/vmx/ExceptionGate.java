package dev.vtxray.vmx;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Event;
import dev.vtxray.core.cpu.Vector;
import dev.vtxray.core.port.EventGate;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.vmcs.Vmcs;
import org.jspecify.annotations.Nullable;

/** The exception bitmap, and who keeps the blocking of NMIs (SDM, VMX Non-Root Operation, "Other Causes of VM Exits"; "Treatment of page faults"). */
final class ExceptionGate implements EventGate {
    private final VmxUnit unit;

    ExceptionGate(VmxUnit unit) {
        this.unit = unit;
    }

    @Override
    public boolean taken(Cpu cpu, Event event, @Nullable Event during) {
        Vmcs vmcs = unit.current();
        if (!exits(vmcs, event)) {
            return false;
        }
        boolean software = event.type().isSoftware();
        VmExit exit = VmExit.of(ExitReason.EXCEPTION_OR_NMI)
                .withQualification(qualification(event))
                .withInstruction(software ? event.instructionLength() : 0, 0)
                .withInterruption(event)
                .withVectoring(during);
        if (event.type() == Event.Type.HARDWARE_EXCEPTION
                && event.vector() != Vector.DB
                && event.vector() != Vector.DF
                && unit.unblocksNmiByIret()) {
            exit.withNmiUnblockedByIret();
        }
        unit.deliver(exit);
        return true;
    }

    private static boolean exits(Vmcs vmcs, Event event) {
        boolean inBitmap = (vmcs.get32(EXCEPTION_BITMAP) >>> event.vector() & 1) != 0;
        if (event.vector() != Vector.PF) {
            return inBitmap;
        }
        boolean matches =
                (event.errorCode() & vmcs.get32(PAGE_FAULT_ERROR_CODE_MASK)) == vmcs.get32(PAGE_FAULT_ERROR_CODE_MATCH);
        return inBitmap == matches;
    }

    /** #PF: the linear address; #DB: the causes as DR6 would show them; otherwise nothing. */
    private static long qualification(Event event) {
        return event.vector() == Vector.PF || event.vector() == Vector.DB ? event.payload() : 0;
    }

    @Override
    public boolean tripleFaultTaken(Cpu cpu) {
        cpu.delivering = null;
        unit.deliver(VmExit.of(ExitReason.TRIPLE_FAULT));
        return true;
    }

    @Override
    public void delivered(Cpu cpu, Event event) {
        if (event.type() == Event.Type.NMI && PinControl.VIRTUAL_NMIS.in(unit.pinControls())) {
            cpu.nmiBlocked = false; // an injected one: it blocks virtual NMIs only
        }
        unit.monitorTrapPending |= PrimaryControl.MONITOR_TRAP_FLAG.in(unit.primaryControls());
    }

    @Override
    public boolean endNmiBlocking(Cpu cpu) {
        int pin = unit.pinControls();
        if (PinControl.VIRTUAL_NMIS.in(pin)) {
            boolean before = unit.virtualNmiBlocking;
            unit.virtualNmiBlocking = false;
            return before;
        }
        return !PinControl.NMI_EXITING.in(pin) && cpu.endNmiBlocking();
    }
}

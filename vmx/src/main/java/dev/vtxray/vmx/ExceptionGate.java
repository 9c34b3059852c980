package dev.vtxray.vmx;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Event;
import dev.vtxray.core.cpu.Vector;
import dev.vtxray.core.port.EventGate;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.vmcs.Vmcs;
import org.jspecify.annotations.Nullable;

/** The exception bitmap (SDM, VMX Non-Root Operation, "Other Causes of VM Exits"; "Treatment of page faults"). */
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
        unit.deliver(exit);
        return true;
    }

    private static boolean exits(Vmcs vmcs, Event event) {
        boolean inBitmap = (vmcs.get32(EXCEPTION_BITMAP) >>> event.vector() & 1) != 0;
        if (event.vector() != Vector.PF) {
            return inBitmap;
        }
        boolean matches = (event.errorCode() & vmcs.get32(PAGE_FAULT_ERROR_CODE_MASK))
                == vmcs.get32(PAGE_FAULT_ERROR_CODE_MATCH);
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
}

package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.port.InterruptSource;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.InterruptionInfo;
import dev.vtxray.vmx.control.InterruptionType;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.vmcs.Vmcs;

/** What is due before a guest runs on: events for L1, and events that take L1 out of L2. */
final class PendingEvents {
    private static final int BLOCKING = 3;
    private static final int NMI_BLOCKING = 1 << 3;

    private PendingEvents() {}

    /** Whether something is there that ends L1's halt. */
    static boolean wakesL1(VirtualCpu v) {
        if (v.waitsForSipi) {
            return v.sipiPending >= 0;
        }
        boolean interrupt =
                v.apic.highestDeliverable() != InterruptSource.NONE && (v.vmcs01.get(GUEST_RFLAGS) & Flags.IF) != 0;
        return interrupt || v.nmiPending || v.initPending && !v.inVmxOperation;
    }

    /** Settles everything that is due, in order of priority. */
    static void settle(L0 l0, VirtualCpu v) {
        if (v.inL2) {
            settleL2(l0, v);
        }
        if (!v.inL2) {
            settleL1(l0, v);
        }
    }

    // L1

    private static void settleL1(L0 l0, VirtualCpu v) {
        if (v.initPending && !v.inVmxOperation) {
            v.initPending = false;
            resetL1(l0, v);
        }
        if (v.waitsForSipi) {
            startL1(v);
        } else if (v.sipiPending >= 0) {
            v.sipiPending = -1;
        }
        Vmcs vmcs01 = v.vmcs01;
        if (InterruptionInfo.isValid(vmcs01.get32(VM_ENTRY_INTERRUPTION_INFO))) {
            return;
        }
        int interruptibility = vmcs01.get32(GUEST_INTERRUPTIBILITY_STATE);
        if (v.nmiPending && (interruptibility & (BLOCKING | NMI_BLOCKING)) == 0) {
            v.nmiPending = false;
            vmcs01.set(VM_ENTRY_INTERRUPTION_INFO, word(InterruptionInfo.of(InterruptionType.NMI, 2, false)));
            return;
        }
        boolean pending = v.apic.highestDeliverable() != InterruptSource.NONE;
        boolean open = (vmcs01.get(GUEST_RFLAGS) & Flags.IF) != 0 && (interruptibility & BLOCKING) == 0;
        if (pending && open) {
            int vector = v.apic.acknowledge();
            vmcs01.set(
                    VM_ENTRY_INTERRUPTION_INFO,
                    word(InterruptionInfo.of(InterruptionType.EXTERNAL_INTERRUPT, vector, false)));
        }
        long window = PrimaryControl.INTERRUPT_WINDOW_EXITING.mask();
        long controls = vmcs01.get(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS) & ~window;
        vmcs01.set(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS, pending && !open ? controls | window : controls);
    }

    private static void resetL1(L0 l0, VirtualCpu v) {
        v.cpu.init();
        v.apic.init();
        Vmcs01.recapture(v, l0.host());
        v.waiting = v.number != 0;
        v.waitsForSipi = v.number != 0;
    }

    private static void startL1(VirtualCpu v) {
        int vector = v.sipiPending;
        if (vector < 0) {
            return;
        }
        v.sipiPending = -1;
        v.waitsForSipi = false;
        v.vmcs01.set(GUEST_CS_SELECTOR, (long) vector << 8);
        v.vmcs01.set(GUEST_CS_BASE, (long) vector << 12);
        v.vmcs01.set(GUEST_RIP, 0);
    }

    // L2

    /** Nested events: each leaves L2 for L1 if L1 wants it. Nothing may come between a nested entry and its injection. */
    private static void settleL2(L0 l0, VirtualCpu v) {
        Vmcs vmcs12 = v.vmcs12;
        boolean injecting = InterruptionInfo.isValid(v.vmcs02.get32(VM_ENTRY_INTERRUPTION_INFO));
        if (v.initPending && !injecting) {
            v.initPending = false;
            leave(l0, v, VmExit.of(ExitReason.INIT_SIGNAL));
            return;
        }
        if (v.nmiPending && !injecting) {
            settleNmi(l0, v);
            return;
        }
        int vector = v.apic.highestDeliverable();
        if (vector == InterruptSource.NONE) {
            return;
        }
        if (L0.isNotificationForL2(v, vector)) {
            l0.forwardNotification(v);
            return;
        }
        if (!PinControl.EXTERNAL_INTERRUPT_EXITING.in(vmcs12.get32(PIN_BASED_VM_EXEC_CONTROLS))) {
            injectIntoL2(v);
            return;
        }
        if (injecting) {
            // The event goes in first; the interrupt takes L1 back at the next boundary.
            return;
        }
        VmExit exit = VmExit.of(ExitReason.EXTERNAL_INTERRUPT);
        if (ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT.in(vmcs12.get32(PRIMARY_VM_EXIT_CONTROLS))) {
            exit = VmExit.externalInterrupt(v.apic.acknowledge());
        }
        leave(l0, v, exit);
    }

    private static void settleNmi(L0 l0, VirtualCpu v) {
        v.nmiPending = false;
        if (PinControl.NMI_EXITING.in(v.vmcs12.get32(PIN_BASED_VM_EXEC_CONTROLS))) {
            leave(l0, v, VmExit.nonMaskableInterrupt());
        } else {
            v.vmcs02.set(VM_ENTRY_INTERRUPTION_INFO, word(InterruptionInfo.of(InterruptionType.NMI, 2, false)));
        }
    }

    /** L1 lets its interrupts go to L2 directly. */
    private static void injectIntoL2(VirtualCpu v) {
        Vmcs vmcs02 = v.vmcs02;
        boolean open = (vmcs02.get(GUEST_RFLAGS) & Flags.IF) != 0
                && (vmcs02.get32(GUEST_INTERRUPTIBILITY_STATE) & BLOCKING) == 0
                && !InterruptionInfo.isValid(vmcs02.get32(VM_ENTRY_INTERRUPTION_INFO));
        long window = PrimaryControl.INTERRUPT_WINDOW_EXITING.mask();
        long controls = vmcs02.get(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS);
        if (open) {
            int vector = v.apic.acknowledge();
            vmcs02.set(
                    VM_ENTRY_INTERRUPTION_INFO,
                    word(InterruptionInfo.of(InterruptionType.EXTERNAL_INTERRUPT, vector, false)));
            vmcs02.set(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS, controls & ~window);
        } else {
            vmcs02.set(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS, controls | window);
        }
    }

    private static void leave(L0 l0, VirtualCpu v, VmExit exit) {
        l0.counters().countOriginated(exit.reason());
        NestedExit.leave(l0, v, exit, false);
    }

    private static long word(int info) {
        return info & 0xFFFF_FFFFL;
    }
}

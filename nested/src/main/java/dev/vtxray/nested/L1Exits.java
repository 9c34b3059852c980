package dev.vtxray.nested;


import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.vmx.VmExit;

/** Exits of L1: L0 finishes every one of them itself. */
final class L1Exits {
    private static final long PAGE = -4096;

    private final L0 l0;
    private final GuestEmulation emulation;
    private final VmxEmulation vmx;

    L1Exits(L0 l0) {
        this.l0 = l0;
        this.emulation = new GuestEmulation(l0);
        this.vmx = new VmxEmulation(l0);
    }

    void handle(VirtualCpu v, VmExit exit) {
        switch (exit.reason()) {
            case VMCLEAR, VMLAUNCH, VMPTRLD, VMPTRST, VMREAD, VMRESUME, VMWRITE, VMXOFF, VMXON, VMCALL, INVEPT, INVVPID ->
                vmx.handle(v, exit);
            case HLT -> {
                GuestEmulation.skip(v, exit);
                v.waiting = true;
            }
            case TRIPLE_FAULT -> v.shutDown = true;
            case EPT_VIOLATION, EPT_MISCONFIGURATION -> memory(v, exit);
            default -> handleCommon(v, exit);
        }
    }

    /** What L0 does alike for L1 and for an L2 whose L1 does not care. */
    void handleCommon(VirtualCpu v, VmExit exit) {
        switch (exit.reason()) {
            case EXTERNAL_INTERRUPT -> l0.acknowledgeOwnInterrupt(v);
            case INTERRUPT_WINDOW, NMI_WINDOW -> {} // what waited for it is settled before the guest runs on
            case EXCEPTION_OR_NMI -> v.nmiPending = true;
            case CPUID -> emulation.cpuid(v, exit);
            case RDMSR -> emulation.rdmsr(v, exit);
            case WRMSR -> emulation.wrmsr(v, exit);
            case IO_INSTRUCTION -> emulation.io(v, exit);
            case CR_ACCESS -> emulation.controlRegister(v, exit);
            case INVD, WBINVD, PAUSE, MONITOR, MWAIT -> GuestEmulation.skip(v, exit);
            case XSETBV -> GuestEmulation.fault(v, GuestFault.generalProtection());
            case INVLPG -> {
                v.cpu.mmu.flushAll();
                GuestEmulation.skip(v, exit);
            }
            case INIT_SIGNAL -> v.initPending = true;
            default -> l0.fail("L0 has no handler for " + exit + " of " + v.level() + " on CPU " + v.number);
        }
    }

    /** Outside RAM there is L1's local APIC, and nothing else. */
    private void memory(VirtualCpu v, VmExit exit) {
        long page = exit.guestPhysicalAddress() & PAGE;
        if ((exit.idtVectoringInfo() & 1L << 31) != 0) {
            GuestEmulation.reinject(v, exit);
            l0.fail("an event of L1 on CPU " + v.number + " is delivered to a stack or table that is not in memory");
            return;
        }
        if (page == v.apic.baseAddress()) {
            emulation.localApic(v, page);
        } else {
            emulation.emulate(v, page, GuestEmulation.NO_DEVICE);
        }
    }

    /** For L2 whose tables lead outside L1's RAM. */
    void deviceOfL2(VirtualCpu v, long gpaPage, long l1Page) {
        if (l1Page == v.apic.baseAddress()) {
            emulation.localApic(v, gpaPage);
        } else {
            emulation.emulate(v, gpaPage, GuestEmulation.NO_DEVICE);
        }
    }

}

package dev.vtxray.nested;

import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.port.SecondStage;
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
            case VMCLEAR,
                    VMLAUNCH,
                    VMPTRLD,
                    VMPTRST,
                    VMREAD,
                    VMRESUME,
                    VMWRITE,
                    VMXOFF,
                    VMXON,
                    VMCALL,
                    INVEPT,
                    INVVPID -> vmx.handle(v, exit);
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

    /** Outside RAM there is L1's local APIC, and nothing else. @param exit of L1, or of an L2 without tables of its own */
    void memory(VirtualCpu v, VmExit exit) {
        long page = exit.guestPhysicalAddress() & PAGE;
        if (isDevice(v, exit, page)) {
            device(v, exit, page, page);
        } else {
            l0.ept01().mapAbsent(page, SecondStage.READ | SecondStage.FETCH);
            GuestEmulation.reinject(v, exit);
        }
    }

    /** Whether an access has to be carried out: reads where there is nothing need no help. */
    static boolean isDevice(VirtualCpu v, VmExit exit, long l1Page) {
        return l1Page == v.apic.baseAddress() || (exit.qualification() & SecondStage.WRITE) != 0;
    }

    /** Carries out an access outside L1's RAM. @param l1Page the L1-physical page behind {@code page} */
    void device(VirtualCpu v, VmExit exit, long page, long l1Page) {
        if ((exit.idtVectoringInfo() & 1L << 31) != 0) {
            l0.fail("an event of " + v.level() + " on CPU " + v.number
                    + " is delivered to a stack or table that is not in memory");
        } else if (l1Page == v.apic.baseAddress()) {
            emulation.localApic(v, page);
        } else {
            emulation.emulate(v, page, GuestEmulation.NO_DEVICE);
        }
    }
}

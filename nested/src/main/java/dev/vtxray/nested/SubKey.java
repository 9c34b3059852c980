package dev.vtxray.nested;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.ApicAccessQualification;
import dev.vtxray.vmx.control.IoQualification;

/** The sub-key by which exits of one reason are told apart. */
final class SubKey {
    private static final long APIC_PAGE = 0xFEE0_0000L;

    private SubKey() {}

    static long of(VmExit exit, VirtualCpu v) {
        return switch (exit.reason()) {
            case CPUID -> v.cpu.r[Cpu.RAX] & 0xFFFF_FFFFL;
            case RDMSR, WRMSR -> v.cpu.r[Cpu.RCX] & 0xFFFF_FFFFL;
            case IO_INSTRUCTION -> IoQualification.port(exit.qualification());
            case APIC_ACCESS -> ApicAccessQualification.offset(exit.qualification());
            case APIC_WRITE -> exit.qualification();
            case VMREAD, VMWRITE -> v.cpu.r[exit.instructionInformation() >>> 28] & 0xFFFF_FFFFL;
            // An access of L1 to its local APIC; other guest-physical addresses are too many to tell apart.
            case EPT_VIOLATION -> (exit.guestPhysicalAddress() & -4096) == APIC_PAGE ? exit.guestPhysicalAddress() : 0;
            default -> 0;
        };
    }
}

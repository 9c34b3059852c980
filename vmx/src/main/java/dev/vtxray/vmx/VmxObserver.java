package dev.vtxray.vmx;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.vmx.vmcs.Vmcs;

/** Sees VM entries and VM exits; changes nothing. */
public interface VmxObserver {
    /** Observes nothing. */
    VmxObserver NONE = new VmxObserver() {};

    /** A guest begins to run. */
    default void entered(Cpu cpu, Vmcs vmcs) {}

    /** A guest was left; its state is saved in {@code vmcs}. Entry failures are reported here as well. */
    default void exited(Cpu cpu, Vmcs vmcs, VmExit exit) {}

    /** An access of a guest to its local APIC went to the virtual-APIC page; a write may still end in an exit. */
    default void apicAccessVirtualized(Cpu cpu, int offset, boolean write) {}

    /**
     * VMLAUNCH or VMRESUME failed as an instruction, and software goes on behind it.
     *
     * @param error VM-instruction error number; 0 for VMfailInvalid, which has none
     */
    default void refused(Cpu cpu, int error) {}

    /** A VMX abort: the processor shuts down. @param indicator the VMX-abort indicator, 1 to 6 */
    default void aborted(Cpu cpu, Vmcs vmcs, int indicator) {}
}

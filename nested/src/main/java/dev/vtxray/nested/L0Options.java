package dev.vtxray.nested;

/**
 * What L0 gives to L1.
 *
 * @param virtualApicv   whether L1 is offered APICv, which L0 then switches on in the CPU on L1's behalf
 * @param vmcsShadowing  whether L0 uses VMCS shadowing of the CPU, so that most of L1's VMREADs and VMWRITEs do not exit
 * @param vmcs12InMemory whether L0 keeps the region of the current vmcs12 coherent at every nested entry and exit, so that
 *                       L1 may read and write fields there instead of by VMREAD and VMWRITE
 */
public record L0Options(boolean virtualApicv, boolean vmcsShadowing, boolean vmcs12InMemory) {
    /** APICv given, no shadowing, opaque VMCS regions. */
    public static L0Options standard() {
        return new L0Options(true, false, false);
    }

    public L0Options withVirtualApicv(boolean on) {
        return new L0Options(on, vmcsShadowing, vmcs12InMemory);
    }

    public L0Options withVmcsShadowing(boolean on) {
        return new L0Options(virtualApicv, on, vmcs12InMemory);
    }

    public L0Options withVmcs12InMemory(boolean on) {
        return new L0Options(virtualApicv, vmcsShadowing, on);
    }
}

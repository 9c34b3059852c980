package dev.vtxray.testkit.hypervisor;

/** How a hypervisor reaches the fields of its VMCS. */
public enum FieldAccess {
    /** By VMREAD and VMWRITE. */
    INSTRUCTION,
    /**
     * By plain loads and stores in the VMCS region. The processor must keep the region coherent, see
     * {@link dev.vtxray.vmx.VmcsStore#memoryResident}.
     */
    MEMORY
}

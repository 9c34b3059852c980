import org.jspecify.annotations.NullMarked;

/** Virtual-machine extensions: VMCS, capability profiles, VM entry and VM exit, EPT, APIC virtualization. */
@NullMarked
module dev.vtxray.vmx {
    requires transitive dev.vtxray.apic;
    requires static org.jspecify;

    exports dev.vtxray.vmx;
    exports dev.vtxray.vmx.capability;
    exports dev.vtxray.vmx.control;
    exports dev.vtxray.vmx.entry;
    exports dev.vtxray.vmx.vmcs;
}

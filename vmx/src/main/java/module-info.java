import org.jspecify.annotations.NullMarked;

/** Intel VT-x: VMCS, VMX instructions, VM entries and exits, EPT and VPID. */
@NullMarked
module dev.vtxray.vmx {
    requires transitive dev.vtxray.apic;
    requires static org.jspecify;
}

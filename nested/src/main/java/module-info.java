import org.jspecify.annotations.NullMarked;

/** L0, a host hypervisor in Java that gives VMX to its guest, and the accounts of every exit by level. */
@NullMarked
module dev.vtxray.nested {
    requires transitive dev.vtxray.vmx;
    requires static org.jspecify;

    exports dev.vtxray.nested.cost;
}

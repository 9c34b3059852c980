import org.jspecify.annotations.NullMarked;

/** L0: a host hypervisor in Java that gives VMX to its guest and counts every exit by level and reason. */
@NullMarked
module dev.vtxray.nested {
    requires transitive dev.vtxray.vmx;
    requires static org.jspecify;

    exports dev.vtxray.nested;
    exports dev.vtxray.nested.cost;
}

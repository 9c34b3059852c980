import org.jspecify.annotations.NullMarked;

/** The local APIC, the I/O APIC, and APIC virtualization as pure state machines. */
@NullMarked
module dev.vtxray.apic {
    requires transitive dev.vtxray.core;
    requires static org.jspecify;

    exports dev.vtxray.apic;
    exports dev.vtxray.apic.virtual;
}

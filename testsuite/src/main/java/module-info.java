import org.jspecify.annotations.NullMarked;

/** The test kit: machines wired from all modules, guests and hypervisors to run on them, experiments, command line. */
@NullMarked
module dev.vtxray.testkit {
    requires transitive dev.vtxray.nested;
    requires info.picocli;
    requires static org.jspecify;

    exports dev.vtxray.testkit.experiment;
    exports dev.vtxray.testkit.hypervisor;
    exports dev.vtxray.testkit.pc;
    exports dev.vtxray.testkit.report;
    exports dev.vtxray.testkit.trace;

    opens dev.vtxray.testkit.cli to
            info.picocli;
}

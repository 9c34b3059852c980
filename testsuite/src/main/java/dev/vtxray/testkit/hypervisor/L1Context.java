package dev.vtxray.testkit.hypervisor;

/**
 * What the parts of the L1 hypervisor share while its code is written.
 *
 * @param code    where it is written
 * @param options what kind of hypervisor it is to be
 * @param block   the variables of a CPU
 */
record L1Context(HypervisorCode code, L1Options options, CpuBlock block) {
    /** Labels where handlers go on: back to the guest, or to the end with a report. */
    static final String RESUME = "resume";

    static final String UNEXPECTED_EXIT = "unexpectedExit";
}

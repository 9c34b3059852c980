package dev.vtxray.testkit.experiment;

import dev.vtxray.vmx.capability.CpuProfile;

/**
 * The machine of the experiment.
 *
 * @param cpu the CPU profile that the synchronization time is modelled for
 * @param l2VirtualCpus virtual CPUs of L2
 * @param l1Cpus CPUs of L1
 * @param gigahertz its constant frequency: cycles per nanosecond
 */
public record Topology(String cpu, int l2VirtualCpus, int l1Cpus, double gigahertz) {

    /** Two virtual CPUs on two CPUs, at the frequency of the processor that the scenarios are modelled for. */
    public static Topology standard() {
        return new Topology(
                SyncTimeModel.CPU, 2, 2, CpuProfile.named(SyncTimeModel.CPU).tscCyclesPerNanosecond());
    }

    /** Cycles as nanoseconds. */
    public double nanoseconds(double cycles) {
        return cycles / gigahertz;
    }
}

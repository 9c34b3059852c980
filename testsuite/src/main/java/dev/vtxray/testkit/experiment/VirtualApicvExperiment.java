package dev.vtxray.testkit.experiment;

/** Virtual APICv: L2 sends IPIs between its virtual CPUs while L0 hides APICv from L1 or gives it, and exits are counted. */
@FunctionalInterface
public interface VirtualApicvExperiment {

    /** Runs every setting, and the scenarios if the options ask for them. */
    ExperimentReport run(ExperimentOptions options, ExperimentProgress progress);
}

package dev.vtxray.testkit.experiment;

/** Is told how far a long experiment has come. */
@FunctionalInterface
public interface ExperimentProgress {
    /** Tells nobody. */
    ExperimentProgress NONE = (what, done, of) -> {};

    /**
     * A step begins.
     *
     * @param what the step in a few words
     * @param done how many steps are done
     * @param of how many there are
     */
    void step(String what, int done, int of);
}

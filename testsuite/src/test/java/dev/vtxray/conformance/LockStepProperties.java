package dev.vtxray.conformance;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class LockStepProperties {

    @Property(tries = 500)
    void randomProgramsRunTheSameInBlocksAndStepByStep(
            @ForAll RandomProgram.Mode mode, @ForAll boolean handled, @ForAll long seed) {
        RandomProgram program = new RandomProgram(mode, handled, seed);
        new LockStep(program::start).compare(seed, 300, 2000);
    }
}

package dev.vtxray.core.semantics;

import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class NativeOracleProperties {
    @Property(tries = 10)
    void everyRowDoesWhatTheProcessorDoes(@ForAll long seed) throws Exception {
        Assume.that(NativeOracle.isAvailable()); // gcc is not installed
        NativeComparison.assertSame(NativeComparison.cases(NativeComparison.rows(), seed, 6), seed);
    }
}

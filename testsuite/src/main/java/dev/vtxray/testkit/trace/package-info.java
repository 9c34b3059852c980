/**
 * What a run looks like to the guest: the trace of a hypervisor's VM entries and exits with all state that it could read,
 * and final memory, in the architectural world and under L0 alike. Two runs are compared by their traces.
 */
@NullMarked
package dev.vtxray.testkit.trace;

import org.jspecify.annotations.NullMarked;

/**
 * The experiments: what runs on which machine, what is counted, and what the counts must be. Printing is left to the
 * command line and the reports.
 */
@NullMarked
package dev.vtxray.testkit.experiment;

import org.jspecify.annotations.NullMarked;

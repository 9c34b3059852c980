/**
 * The experiments: what each one is given, what it measures, what was expected before, and the models that turn counts
 * into time. Nothing here prints; {@code dev.vtxray.testkit.report} does.
 */
package dev.vtxray.testkit.experiment;

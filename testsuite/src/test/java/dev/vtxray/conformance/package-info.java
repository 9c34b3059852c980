/**
 * The whole against what must hold for every program: the same software in both worlds, the two engines in lock step,
 * robustness, and the accounts of exits.
 */
package dev.vtxray.conformance;

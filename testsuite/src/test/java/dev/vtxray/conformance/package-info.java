/** The machine as a whole against what must hold for every program: robustness, and the engine against itself. */
package dev.vtxray.conformance;

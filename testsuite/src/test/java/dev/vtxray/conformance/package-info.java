/** Tests of the whole: the same software in both worlds, and what must hold on every run. */
package dev.vtxray.conformance;

/** Tests of what the instructions do, first of all against the processor under the JVM. */
package dev.vtxray.core.semantics;

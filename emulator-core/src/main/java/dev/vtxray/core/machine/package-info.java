/** A machine: CPUs that take turns on one memory, and the reasons for which it stops. */
package dev.vtxray.core.machine;

/**
 * Guest software written in Java: building blocks of 64-bit system code and of hypervisors on top of the assembler, and
 * the L1 hypervisor of the experiments with what its guest finds in memory. Nothing here runs anything.
 */
@NullMarked
package dev.vtxray.testkit.hypervisor;

import org.jspecify.annotations.NullMarked;

/**
 * Virtual-machine extensions at work: the per-processor unit, its instructions, VM entry, VM exit, and the answers that it
 * gives at the CPU's ports while a guest runs. The data it works with is in the sub-packages.
 */
package dev.vtxray.vmx;

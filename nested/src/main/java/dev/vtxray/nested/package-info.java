/**
 * L0: a host hypervisor in Java that gives VMX to its guest. It runs an L1 hypervisor in VMX non-root operation, merges
 * what L1 wants for L2 with what it wants itself, and counts every exit by level and reason.
 *
 * <p>vmcs01 is the VMCS with which L0 runs L1, vmcs12 the one that L1 has prepared for L2, vmcs02 the one with which L0
 * runs L2.
 */
package dev.vtxray.nested;

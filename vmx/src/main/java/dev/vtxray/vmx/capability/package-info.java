/**
 * What a processor offers: the VMX capability MSRs with the rules that bind them together, and the CPU profiles, which
 * are data files.
 */
package dev.vtxray.vmx.capability;

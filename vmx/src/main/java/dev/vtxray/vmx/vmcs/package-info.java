/**
 * The virtual-machine control structure: its fields, the data of one VMCS, and how that data lies in a VMCS region.
 * What the values mean, and whether they are legal, is decided elsewhere.
 */
package dev.vtxray.vmx.vmcs;

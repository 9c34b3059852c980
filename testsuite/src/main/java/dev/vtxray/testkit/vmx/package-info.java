/**
 * One guest under one VMCS, for tests of a hypervisor's or an emulator's VMX behavior: {@link
 * dev.vtxray.testkit.vmx.SingleGuest} with a host in Java, {@link dev.vtxray.testkit.vmx.RootProgram} with a host in
 * machine code.
 */
package dev.vtxray.testkit.vmx;

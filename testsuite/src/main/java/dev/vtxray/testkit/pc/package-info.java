/** The PC: CPU, local APICs, VMX and basic devices wired to one machine. */
package dev.vtxray.testkit.pc;

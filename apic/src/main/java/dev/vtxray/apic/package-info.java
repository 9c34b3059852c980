/**
 * The local APIC of a processor and the bus on which local APICs exchange interprocessor interrupts: registers, interrupt
 * acceptance and priorities, the timer, error reporting, and the modes that IA32_APIC_BASE selects (SDM, Advanced
 * Programmable Interrupt Controller (APIC)).
 *
 * <p>Nothing here knows of virtualization. What is done on a virtual-APIC page lives in
 * {@link dev.vtxray.apic.virtual}.
 */
package dev.vtxray.apic;

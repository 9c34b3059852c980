package dev.vtxray.nested;

import dev.vtxray.apic.ApicFeatures;
import dev.vtxray.apic.LocalApic;
import dev.vtxray.core.machine.Machine;
import dev.vtxray.vmx.VmxUnit;
import java.util.List;

/**
 * The hardware that L0 takes over.
 *
 * @param machine      the machine; its lists of CPUs, units and APICs are in the order of the CPU numbers
 * @param units        the virtual-machine extensions of each CPU
 * @param apics        the local APIC of each CPU
 * @param apicFeatures features of the local APICs, which the ones that L1 sees share
 * @param guestMemory  bytes of RAM from address 0 that belong to the software found there; the RAM above is L0's to use
 */
public record Hardware(
        Machine machine, List<VmxUnit> units, List<LocalApic> apics, ApicFeatures apicFeatures, long guestMemory) {}

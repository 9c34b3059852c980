package dev.vtxray.vmx;

import dev.vtxray.vmx.vmcs.PhysicalBytes;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsRegionFormat;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The VMCSs of a machine that processors hold active. VMPTRLD makes one active, VMCLEAR writes it to its region; in
 * between the data is here and the region's content says nothing.
 *
 * <p>With {@link #memoryResident} that is different: every VM entry of an active VMCS reads its region and every VM
 * exit writes it, so that software may access fields by plain loads and stores, laid out as {@link VmcsRegionFormat}
 * says.
 *
 * <p>Deviation: no processor promises that. It models a hypervisor that was changed to replace VMREAD and VMWRITE by
 * memory accesses, on a host that agrees to it; the VM-instruction error is still to be had by VMREAD only.
 */
public final class VmcsStore {
    private final PhysicalBytes memory;
    private final boolean memoryResident;
    private final SortedMap<Long, Vmcs> active = new TreeMap<>();

    /** A store whose VMCSs are coherent with their regions only as the manual promises. */
    public VmcsStore(PhysicalBytes memory) {
        this(memory, false);
    }

    private VmcsStore(PhysicalBytes memory, boolean memoryResident) {
        this.memory = memory;
        this.memoryResident = memoryResident;
    }

    /** A store that reads the region of a VMCS at every VM entry and writes it at every VM exit. */
    public static VmcsStore memoryResident(PhysicalBytes memory) {
        return new VmcsStore(memory, true);
    }

    /** Memory that the regions are in. */
    public PhysicalBytes memory() {
        return memory;
    }

    /** The VMCS whose region is at {@code hpa}, made active if it is not. */
    public Vmcs activate(long hpa) {
        Vmcs vmcs = active.get(hpa);
        if (vmcs == null) {
            vmcs = new Vmcs(0);
            VmcsRegionFormat.load(vmcs, memory, hpa);
            active.put(hpa, vmcs);
        }
        return vmcs;
    }

    /** The active VMCS at {@code hpa}, or null. */
    public @Nullable Vmcs find(long hpa) {
        return active.get(hpa);
    }

    /** Writes the VMCS to its region and makes it inactive. */
    public void clear(long hpa) {
        Vmcs vmcs = active.remove(hpa);
        if (vmcs != null) {
            VmcsRegionFormat.store(vmcs, memory, hpa);
        }
    }

    /** Before VM-entry checks: takes over what software stored into the region. */
    void prepareEntry(long hpa) {
        Vmcs vmcs = memoryResident ? active.get(hpa) : null;
        if (vmcs != null) {
            VmcsRegionFormat.load(vmcs, memory, hpa);
        }
    }

    /** After a VM exit has saved everything: shows it to software in the region. */
    void finishExit(long hpa) {
        Vmcs vmcs = memoryResident ? active.get(hpa) : null;
        if (vmcs != null) {
            VmcsRegionFormat.store(vmcs, memory, hpa);
        }
    }
}

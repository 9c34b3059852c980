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
 */
public final class VmcsStore {
    private final PhysicalBytes memory;
    private final SortedMap<Long, Vmcs> active = new TreeMap<>();

    public VmcsStore(PhysicalBytes memory) {
        this.memory = memory;
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
}

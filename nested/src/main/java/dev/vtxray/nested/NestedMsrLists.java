package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;

/** vmcs12's MSR areas, which L0 carries out by software (SDM, VM Entries, "Loading MSRs"; VM Exits, "Saving MSRs"). */
final class NestedMsrLists {
    private static final int ENTRY_SIZE = 16;

    private NestedMsrLists() {}

    /** @return the 1-based number of the entry that failed, or 0 */
    static int loadOnEntry(L0 l0, VirtualCpu v) {
        return load(l0, v, VM_ENTRY_MSR_LOAD_COUNT, VM_ENTRY_MSR_LOAD_ADDRESS);
    }

    /** @return the 1-based number of the entry that failed, or 0 */
    static int loadOnExit(L0 l0, VirtualCpu v) {
        return load(l0, v, VM_EXIT_MSR_LOAD_COUNT, VM_EXIT_MSR_LOAD_ADDRESS);
    }

    private static int load(L0 l0, VirtualCpu v, VmcsField countField, VmcsField addressField) {
        Vmcs vmcs12 = v.vmcs12;
        int count = vmcs12.get32(countField);
        for (int i = 0; Integer.compareUnsigned(i, count) < 0; i++) {
            if (i == v.profile.vmx().maxMsrListEntries()) {
                return i + 1;
            }
            long entry = vmcs12.get(addressField) + (long) i * ENTRY_SIZE;
            long header = v.host.guestView().read64(entry);
            int index = (int) header;
            if (header >>> 32 != 0 || index == 0xC000_0100 || index == 0xC000_0101 || index >>> 8 == 8) {
                return i + 1;
            }
            try {
                MsrEmulation.write(l0, v, index, v.host.guestView().read64(entry + 8));
            } catch (GuestFault notAllowed) {
                return i + 1;
            }
        }
        return 0;
    }

    static void storeOnExit(L0 l0, VirtualCpu v) {
        Vmcs vmcs12 = v.vmcs12;
        int count = Math.min(vmcs12.get32(VM_EXIT_MSR_STORE_COUNT), v.profile.vmx().maxMsrListEntries());
        for (int i = 0; i < count; i++) {
            long entry = vmcs12.get(VM_EXIT_MSR_STORE_ADDRESS) + (long) i * ENTRY_SIZE;
            int index = (int) v.host.guestView().read64(entry);
            try {
                v.host.guestView().write64(entry + 8, MsrEmulation.read(v, index));
            } catch (GuestFault notAllowed) {
                l0.fail("VMX abort 1 of L1 on CPU " + v.number + ": entry " + (i + 1) + " of its VM-exit MSR-store list");
                return;
            }
        }
    }
}

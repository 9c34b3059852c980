package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.vmx.MsrLists;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;

/** vmcs12's MSR areas, which L0 carries out by software (SDM, VM Entries, "Loading MSRs"; VM Exits, "Saving MSRs"). */
final class NestedMsrLists {
    private static final int ENTRY_SIZE = 16;
    private static final int TIME_STAMP_COUNTER = 0x10;

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
            if (!MsrLists.mayBeLoaded(header)) {
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

    /** @return the 1-based number of the entry that failed, or 0 */
    static int storeOnExit(VirtualCpu v) {
        Vmcs vmcs12 = v.vmcs12;
        int count = vmcs12.get32(VM_EXIT_MSR_STORE_COUNT);
        for (int i = 0; Integer.compareUnsigned(i, count) < 0; i++) {
            long entry = vmcs12.get(VM_EXIT_MSR_STORE_ADDRESS) + (long) i * ENTRY_SIZE;
            long header = v.host.guestView().read64(entry);
            if (i == v.profile.vmx().maxMsrListEntries() || !MsrLists.mayBeStored(header)) {
                return i + 1;
            }
            try {
                v.host.guestView().write64(entry + 8, valueToStore(v, (int) header));
            } catch (GuestFault notAllowed) {
                return i + 1;
            }
        }
        return 0;
    }

    /** The time-stamp counter is stored as L1 reads it, without the offset of L2. */
    private static long valueToStore(VirtualCpu v, int index) {
        return index == TIME_STAMP_COUNTER ? v.cpu.realTsc() + v.vmcs01.get(TSC_OFFSET) : MsrEmulation.read(v, index);
    }
}

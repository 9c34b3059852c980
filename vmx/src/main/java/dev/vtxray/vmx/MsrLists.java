package dev.vtxray.vmx;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;

/**
 * The MSR areas of a VMCS: 16-byte entries of index, reserved dword and value (SDM, VM Entries, "Loading MSRs"; VM Exits,
 * "Saving MSRs" and "Loading MSRs"). Every operation returns the 1-based number of the entry that failed, or 0.
 */
public final class MsrLists {
    private static final int ENTRY_SIZE = 16;
    private static final int FS_BASE = 0xC000_0100;
    private static final int GS_BASE = 0xC000_0101;
    private static final int SMM_MONITOR_CTL = 0x9B;
    private static final int SMBASE = 0x9E;
    private static final int BIOS_UPDT_TRIG = 0x79;
    private static final int BIOS_SIGN_ID = 0x8B;
    private static final int TIME_STAMP_COUNTER = 0x10;

    private MsrLists() {}

    static int loadOnEntry(VmxUnit unit, Vmcs vmcs) {
        return load(unit, vmcs, VM_ENTRY_MSR_LOAD_COUNT, VM_ENTRY_MSR_LOAD_ADDRESS);
    }

    static int loadOnExit(VmxUnit unit, Vmcs vmcs) {
        return load(unit, vmcs, VM_EXIT_MSR_LOAD_COUNT, VM_EXIT_MSR_LOAD_ADDRESS);
    }

    private static int load(VmxUnit unit, Vmcs vmcs, VmcsField countField, VmcsField addressField) {
        int count = vmcs.get32(countField);
        long address = vmcs.get(addressField);
        for (int i = 0; Integer.compareUnsigned(i, count) < 0; i++) {
            // Deviation: beyond the number that VMX_MISC recommends, behavior is undefined; processing stops there.
            if (i == unit.capabilities().maxMsrListEntries()) {
                return i + 1;
            }
            long header = unit.memory().read64(address + (long) i * ENTRY_SIZE);
            long value = unit.memory().read64(address + (long) i * ENTRY_SIZE + 8);
            if (!mayBeLoaded(header) || !write(unit, (int) header, value)) {
                return i + 1;
            }
        }
        return 0;
    }

    /**
     * Whether an entry of an MSR-load list names an MSR that may stand there (SDM, VM Entries, "Loading MSRs").
     *
     * @param header the first quadword of the entry
     */
    public static boolean mayBeLoaded(long header) {
        int index = (int) header;
        return switch (index) {
            case FS_BASE, GS_BASE, SMM_MONITOR_CTL, BIOS_UPDT_TRIG, BIOS_SIGN_ID -> false;
            default -> header >>> 32 == 0 && index >>> 8 != 8;
        };
    }

    /**
     * Whether an entry of a VM-exit MSR-store list names an MSR that may stand there (SDM, VM Exits, "Saving MSRs").
     *
     * @param header the first quadword of the entry
     */
    public static boolean mayBeStored(long header) {
        int index = (int) header;
        return header >>> 32 == 0 && index >>> 8 != 8 && index != SMBASE;
    }

    private static boolean write(VmxUnit unit, int index, long value) {
        try {
            unit.cpu().msrs.write(index, value);
            return true;
        } catch (GuestFault notAllowed) {
            return false;
        }
    }

    static int storeOnExit(VmxUnit unit, Vmcs vmcs) {
        int count = vmcs.get32(VM_EXIT_MSR_STORE_COUNT);
        long address = vmcs.get(VM_EXIT_MSR_STORE_ADDRESS);
        for (int i = 0; Integer.compareUnsigned(i, count) < 0; i++) {
            if (i == unit.capabilities().maxMsrListEntries()) {
                return i + 1;
            }
            long entry = address + (long) i * ENTRY_SIZE;
            long header = unit.memory().read64(entry);
            int index = (int) header;
            if (!mayBeStored(header)) {
                return i + 1;
            }
            try {
                long value = index == TIME_STAMP_COUNTER
                        ? unit.cpu().realTsc()
                        : unit.cpu().msrs.read(index);
                unit.memory().write64(entry + 8, value);
            } catch (GuestFault notAllowed) {
                return i + 1;
            }
        }
        return 0;
    }
}

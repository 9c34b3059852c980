package dev.vtxray.vmx;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.vmx.capability.EptVpidCapability;
import dev.vtxray.vmx.capability.VmxCapabilities;

/** INVEPT and INVVPID (SDM, VMX Support for Address Translation, "Invalidating Cached Translation Information"). */
final class Invalidation {
    private static final int INVEPT_SINGLE_CONTEXT = 1;
    private static final int INVEPT_ALL_CONTEXT = 2;
    private static final int INVVPID_ADDRESS = 0;
    private static final int INVVPID_SINGLE_CONTEXT = 1;
    private static final int INVVPID_ALL_CONTEXT = 2;
    private static final int INVVPID_KEEP_GLOBALS = 3;

    private Invalidation() {}

    static boolean offersInvept(VmxUnit unit) {
        return unit.capabilities().exists(VmxCapabilities.EPT_VPID_CAP)
                && unit.capabilities().has(EptVpidCapability.INVEPT);
    }

    static boolean offersInvvpid(VmxUnit unit) {
        return unit.capabilities().exists(VmxCapabilities.EPT_VPID_CAP)
                && unit.capabilities().has(EptVpidCapability.INVVPID);
    }

    static boolean supportsInvept(VmxUnit unit, long type) {
        VmxCapabilities vmx = unit.capabilities();
        return type == INVEPT_SINGLE_CONTEXT && vmx.has(EptVpidCapability.INVEPT_SINGLE_CONTEXT)
                || type == INVEPT_ALL_CONTEXT && vmx.has(EptVpidCapability.INVEPT_ALL_CONTEXT);
    }

    static boolean supportsInvvpid(VmxUnit unit, long type) {
        VmxCapabilities vmx = unit.capabilities();
        return type == INVVPID_ADDRESS && vmx.has(EptVpidCapability.INVVPID_INDIVIDUAL_ADDRESS)
                || type == INVVPID_SINGLE_CONTEXT && vmx.has(EptVpidCapability.INVVPID_SINGLE_CONTEXT)
                || type == INVVPID_ALL_CONTEXT && vmx.has(EptVpidCapability.INVVPID_ALL_CONTEXT)
                || type == INVVPID_KEEP_GLOBALS && vmx.has(EptVpidCapability.INVVPID_SINGLE_CONTEXT_KEEP_GLOBALS);
    }

    /** Drops what was cached under an EPT root, or under all. @return whether the operand was valid */
    static boolean invept(VmxUnit unit, long type, long eptp) {
        if (type == INVEPT_SINGLE_CONTEXT) {
            if (!isValidEptp(unit, eptp)) {
                return false;
            }
            unit.cpu().mmu.flush(tag -> TranslationTags.belongsTo(tag, eptp));
        } else {
            unit.cpu().mmu.flush(TranslationTags::usesEpt);
        }
        unit.cpu().attend();
        return true;
    }

    /** The EPTP rules of VM entry (SDM, VM Entries, "Checks on VMX Controls"). */
    static boolean isValidEptp(VmxUnit unit, long eptp) {
        VmxCapabilities vmx = unit.capabilities();
        int type = (int) eptp & 7;
        boolean typeOk = type == 0 && vmx.has(EptVpidCapability.UNCACHEABLE)
                || type == 6 && vmx.has(EptVpidCapability.WRITE_BACK);
        int length = (int) eptp >> 3 & 7;
        boolean lengthOk = length == 3 && vmx.has(EptVpidCapability.PAGE_WALK_LENGTH_4)
                || length == 4 && vmx.has(EptVpidCapability.PAGE_WALK_LENGTH_5);
        boolean flagsOk = (eptp & 1 << 6) == 0 || vmx.has(EptVpidCapability.ACCESSED_AND_DIRTY);
        return typeOk && lengthOk && flagsOk && (eptp & 0xF80) == 0 && (eptp & ~unit.physicalMask()) == 0;
    }

    /** Drops what was cached for VPIDs. @return whether the operand was valid */
    static boolean invvpid(VmxUnit unit, long type, long descriptor, long la) {
        Cpu cpu = unit.cpu();
        int vpid = (int) descriptor & 0xFFFF;
        if (descriptor >>> 16 != 0 || type != INVVPID_ALL_CONTEXT && vpid == 0) {
            return false;
        }
        if (type == INVVPID_ADDRESS) {
            if (la << 16 >> 16 != la) {
                return false;
            }
            cpu.mmu.flushPage(la, tag -> TranslationTags.vpid(tag) == vpid);
        } else if (type == INVVPID_ALL_CONTEXT) {
            cpu.mmu.flush(tag -> TranslationTags.vpid(tag) != 0);
        } else {
            // Globals may be dropped as well: invalidating more than asked is always allowed.
            cpu.mmu.flush(tag -> TranslationTags.vpid(tag) == vpid);
        }
        cpu.attend();
        return true;
    }
}

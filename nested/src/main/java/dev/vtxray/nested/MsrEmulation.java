package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import org.jspecify.annotations.Nullable;

/** RDMSR and WRMSR of the guest that runs, where they come to L0. */
final class MsrEmulation {
    private static final int FEATURE_CONTROL = 0x3A;
    private static final long FEATURE_CONTROL_VALUE = 5; // locked, VMXON outside SMX
    private static final int APIC_BASE = 0x1B;
    private static final int TSC = 0x10;
    private static final int TSC_DEADLINE = 0x6E0;
    private static final int EFER = 0xC000_0080;

    private MsrEmulation() {}

    /** @throws GuestFault #GP if the MSR does not exist for the guest */
    static long read(VirtualCpu v, int index) {
        VmcsField field = inVmcs(index);
        if (field != null) {
            return v.running().get(field);
        }
        if (isApic(index)) {
            return v.apicMsrs.read(index);
        }
        if (index == FEATURE_CONTROL) {
            return FEATURE_CONTROL_VALUE;
        }
        if (isVmxCapability(index)) {
            if (!v.profile.vmx().exists(index)) {
                throw GuestFault.generalProtection();
            }
            return v.profile.vmx().msr(index);
        }
        return index == TSC ? v.cpu.realTsc() + v.running().get(TSC_OFFSET) : v.cpu.msrs.read(index);
    }

    /** @throws GuestFault #GP if the MSR does not exist for the guest or does not take the value */
    static void write(L0 l0, VirtualCpu v, int index, long value) {
        if (isApic(index)) {
            v.apicMsrs.write(index, value);
            return;
        }
        if (index == FEATURE_CONTROL || isVmxCapability(index)) {
            throw GuestFault.generalProtection();
        }
        VmcsField field = inVmcs(index);
        if (field == null) {
            v.cpu.msrs.write(index, value);
            return;
        }
        v.running().set(field, checked(v, index, field, value));
    }

    /** The value that a register kept in the VMCS takes, after the checks of WRMSR. */
    private static long checked(VirtualCpu v, int index, VmcsField field, long value) {
        Vmcs vmcs = v.running();
        switch (index) {
            case EFER -> {
                long old = vmcs.get(field);
                boolean changesMode =
                        ((old ^ value) & Control.EFER_LME) != 0 && (vmcs.get(GUEST_CR0) & Control.CR0_PG) != 0;
                if ((value & ~v.profile.eferMask()) != 0 || changesMode) {
                    throw GuestFault.generalProtection();
                }
                return value & ~Control.EFER_LMA | old & Control.EFER_LMA;
            }
            case 0x277 -> {
                for (int shift = 0; shift < 64; shift += 8) {
                    int type = (int) (value >>> shift) & 0xFF;
                    if (type > 7 || type == 2 || type == 3) {
                        throw GuestFault.generalProtection();
                    }
                }
                return value;
            }
            case 0x1D9 -> {
                if ((value & ~v.profile.debugctlMask()) != 0) {
                    throw GuestFault.generalProtection();
                }
                return value;
            }
            default -> {
                if (index != 0x174 && value << 16 >> 16 != value) {
                    throw GuestFault.generalProtection();
                }
                return value;
            }
        }
    }

    /** Where the VMCS holds the value of the guest that does not run at this moment. */
    private static @Nullable VmcsField inVmcs(int index) {
        return switch (index) {
            case 0x174 -> GUEST_IA32_SYSENTER_CS;
            case 0x175 -> GUEST_IA32_SYSENTER_ESP;
            case 0x176 -> GUEST_IA32_SYSENTER_EIP;
            case 0x1D9 -> GUEST_IA32_DEBUGCTL;
            case 0x277 -> GUEST_IA32_PAT;
            case EFER -> GUEST_IA32_EFER;
            case 0xC000_0100 -> GUEST_FS_BASE;
            case 0xC000_0101 -> GUEST_GS_BASE;
            default -> null;
        };
    }

    private static boolean isApic(int index) {
        return index == APIC_BASE || index == TSC_DEADLINE || index >= 0x800 && index <= 0xBFF;
    }

    private static boolean isVmxCapability(int index) {
        return index >= 0x480 && index <= 0x493;
    }
}

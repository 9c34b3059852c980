package dev.vtxray.vmx.capability;

import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmxControl;
import java.util.HashSet;
import java.util.Set;

/** Takes features out of capability MSRs, each with everything that needs it. */
final class CapabilityEditor {
    private static final long EPT_BITS = 0x0000_0000_FFFF_FFFFL;
    private static final long VPID_BITS = 0x0000_FFFF_0000_0000L;
    private static final long INTEL_PT_IN_VMX = 1 << 14;

    private final long[] msrs;
    private final Set<VmxControl> removed = new HashSet<>();

    CapabilityEditor(long[] msrs) {
        this.msrs = msrs.clone();
    }

    void remove(VmxControl control) {
        if (!removed.add(control)) {
            return;
        }
        clear(control);
        removeWhatGoesWith(control);
        for (CapabilityRule rule : CapabilityRule.ALL) {
            if (rule.prerequisite() == control) {
                remove(rule.dependent());
            }
        }
    }

    VmxCapabilities build() {
        return new VmxCapabilities(msrs);
    }

    private void clear(VmxControl control) {
        ControlWord word = control.word();
        for (int msr : new int[] {word.msr(), word.trueMsr()}) {
            int i = msr - VmxCapabilities.FIRST;
            if (word == ControlWord.VM_FUNCTION) {
                msrs[i] &= ~(long) control.mask();
            } else if (control.in((int) msrs[i])) {
                throw new IllegalArgumentException("\"%s\" cannot be taken out: MSR %XH says that it must be 1"
                        .formatted(control.manualName(), msr));
            } else {
                msrs[i] &= ~((control.mask() & 0xFFFF_FFFFL) << 32);
            }
        }
    }

    private void removeWhatGoesWith(VmxControl control) {
        if (control == PrimaryControl.ACTIVATE_SECONDARY_CONTROLS) {
            for (SecondaryControl secondary : SecondaryControl.values()) {
                remove(secondary);
            }
        } else if (control == SecondaryControl.ENABLE_EPT) {
            msrs[VmxCapabilities.EPT_VPID_CAP - VmxCapabilities.FIRST] &= ~EPT_BITS;
        } else if (control == SecondaryControl.ENABLE_VPID) {
            msrs[VmxCapabilities.EPT_VPID_CAP - VmxCapabilities.FIRST] &= ~VPID_BITS;
        } else if (control == SecondaryControl.MODE_BASED_EXECUTE_CONTROL) {
            msrs[VmxCapabilities.EPT_VPID_CAP - VmxCapabilities.FIRST] &=
                    ~EptVpidCapability.ADVANCED_EXIT_INFORMATION.mask();
        } else if (control == ExitControl.CONCEAL_VMX_FROM_PT) {
            msrs[VmxCapabilities.VMX_MISC - VmxCapabilities.FIRST] &= ~INTEL_PT_IN_VMX;
        }
    }
}

package dev.vtxray.testkit.hypervisor;

import dev.vtxray.vmx.capability.VmxCapabilities;
import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.VmxControl;

/**
 * Control words as software has to compute them: what it wants, and what the processor demands to be 1 (SDM, VMX
 * Capability Reporting Facility).
 */
public final class ControlSettings {
    private ControlSettings() {}

    /**
     * A control word.
     *
     * @throws IllegalArgumentException if the processor does not offer a control that is wanted
     */
    public static int of(VmxCapabilities capabilities, ControlWord word, VmxControl... wanted) {
        int value = capabilities.allowed0(word);
        for (VmxControl control : wanted) {
            if (control.word() != word) {
                throw new IllegalArgumentException(control + " belongs to " + control.word() + ", not to " + word);
            }
            if (!capabilities.supports(control)) {
                throw new IllegalArgumentException("the processor does not offer \"" + control.manualName() + "\"");
            }
            value |= control.mask();
        }
        return value;
    }
}

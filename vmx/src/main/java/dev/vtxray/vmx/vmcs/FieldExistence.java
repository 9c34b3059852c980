package dev.vtxray.vmx.vmcs;

import dev.vtxray.vmx.control.SupportedControls;
import dev.vtxray.vmx.control.VmxControl;

/** The condition under which a processor has a field: one of several controls, or a number of CR3-target values. */
record FieldExistence(VmxControl[] anyOf, int cr3TargetCount) {
    static final FieldExistence ALWAYS = new FieldExistence(new VmxControl[0], 0);

    /** The field exists where the 1-setting of at least one of {@code controls} is supported. */
    static FieldExistence with(VmxControl... controls) {
        return new FieldExistence(controls, 0);
    }

    /** The field exists where there are at least {@code count} CR3-target values. */
    static FieldExistence cr3Targets(int count) {
        return new FieldExistence(new VmxControl[0], count);
    }

    boolean holds(SupportedControls supported) {
        for (VmxControl control : anyOf) {
            if (supported.supports(control)) {
                return true;
            }
        }
        return anyOf.length == 0 && supported.cr3TargetCount() >= cr3TargetCount;
    }
}

package dev.vtxray.vmx.vmcs;

import dev.vtxray.vmx.control.SupportedControls;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The VMCS fields that one processor has. */
public final class VmcsFieldSet {
    private final boolean[] exists = new boolean[VmcsField.COUNT];
    private final int highestIndex;

    /** The fields of a processor with these controls. */
    public VmcsFieldSet(SupportedControls supported) {
        int highest = 0;
        for (VmcsField field : VmcsField.values()) {
            if (field.existsOn(supported)) {
                exists[field.ordinal()] = true;
                highest = Math.max(highest, field.index());
            }
        }
        highestIndex = highest;
    }

    public boolean contains(VmcsField field) {
        return exists[field.ordinal()];
    }

    /** As {@link VmcsField#byEncoding}, and null also for a field that this processor does not have. */
    public @Nullable VmcsField byEncoding(long encoding) {
        VmcsField field = VmcsField.byEncoding(encoding);
        return field != null && exists[field.ordinal()] ? field : null;
    }

    /** The highest index of any field, as IA32_VMX_VMCS_ENUM[9:1] reports it. */
    public int highestIndex() {
        return highestIndex;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof VmcsFieldSet set && Arrays.equals(exists, set.exists);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(exists);
    }
}

package dev.vtxray.vmx;

import dev.vtxray.vmx.VmxUnit.Mode;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import org.jspecify.annotations.Nullable;

/** What VMREAD and VMWRITE reach: the current VMCS, or in a guest with VMCS shadowing the shadow VMCS. */
final class VmcsAccess {
    private static final long BITMAP_ENCODINGS = 0x7FFF;

    private VmcsAccess() {}

    /** Whether the access exits if it is made in a guest (SDM, VMX Non-Root Operation, VMREAD and VMWRITE). */
    static boolean exits(VmxUnit unit, long encoding, boolean write) {
        if (unit.mode() != Mode.NON_ROOT) {
            return false;
        }
        if (!SecondaryControl.VMCS_SHADOWING.in(unit.secondaryControls()) || (encoding & ~BITMAP_ENCODINGS) != 0) {
            return true;
        }
        long bitmap = unit.current().get(write ? VmcsField.VMWRITE_BITMAP_ADDRESS : VmcsField.VMREAD_BITMAP_ADDRESS);
        return (unit.memory().read32(bitmap + (encoding >>> 5) * 4) >>> encoding & 1) != 0;
    }

    /** The VMCS that the access goes to, or null if there is none. */
    static @Nullable Vmcs target(VmxUnit unit) {
        if (unit.mode() != Mode.NON_ROOT) {
            return unit.currentPointer() == VmxUnit.NO_POINTER ? null : unit.current();
        }
        long link = unit.current().get(VmcsField.VMCS_LINK_POINTER);
        return link == VmxUnit.NO_POINTER ? null : unit.store().activate(link);
    }

    /** The field with this encoding, or null if this processor has none. */
    static @Nullable VmcsField find(VmxUnit unit, long encoding) {
        return unit.capabilities().fields().byEncoding(encoding);
    }
}

package dev.vtxray.vmx;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.port.ControlRegisterPolicy;
import dev.vtxray.vmx.VmxUnit.Mode;
import dev.vtxray.vmx.capability.VmxCapabilities;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;

/**
 * CR0 and CR4 in VMX operation: bits that are fixed (SDM, VMX Capability Reporting Facility, "VMX-Fixed Bits"), and in a
 * guest the guest/host masks with their read shadows.
 */
final class VmxControlRegisters implements ControlRegisterPolicy {
    private final VmxUnit unit;
    private final long cr0Fixed0;
    private final long cr0Fixed1;
    private final long cr4Fixed0;
    private final long cr4Fixed1;

    private long cr0Mask;
    private long cr0Shadow;
    private long cr4Mask;
    private long cr4Shadow;

    VmxControlRegisters(VmxUnit unit) {
        this.unit = unit;
        VmxCapabilities vmx = unit.capabilities();
        cr0Fixed0 = vmx.msr(VmxCapabilities.CR0_FIXED0);
        cr0Fixed1 = vmx.msr(VmxCapabilities.CR0_FIXED1);
        cr4Fixed0 = vmx.msr(VmxCapabilities.CR4_FIXED0);
        cr4Fixed1 = vmx.msr(VmxCapabilities.CR4_FIXED1);
    }

    /** Takes up the masks and read shadows of the guest that is entered. */
    void takeMasks(Vmcs vmcs) {
        cr0Mask = vmcs.get(VmcsField.CR0_GUEST_HOST_MASK);
        cr0Shadow = vmcs.get(VmcsField.CR0_READ_SHADOW);
        cr4Mask = vmcs.get(VmcsField.CR4_GUEST_HOST_MASK);
        cr4Shadow = vmcs.get(VmcsField.CR4_READ_SHADOW);
    }

    private boolean inGuest() {
        return unit.mode() == Mode.NON_ROOT;
    }

    /** Whether a value could be written to CR0 in VMX operation at all; VMXON asks as well. */
    boolean hasFixedCr0(long value, long free) {
        return (cr0Fixed0 & ~value & ~free | value & ~cr0Fixed1) == 0;
    }

    boolean hasFixedCr4(long value) {
        return (cr4Fixed0 & ~value | value & ~cr4Fixed1) == 0;
    }

    @Override
    public boolean allowsCr0(long value) {
        boolean unrestricted = inGuest() && SecondaryControl.UNRESTRICTED_GUEST.in(unit.secondaryControls());
        return hasFixedCr0(value, unrestricted ? Control.CR0_PE | Control.CR0_PG : 0);
    }

    @Override
    public boolean allowsCr4(long value) {
        return hasFixedCr4(value);
    }

    @Override
    public long readCr0(long cr0) {
        return inGuest() ? cr0 & ~cr0Mask | cr0Shadow & cr0Mask : cr0;
    }

    @Override
    public long readCr4(long cr4) {
        return inGuest() ? cr4 & ~cr4Mask | cr4Shadow & cr4Mask : cr4;
    }

    @Override
    public long mergeCr0(long current, long written) {
        return inGuest() ? current & cr0Mask | written & ~cr0Mask : written;
    }

    @Override
    public long mergeCr4(long current, long written) {
        return inGuest() ? current & cr4Mask | written & ~cr4Mask : written;
    }

    /** Whether a write of CR0 would change a bit that the host owns, as the guest sees it. */
    boolean cr0WriteExits(long value) {
        return ((value ^ cr0Shadow) & cr0Mask) != 0;
    }

    boolean cr4WriteExits(long value) {
        return ((value ^ cr4Shadow) & cr4Mask) != 0;
    }

    boolean cltsExits() {
        return (cr0Mask & cr0Shadow & Control.CR0_TS) != 0;
    }

    /** CLTS changes nothing where the host owns TS and shows it as 0. */
    boolean cltsIsIgnored() {
        return (cr0Mask & Control.CR0_TS) != 0;
    }

    boolean lmswExits(long source) {
        boolean setsPe = (cr0Mask & source & ~cr0Shadow & Control.CR0_PE) != 0;
        return setsPe || ((source ^ cr0Shadow) & cr0Mask & 0xE) != 0;
    }
}

package dev.vtxray.vmx;

import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.port.MsrHandler;

/**
 * IA32_FEATURE_CONTROL and the VMX capability MSRs (SDM, VMX Capability Reporting Facility). The constants are the ranges
 * for which a machine must register it.
 */
public final class VmxMsrs implements MsrHandler {
    public static final int FEATURE_CONTROL = 0x3A;
    public static final int CAPABILITY_FIRST = 0x480;
    public static final int CAPABILITY_LAST = 0x493;

    /** Bits of IA32_FEATURE_CONTROL. */
    public static final long LOCK = 1;

    public static final long VMXON_INSIDE_SMX = 1 << 1;
    public static final long VMXON_OUTSIDE_SMX = 1 << 2;

    private final VmxUnit unit;
    private long featureControl = LOCK | VMXON_OUTSIDE_SMX;

    /** Feature control as firmware leaves it: VMXON allowed outside SMX, locked. */
    public VmxMsrs(VmxUnit unit) {
        this.unit = unit;
        unit.attach(this);
    }

    boolean allowsVmxon() {
        return (featureControl & (LOCK | VMXON_OUTSIDE_SMX)) == (LOCK | VMXON_OUTSIDE_SMX);
    }

    /** What firmware would write before it hands over. */
    public void setFeatureControl(long value) {
        featureControl = value;
    }

    @Override
    public long read(int index) {
        if (index == FEATURE_CONTROL) {
            return featureControl;
        }
        if (!unit.capabilities().exists(index)) {
            throw GuestFault.generalProtection();
        }
        return unit.capabilities().msr(index);
    }

    @Override
    public void write(int index, long value) {
        boolean locked = (featureControl & LOCK) != 0;
        if (index != FEATURE_CONTROL || locked || (value & ~0xFF07L) != 0) {
            throw GuestFault.generalProtection();
        }
        featureControl = value;
    }
}

package dev.vtxray.vmx.vmcs;

/**
 * How VTXray lays out a VMCS region in memory: dword 0 revision identifier and shadow indicator, dword 4 VMX-abort
 * indicator, then the VMCS data, whose format the manual leaves to the processor.
 *
 * <p>SDM, Format of the VMCS Region. All of a VMCS is in its region once stored, so software can move a VMCS by copying
 * its region after VMCLEAR. The layout belongs to the revision identifier of the profile.
 */
public final class VmcsRegionFormat {
    private static final int ABORT_OFFSET = 4;
    private static final int LAUNCH_STATE_OFFSET = 8;
    private static final int DATA_OFFSET = 16;
    private static final int SHADOW_INDICATOR = 1 << 31;

    private static final int[] OFFSETS = new int[VmcsField.COUNT];

    /** Bytes of a region that hold data: never more than any profile's IA32_VMX_BASIC[44:32] promises software. */
    public static final int SIZE = layOut(OFFSETS);

    private VmcsRegionFormat() {}

    /**
     * Writes everything that {@code vmcs} holds to its region.
     *
     * @param hpa the address of the region, 4-KByte aligned
     */
    public static void store(Vmcs vmcs, PhysicalBytes memory, long hpa) {
        memory.write32(hpa, vmcs.revision() | (vmcs.isShadow() ? SHADOW_INDICATOR : 0));
        memory.write32(hpa + ABORT_OFFSET, vmcs.abortIndicator());
        memory.write32(hpa + LAUNCH_STATE_OFFSET, vmcs.launchState().ordinal());
        for (int i = 0; i < VmcsField.COUNT; i++) {
            VmcsField field = VmcsField.at(i);
            if (isQuadword(field)) {
                memory.write64(hpa + OFFSETS[i], vmcs.get(field));
            } else {
                memory.write32(hpa + OFFSETS[i], vmcs.get32(field));
            }
        }
    }

    /**
     * Reads a region into {@code vmcs}, whatever the region holds: values are cut to the width of their fields, and a
     * launch state that was never stored counts as clear.
     *
     * @param hpa the address of the region, 4-KByte aligned
     */
    public static void load(Vmcs vmcs, PhysicalBytes memory, long hpa) {
        int header = memory.read32(hpa);
        vmcs.setRevision(revision(header));
        vmcs.setShadow(isShadow(header));
        vmcs.setAbortIndicator(memory.read32(hpa + ABORT_OFFSET));
        boolean launched = memory.read32(hpa + LAUNCH_STATE_OFFSET) == LaunchState.LAUNCHED.ordinal();
        vmcs.setLaunchState(launched ? LaunchState.LAUNCHED : LaunchState.CLEAR);
        for (int i = 0; i < VmcsField.COUNT; i++) {
            VmcsField field = VmcsField.at(i);
            vmcs.set(field, isQuadword(field) ? memory.read64(hpa + OFFSETS[i]) : memory.read32(hpa + OFFSETS[i]));
        }
    }

    /** Writes only the VMX-abort indicator. */
    public static void storeAbortIndicator(int indicator, PhysicalBytes memory, long hpa) {
        memory.write32(hpa + ABORT_OFFSET, indicator);
    }

    /** The revision identifier in a region's first dword. */
    public static int revision(int header) {
        return header & ~SHADOW_INDICATOR;
    }

    /** The shadow-VMCS indicator in a region's first dword. */
    public static boolean isShadow(int header) {
        return header < 0;
    }

    /** Where in the region a field's value lies, little-endian in {@link #widthOf} bytes. */
    public static int offsetOf(VmcsField field) {
        return OFFSETS[field.ordinal()];
    }

    /** Bytes that a field takes in the region: 8, or 4 for fields of 16 and 32 bits. */
    public static int widthOf(VmcsField field) {
        return isQuadword(field) ? 8 : 4;
    }

    private static int layOut(int[] offsets) {
        int next = DATA_OFFSET;
        for (boolean quadwords : new boolean[] {true, false}) {
            for (VmcsField field : VmcsField.values()) {
                if (isQuadword(field) == quadwords) {
                    offsets[field.ordinal()] = next;
                    next += quadwords ? 8 : 4;
                }
            }
        }
        return next;
    }

    private static boolean isQuadword(VmcsField field) {
        return field.width().bits() == 64;
    }
}

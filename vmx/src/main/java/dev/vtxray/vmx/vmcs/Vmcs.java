package dev.vtxray.vmx.vmcs;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The data of one virtual-machine control structure: a value per field, the launch state, and what the header of its
 * region says.
 *
 * <p>Every value is stored truncated to the width of its field. The structure also notes which fields have changed
 * since {@link #markChecked}: a VM entry needs to check only what looks at those.
 */
public final class Vmcs {
    static final int CHANGE_WORDS = (VmcsField.COUNT + 63) / 64;

    private static final long LOW_HALF = 0xFFFF_FFFFL;

    private final long[] values = new long[VmcsField.COUNT];
    private final long[] changed = new long[CHANGE_WORDS];
    private final long[] checkedValues = new long[VmcsField.COUNT];
    private @Nullable Object checkedBy;
    private LaunchState launchState = LaunchState.CLEAR;
    private int revision;
    private boolean shadow;
    private int abortIndicator;

    /**
     * A VMCS with every field 0.
     *
     * @param revision the VMCS revision identifier, 31 bits
     */
    public Vmcs(int revision) {
        setRevision(revision);
    }

    /** The value of a field, zero-extended. */
    public long get(VmcsField field) {
        return values[field.ordinal()];
    }

    /** Bits 31:0 of a field. */
    public int get32(VmcsField field) {
        return (int) values[field.ordinal()];
    }

    /** Stores the bits of {@code value} that the field has. */
    public void set(VmcsField field, long value) {
        int i = field.ordinal();
        long stored = value & field.valueMask();
        if (values[i] != stored) {
            values[i] = stored;
            changed[i >> 6] |= 1L << i;
        }
    }

    /**
     * What VMREAD of an encoding gives. SDM, VMREAD, VMWRITE, and Encodings of VMCS Fields.
     *
     * @param encoding an encoding of {@code field}: full, or the high half
     */
    public long read(VmcsField field, long encoding, boolean in64BitMode) {
        long value = values[field.ordinal()];
        if (VmcsField.isHighHalf(encoding)) {
            return value >>> 32;
        }
        return in64BitMode ? value : value & LOW_HALF;
    }

    /**
     * What VMWRITE to an encoding does. SDM, VMREAD, VMWRITE, and Encodings of VMCS Fields.
     *
     * @param encoding an encoding of {@code field}: full, or the high half
     */
    public void write(VmcsField field, long encoding, long source, boolean in64BitMode) {
        if (VmcsField.isHighHalf(encoding)) {
            set(field, source << 32 | values[field.ordinal()] & LOW_HALF);
        } else {
            set(field, in64BitMode ? source : source & LOW_HALF);
        }
    }

    public LaunchState launchState() {
        return launchState;
    }

    public void setLaunchState(LaunchState launchState) {
        this.launchState = launchState;
    }

    /** The VMCS revision identifier: bits 30:0 of the region's first dword. */
    public int revision() {
        return revision;
    }

    /**
     * Changes the revision identifier.
     *
     * @throws IllegalArgumentException if bit 31 is set: it is the shadow-VMCS indicator, not part of the identifier
     */
    public void setRevision(int revision) {
        if (revision < 0) {
            throw new IllegalArgumentException(
                    "VMCS revision identifier %08XH has bit 31 set; it has 31 bits".formatted(revision));
        }
        this.revision = revision;
    }

    /** The shadow-VMCS indicator: bit 31 of the region's first dword. */
    public boolean isShadow() {
        return shadow;
    }

    public void setShadow(boolean shadow) {
        this.shadow = shadow;
    }

    /** The VMX-abort indicator, 0 if there was none. */
    public int abortIndicator() {
        return abortIndicator;
    }

    public void setAbortIndicator(int abortIndicator) {
        this.abortIndicator = abortIndicator;
    }

    /** Takes over everything that {@code other} holds, its launch state and header included. */
    public void copyFrom(Vmcs other) {
        System.arraycopy(other.values, 0, values, 0, values.length);
        launchState = other.launchState;
        revision = other.revision;
        shadow = other.shadow;
        abortIndicator = other.abortIndicator;
        checkedBy = null;
    }

    /**
     * Notes that all checks of {@code checker} pass on the present values.
     *
     * @param checker stands for the processor whose rules were applied, compared by identity
     */
    public void markChecked(Object checker) {
        if (checkedBy == checker) {
            for (int word = 0; word < CHANGE_WORDS; word++) {
                for (long left = changed[word]; left != 0; left &= left - 1) {
                    int i = word << 6 | Long.numberOfTrailingZeros(left);
                    checkedValues[i] = values[i];
                }
            }
        } else {
            System.arraycopy(values, 0, checkedValues, 0, values.length);
            checkedBy = checker;
        }
        Arrays.fill(changed, 0);
    }

    /** Whether {@link #markChecked} was last called by this checker, so that only changed fields can have gone bad. */
    public boolean wasCheckedBy(Object checker) {
        return checkedBy == checker;
    }

    /**
     * The fields set to another value since {@link #markChecked}, as bits by ordinal.
     *
     * @param word 0 for ordinals 0 to 63, and so on; below {@link #changeWords()}
     */
    public long changedFields(int word) {
        return changed[word];
    }

    /**
     * The bits of a field that differ from their value at {@link #markChecked}.
     *
     * @param ordinal the field's ordinal
     */
    public long changedBits(int ordinal) {
        return values[ordinal] ^ checkedValues[ordinal];
    }

    /** How many words {@link #changedFields} has. */
    public static int changeWords() {
        return CHANGE_WORDS;
    }
}

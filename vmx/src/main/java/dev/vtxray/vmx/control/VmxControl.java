package dev.vtxray.vmx.control;

/** One bit of a control word, under the name the manual gives it. */
public sealed interface VmxControl
        permits PinControl, PrimaryControl, SecondaryControl, ExitControl, EntryControl, VmFunctionControl {
    /** The word that holds this bit. */
    ControlWord word();

    /** The position of this bit, 0 to 31. */
    int bit();

    /** A word with only this bit set. */
    default int mask() {
        return 1 << bit();
    }

    /** The name in the manual's spelling, such as {@code "HLT exiting"}. */
    String manualName();

    /** The constant's name, such as {@code "HLT_EXITING"}. */
    String name();

    /** Whether this control is 1 in {@code word}. */
    default boolean in(int word) {
        return (word & mask()) != 0;
    }
}

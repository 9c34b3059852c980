package dev.vtxray.testkit.hypervisor;

/** What a hypervisor does with a virtual CPU that executes HLT. */
public enum HaltHandling {
    /** HLT does not exit: the virtual CPU halts in the guest. */
    NOT_EXITING,
    /** HLT exits, and the hypervisor waits in root operation until there is an interrupt for the virtual CPU. */
    WAIT_IN_ROOT,
    /** HLT exits, and the hypervisor enters the guest again in activity state HLT. */
    REENTER_HALTED
}

package dev.vtxray.vmx;

/**
 * The host of the hosted world: root software that is written in Java. Every VM exit arrives here as a value, after the
 * guest's state was saved in its VMCS.
 */
public interface RootSoftware {
    /**
     * Handles a VM exit. When the method returns, the processor runs whatever was entered last with
     * {@link VmxUnit#enter}; a host that enters nothing must have stopped the machine.
     *
     * @param exit the exit; {@link VmExit#entryFailure()} tells a failed entry from an exit of a guest that ran
     * @param unit the processor on which it happened
     */
    void onExit(VmExit exit, VmxUnit unit);
}

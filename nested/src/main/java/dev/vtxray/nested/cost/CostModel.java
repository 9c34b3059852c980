package dev.vtxray.nested.cost;

/**
 * The formulas of nested virtualization, in operations that a {@link CostColumn} prices. Everything is serial: what one
 * CPU does is never hidden behind the work of another.
 */
public final class CostModel {
    private CostModel() {}

    /** A VM exit with which L0 has next to nothing to do, and the VM entry after it. */
    public static CostSum nullExit() {
        return CostSum.of(Cost.EXIT_ENTRY_PAIR, Cost.L0_NULL_EXIT);
    }

    /** A VM exit for a device that L0 emulates in its kernel, such as a local APIC. */
    public static CostSum deviceExit() {
        return nullExit().plus(1, Cost.L0_DEVICE_EXIT);
    }

    /** A VMREAD or VMWRITE of L1 that exits to L0. */
    public static CostSum emulatedVmcsAccess() {
        return nullExit().plus(1, Cost.EMULATED_VMCS_ACCESS);
    }

    /**
     * One nested exit: the exit of L2 that L0 reflects, the handler of L1 with its accesses to vmcs12, and its VMRESUME.
     *
     * @param vmreads how many VMREADs the handler executes
     * @param vmwrites how many VMWRITEs the handler executes
     */
    public static CostSum nestedExit(int vmreads, int vmwrites) {
        return worldSwitches().plus(emulatedVmcsAccess().times(vmreads + (long) vmwrites));
    }

    /** The same where VMCS shadowing completes every access of the handler without an exit. */
    public static CostSum nestedExitWithShadowing(int vmreads, int vmwrites) {
        return worldSwitches()
                .plus(1, Cost.SHADOW_VMCS_SYNC)
                .plus(vmreads, Cost.VMREAD)
                .plus(vmwrites, Cost.VMWRITE);
    }

    private static CostSum worldSwitches() {
        return nullExit().times(2).plus(1, Cost.NESTED_ENTRY).plus(1, Cost.NESTED_EXIT);
    }
}

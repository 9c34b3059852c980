package dev.vtxray.vmx.entry;

import dev.vtxray.vmx.capability.CpuFeature;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.capability.VmxCapabilities;
import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.vmcs.PhysicalBytes;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;

/**
 * What the checks of a VM entry look at: the processor, the current VMCS, memory, and the state in which VMLAUNCH or
 * VMRESUME runs. One object per virtual CPU serves all of its entries: {@link #prepare} points it at the next one.
 */
public final class EntryState {
    private static final long CR0_NW_CD = 0x6000_0000;

    // @formatter:off
    final CpuProfile      cpu;
    final VmxCapabilities vmx;
    final PhysicalBytes   memory;

    /** The bits that must and may be 1, by ordinal of the control word. */
    final int[]   required  = new int[ControlWord.values().length];
    final int[]   supported = new int[ControlWord.values().length];
    final long    cr0Fixed0;
    final long    cr0Fixed1;
    final long    cr4Fixed0;
    final long    cr4Fixed1;
    final long    eptVpidCap;
    final long    cr3Mask;
    final boolean intel64;
    final boolean hasSgx;
    final boolean hasRtm;
    final boolean supportsMtf;
    final boolean injectsAnyErrorCode;
    final boolean injectsZeroLength;

    Vmcs    vmcs;
    long    currentVmcsHpa;
    boolean eferLma;
    boolean inSmm;

    /** The control words, each 0 unless the control that activates it is 1. */
    int pin;
    int proc;
    int proc2;
    int exit;
    int entry;
    int vmfunc;
    // @formatter:on

    /** The rows that the next incremental evaluation must look at. */
    final long[] rowsToEvaluate = new long[VmEntryChecks.ROW_WORDS];

    private final long notPhysical;
    private final int linearAddressWidth;

    /** The entries of a processor that sees this memory. */
    public EntryState(CpuProfile cpu, PhysicalBytes memory) {
        this.cpu = cpu;
        this.vmx = cpu.vmx();
        this.memory = memory;
        this.vmcs = new Vmcs(vmx.revision());
        for (ControlWord word : ControlWord.values()) {
            required[word.ordinal()] = vmx.allowed0(word);
            supported[word.ordinal()] = vmx.allowed1(word);
        }
        cr0Fixed0 = vmx.msr(VmxCapabilities.CR0_FIXED0);
        cr0Fixed1 = vmx.msr(VmxCapabilities.CR0_FIXED1);
        cr4Fixed0 = vmx.msr(VmxCapabilities.CR4_FIXED0);
        cr4Fixed1 = vmx.msr(VmxCapabilities.CR4_FIXED1);
        eptVpidCap = vmx.msr(VmxCapabilities.EPT_VPID_CAP);
        cr3Mask = (1L << cpu.physicalAddressWidth()) - 1;
        intel64 = cpu.has(CpuFeature.LM);
        hasSgx = cpu.has(CpuFeature.SGX);
        hasRtm = cpu.has(CpuFeature.RTM);
        supportsMtf = vmx.supports(PrimaryControl.MONITOR_TRAP_FLAG);
        injectsAnyErrorCode = vmx.injectsAnyErrorCode();
        injectsZeroLength = vmx.injectsWithZeroLength();
        notPhysical = ~(vmx.limitsAddressesTo32Bits() ? cr3Mask & 0xFFFF_FFFFL : cr3Mask);
        linearAddressWidth = cpu.linearAddressWidth();
    }

    /**
     * Takes up the next VM entry. Call it again after changing the VMCS.
     *
     * @param vmcs           the current VMCS
     * @param currentVmcsHpa the current-VMCS pointer
     * @param eferLma        whether the processor is in IA-32e mode
     * @param inSmm          whether it is in system-management mode
     */
    public void prepare(Vmcs vmcs, long currentVmcsHpa, boolean eferLma, boolean inSmm) {
        this.vmcs = vmcs;
        this.currentVmcsHpa = currentVmcsHpa;
        this.eferLma = eferLma;
        this.inSmm = inSmm;
        pin = vmcs.get32(VmcsField.PIN_BASED_VM_EXEC_CONTROLS);
        proc = vmcs.get32(VmcsField.PRIMARY_PROC_BASED_VM_EXEC_CONTROLS);
        proc2 = PrimaryControl.ACTIVATE_SECONDARY_CONTROLS.in(proc)
                ? vmcs.get32(VmcsField.SECONDARY_PROC_BASED_VM_EXEC_CONTROLS)
                : 0;
        exit = vmcs.get32(VmcsField.PRIMARY_VM_EXIT_CONTROLS);
        entry = vmcs.get32(VmcsField.VM_ENTRY_CONTROLS);
        vmfunc = SecondaryControl.ENABLE_VM_FUNCTIONS.in(proc2) ? vmcs.get32(VmcsField.VM_FUNCTION_CONTROLS) : 0;
    }

    /** The processor whose rules apply. */
    public CpuProfile cpu() {
        return cpu;
    }

    /** The VMCS of the entry under way. */
    public Vmcs vmcs() {
        return vmcs;
    }

    long get(VmcsField field) {
        return vmcs.get(field);
    }

    int get32(VmcsField field) {
        return vmcs.get32(field);
    }

    /** The word of effective controls: 0 unless the control that activates it is 1. */
    public int controls(ControlWord word) {
        return switch (word) {
            case PIN_BASED -> pin;
            case PRIMARY_PROCESSOR_BASED -> proc;
            case SECONDARY_PROCESSOR_BASED -> proc2;
            case VM_EXIT -> exit;
            case VM_ENTRY -> entry;
            case VM_FUNCTION -> vmfunc;
        };
    }

    /**
     * Whether CR0 has the bits that VMX operation fixes; NW and CD are never checked.
     *
     * @param free bits that need not be 1
     */
    boolean hasFixedCr0Bits(long cr0, long free) {
        return ((cr0Fixed0 & ~cr0 & ~free | cr0 & ~cr0Fixed1) & ~CR0_NW_CD) == 0;
    }

    boolean isIa32eModeGuest() {
        return EntryControl.IA32E_MODE_GUEST.in(entry);
    }

    boolean isUnrestrictedGuest() {
        return SecondaryControl.UNRESTRICTED_GUEST.in(proc2);
    }

    boolean isPhysicalAddress(long address) {
        return (address & notPhysical) == 0;
    }

    boolean isCanonical(long address) {
        int unused = 64 - linearAddressWidth;
        return address << unused >> unused == address;
    }

    /** Whether the bits above the linear-address width are all equal; the highest bit within it may differ. */
    boolean hasIdenticalUpperBits(long address) {
        long upper = address >> linearAddressWidth;
        return upper == 0 || upper == -1;
    }

    /** SDM, PAE Paging: a present entry has no reserved bit set. */
    boolean isPdpteOk(long pdpte) {
        return (pdpte & 1) == 0 || (pdpte & (0x1E6 | ~cr3Mask)) == 0;
    }
}

package dev.vtxray.vmx;

import dev.vtxray.apic.LocalApic;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.capability.VmxCapabilities;
import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.entry.EntryState;
import dev.vtxray.vmx.entry.VmEntryCheck;
import dev.vtxray.vmx.entry.VmEntryChecks;
import dev.vtxray.vmx.entry.VmEntryReport;
import dev.vtxray.vmx.vmcs.PhysicalBytes;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import org.jspecify.annotations.Nullable;

/**
 * The virtual-machine extensions of one processor: its VMX state, and the two ways in and out of a guest.
 *
 * <p>In the architectural world a VM exit loads the host state of the VMCS and the CPU goes on at HOST_RIP, in code of the
 * image. In the hosted world the host is Java: {@link #host} gets the exit as a value, and enters guests with
 * {@link #enter}. Everything before that last step is the same.
 */
public final class VmxUnit {
    /** VMX operation of the processor. */
    public enum Mode {
        OFF,
        ROOT,
        NON_ROOT
    }

    /** VMXON pointer or current-VMCS pointer when there is none. */
    public static final long NO_POINTER = -1;

    private final Cpu cpu;
    private final CpuProfile profile;
    private final VmcsStore store;
    private final @Nullable LocalApic localApic;
    private final EntryState entryState;
    private final VmEntry entry;
    private final ExitDelivery exitDelivery;
    private final InterceptTable intercepts;
    private final VmxControlRegisters controlRegisters;
    private final BoundaryEventsInGuest boundary;
    private final ExceptionGate gate;
    private final EptWalk ept;
    private final ApicUnit apic;
    private final PreemptionTimer timer;
    private final GuestContext guestContext;

    private Mode mode = Mode.OFF;
    private long vmxonPointer = NO_POINTER;
    private long currentPointer = NO_POINTER;
    private @Nullable Vmcs current;
    private VmxObserver observer = VmxObserver.NONE;
    private @Nullable RootSoftware host;
    private @Nullable VmEntryReport lastEntryReport;
    private @Nullable VmxMsrs msrs;

    // Controls of the guest that runs, effective.
    private int pin;
    private int primary;
    private int secondary;
    private int exitWord;
    private int entryWord;
    private long guestTag;

    /** Virtual-NMI blocking of the guest that runs. */
    boolean virtualNmiBlocking;
    /** A VM exit for the monitor trap flag is due at the next boundary. */
    boolean monitorTrapPending;

    /**
     * The extensions of a processor.
     *
     * @param localApic the processor's local APIC, for posted-interrupt processing; null if it has none
     */
    public VmxUnit(Cpu cpu, CpuProfile profile, VmcsStore store, @Nullable LocalApic localApic) {
        this.cpu = cpu;
        this.profile = profile;
        this.store = store;
        this.localApic = localApic;
        this.entryState = new EntryState(profile, store.memory());
        this.timer = new PreemptionTimer(cpu, profile.vmx().preemptionTimerShift());
        this.ept = new EptWalk(this);
        this.apic = new ApicUnit(this);
        this.entry = new VmEntry(this);
        this.exitDelivery = new ExitDelivery(this);
        this.controlRegisters = new VmxControlRegisters(this);
        this.intercepts = new InterceptTable(this, controlRegisters);
        this.boundary = new BoundaryEventsInGuest(this);
        this.gate = new ExceptionGate(this);
        this.guestContext = new GuestContext(this);
    }

    public Cpu cpu() {
        return cpu;
    }

    public CpuProfile profile() {
        return profile;
    }

    public VmxCapabilities capabilities() {
        return profile.vmx();
    }

    public Mode mode() {
        return mode;
    }

    /** The VMCSs of the machine. */
    public VmcsStore store() {
        return store;
    }

    PhysicalBytes memory() {
        return store.memory();
    }

    long physicalMask() {
        return (1L << profile.physicalAddressWidth()) - 1;
    }

    @Nullable
    LocalApic localApic() {
        return localApic;
    }

    ApicUnit apic() {
        return apic;
    }

    PreemptionTimer timer() {
        return timer;
    }

    EptWalk ept() {
        return ept;
    }

    EntryState entryState() {
        return entryState;
    }

    ExitDelivery exits() {
        return exitDelivery;
    }

    // observation

    /** Lets an observer see VM entries and exits. */
    public void setObserver(VmxObserver newObserver) {
        observer = newObserver;
    }

    VmxObserver observer() {
        return observer;
    }

    /** The report on the last VM entry that failed a check, or null if none did yet. */
    public @Nullable VmEntryReport lastEntryReport() {
        return lastEntryReport;
    }

    void explainEntry() {
        lastEntryReport = VmEntryChecks.report(entryState);
    }

    // the hosted world

    /** The Java host, or null in the architectural world. */
    public @Nullable RootSoftware host() {
        return host;
    }

    /** Makes the host Java: VM exits go to it from now on. */
    public void setHost(RootSoftware rootSoftware) {
        host = rootSoftware;
        if (mode == Mode.OFF) {
            mode = Mode.ROOT;
        }
    }

    /**
     * VM entry by the Java host.
     *
     * @return the check that failed, or null if the guest runs now; an entry that fails on guest state or MSR loading is
     *     reported to the host as an exit, as by the hardware
     */
    public @Nullable VmEntryCheck enter(Vmcs vmcs) {
        if (host == null) {
            throw new IllegalStateException("enter() is for a Java host; in the architectural world software executes"
                    + " VMLAUNCH or VMRESUME");
        }
        current = vmcs;
        return entry.enterHosted(vmcs);
    }

    /**
     * Writes the state in which the processor is into the guest-state area, for a host that takes over running software.
     * The control words of {@code vmcs} must be set already.
     */
    public void capture(Vmcs vmcs) {
        takeControls(vmcs);
        cpu.current = null;
        GuestState.save(cpu, vmcs, this, VmExit.of(ExitReason.CPUID), cpu.flags.get());
    }

    /** Access to the guest that was left last, for a Java host that handles its exit. */
    public GuestContext guestContext() {
        return guestContext;
    }

    long guestTag() {
        return guestTag;
    }

    /** Leaves the guest that runs as a VM exit of this reason would, for a host that decides so by itself. */
    void deliver(VmExit exit) {
        exitDelivery.deliver(exit);
    }

    // VMX operation

    void attach(VmxMsrs vmxMsrs) {
        msrs = vmxMsrs;
    }

    long vmxeBit() {
        return 1 << 13;
    }

    /** Whether IA32_FEATURE_CONTROL and the fixed bits of CR0 and CR4 let VMXON succeed. */
    boolean allowsVmxon() {
        VmxMsrs attached = msrs;
        return attached != null && attached.allowsVmxon() && VmxInstructions.hasFixedBits(cpu, controlRegisters);
    }

    /** VM entry by instruction. @return a VM-instruction error number, or 0 */
    int enterArchitectural() {
        return entry.enterArchitectural(current());
    }

    void enterVmxOperation(long pointer) {
        mode = Mode.ROOT;
        vmxonPointer = pointer;
        setCurrent(NO_POINTER);
        cpu.crPolicy = controlRegisters;
        cpu.boundaryEvents = boundary;
    }

    void leaveVmxOperation() {
        mode = Mode.OFF;
        vmxonPointer = NO_POINTER;
        setCurrent(NO_POINTER);
        cpu.crPolicy = null;
        cpu.boundaryEvents = null;
    }

    long vmxonPointer() {
        return vmxonPointer;
    }

    /** Address of the current VMCS, or {@link #NO_POINTER}. */
    public long currentPointer() {
        return currentPointer;
    }

    void setCurrent(long pointer) {
        currentPointer = pointer;
        current = pointer == NO_POINTER ? null : store.activate(pointer);
    }

    /** The current VMCS. */
    public Vmcs current() {
        Vmcs vmcs = current;
        if (vmcs == null) {
            throw new IllegalStateException("there is no current VMCS; ask currentPointer() first");
        }
        return vmcs;
    }

    // guest mode

    /** Reads the control words of the guest about to run. */
    void takeControls(Vmcs vmcs) {
        entryState.prepare(vmcs, currentPointer, host != null || cpu.longMode, false);
        pin = entryState.controls(ControlWord.PIN_BASED);
        primary = entryState.controls(ControlWord.PRIMARY_PROCESSOR_BASED);
        secondary = entryState.controls(ControlWord.SECONDARY_PROCESSOR_BASED);
        exitWord = entryState.controls(ControlWord.VM_EXIT);
        entryWord = entryState.controls(ControlWord.VM_ENTRY);
    }

    /** Occupies the CPU's ports: from here on a guest runs. */
    void startGuest(Vmcs vmcs) {
        mode = Mode.NON_ROOT;
        ept.configure(
                usesEpt(),
                vmcs.get(VmcsField.EPT_POINTER),
                SecondaryControl.VIRTUALIZE_APIC_ACCESSES.in(secondary),
                vmcs.get(VmcsField.APIC_ACCESS_ADDRESS));
        cpu.interceptor = intercepts;
        cpu.secondStage = ept.isNeeded() ? ept : null;
        cpu.eventGate = gate;
        cpu.crPolicy = controlRegisters;
        cpu.boundaryEvents = boundary;
        cpu.tscView = VmEntry.tscOffset(vmcs, primary);
        guestTag = TranslationTags.of(
                usesVpid() ? vmcs.get32(VmcsField.VIRTUAL_PROCESSOR_IDENTIFIER) : 0,
                usesEpt() ? vmcs.get(VmcsField.EPT_POINTER) : 0,
                usesEpt());
        cpu.translationTag = guestTag;
        cpu.translationTagMask = TranslationTags.VPID;
        controlRegisters.takeMasks(vmcs);
        apic.configure(vmcs);
        flushIfUntagged();
        cpu.contextChanged();
    }

    /** Leaves the CPU's ports: root software runs again. */
    void stopGuest() {
        mode = Mode.ROOT;
        timer.stop();
        monitorTrapPending = false;
        flushIfUntagged();
        cpu.interceptor = null;
        cpu.secondStage = null;
        cpu.eventGate = null;
        cpu.tscView = 0;
        cpu.translationTag = 0;
        cpu.translationTagMask = -1;
        cpu.mmu.alone = true;
    }

    /**
     * Whether the access that leaves the guest is one of an IRET that ended the blocking of NMIs, as bit 12 of an exit
     * qualification or of the interruption information reports it.
     */
    boolean unblocksNmiByIret() {
        Insn insn = cpu.current;
        return cpu.nmiUnblockedByIret && insn != null && insn.row.mnemonic().equals("IRET") && cpu.delivering == null;
    }

    /** Without VPID every transition drops what VPID 0 has cached. */
    private void flushIfUntagged() {
        if (!usesVpid()) {
            cpu.mmu.flush(TranslationTags::isUntagged);
        }
    }

    int pinControls() {
        return pin;
    }

    int primaryControls() {
        return primary;
    }

    int secondaryControls() {
        return secondary;
    }

    int exitControls() {
        return exitWord;
    }

    int entryControls() {
        return entryWord;
    }

    boolean usesEpt() {
        return SecondaryControl.ENABLE_EPT.in(secondary);
    }

    boolean usesVpid() {
        return SecondaryControl.ENABLE_VPID.in(secondary);
    }
}

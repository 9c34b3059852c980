package dev.vtxray.nested;

import dev.vtxray.apic.ApicMode;
import dev.vtxray.apic.ApicMsrs;
import dev.vtxray.apic.LocalApic;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.port.CpuidSource;
import dev.vtxray.vmx.VmxUnit;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.capability.ProfileCpuid;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.entry.EntryState;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import dev.vtxray.vmx.vmcs.VmcsRegionFormat;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One processor as L1 sees it, and L0's state for it. */
final class VirtualCpu {
    /** Tags of cached translations: L1's and L2's. */
    static final int VPID_01 = 1;

    static final int VPID_02 = 2;
    static final long NO_POINTER = -1;

    final int number;
    final VmxUnit unit;
    final Cpu cpu;
    final HostMemory host;
    /** The local APIC that L1 sees. */
    final LocalApic apic;

    /** The MSRs of that APIC. */
    final ApicMsrs apicMsrs;
    /** The processor that L1 sees. */
    final CpuProfile profile;

    final CpuidSource cpuid;
    /** Checks of L1's VM entries. */
    final EntryState entryState12;

    final Vmcs vmcs01;
    final Vmcs vmcs02;
    /** Cache of the VMCS that L1 has made current. */
    final Vmcs vmcs12;
    /** Shadow VMCS behind vmcs01's link pointer, if VMCS shadowing is used. */
    final Vmcs shadow;

    private final long shadowRegion;

    /** L1-physical addresses; {@link #NO_POINTER} if there is none. */
    long vmxonPointer = NO_POINTER;

    long vmcs12Pointer = NO_POINTER;

    boolean inVmxOperation;
    /** Whether L2 is what runs when this processor runs. */
    boolean inL2;
    /** Whether L0 is at work on it right now. */
    boolean inL0;
    /** Whether L1 has halted, or waits for a Start-up IPI, and L0 waits for something that wakes it. */
    boolean waiting;

    boolean waitsForSipi;
    /** Whether a triple fault or VMX abort of L1 has ended all activity of this processor. */
    boolean shutDown;
    /** An INIT for L1 that waits until L1 leaves VMX operation or L2 runs. */
    boolean initPending;

    int sipiPending = -1;
    boolean nmiPending;

    /** VPID of the vmcs12 that ran last, 0 if it had none: what it cached is tagged {@link #VPID_02} like all of L2. */
    private int lastVpid12;

    private final List<ShadowEpt> shadowEpts = new ArrayList<>();

    VirtualCpu(VmxUnit unit, HostMemory host, LocalApic apic, CpuProfile profile, int cpuCount) {
        this.number = unit.cpu().number;
        this.unit = unit;
        this.cpu = unit.cpu();
        this.host = host;
        this.apic = apic;
        this.profile = profile;
        this.apicMsrs = new ApicMsrs(apic);
        this.entryState12 = new EntryState(profile, host.guestView());
        this.cpuid = new ProfileCpuid(profile, new CpuidState(), () -> cpuCount);
        int revision = unit.capabilities().revision();
        vmcs01 = new Vmcs(revision);
        vmcs02 = new Vmcs(revision);
        vmcs12 = new Vmcs(revision);
        shadowRegion = host.allocate();
        Vmcs empty = new Vmcs(revision);
        empty.setShadow(true);
        VmcsRegionFormat.store(empty, host.bytes(), shadowRegion);
        shadow = unit.store().activate(shadowRegion);
    }

    /** What CPUID shows of the state of L1's processor. */
    private final class CpuidState implements ProfileCpuid.State {
        @Override
        public int apicId() {
            return apic.id();
        }

        @Override
        public boolean apicEnabled() {
            return apic.mode() != ApicMode.DISABLED;
        }

        @Override
        public long cr4() {
            return cpu.cr4;
        }
    }

    Level level() {
        return inL2 ? Level.L2 : Level.L1;
    }

    /** The VMCS with which the processor runs now. */
    Vmcs running() {
        return inL2 ? vmcs02 : vmcs01;
    }

    // vmcs12

    boolean hasVmcs12() {
        return vmcs12Pointer != NO_POINTER;
    }

    /** Makes the VMCS at this L1-physical address current. */
    void loadVmcs12(long pointer, boolean shadowing) {
        releaseVmcs12(shadowing);
        VmcsRegionFormat.load(vmcs12, host.guestView(), pointer);
        vmcs12Pointer = pointer;
        if (shadowing && !vmcs12.isShadow()) {
            ShadowedFields.copyToShadow(vmcs12, shadow);
            setShadow(shadowRegion);
        }
    }

    /** Writes the current VMCS back to its region and has none current afterwards. */
    void releaseVmcs12(boolean shadowing) {
        if (!hasVmcs12()) {
            return;
        }
        if (shadowing && vmcs01.get(VmcsField.VMCS_LINK_POINTER) != NO_POINTER) {
            ShadowedFields.copyFromShadow(shadow, vmcs12);
        }
        VmcsRegionFormat.store(vmcs12, host.guestView(), vmcs12Pointer);
        vmcs12Pointer = NO_POINTER;
        setShadow(NO_POINTER);
    }

    /** Shadowing is on only while L1 has a VMCS: otherwise its VMREADs and VMWRITEs fault or fail in other ways. */
    private void setShadow(long pointer) {
        long control = SecondaryControl.VMCS_SHADOWING.mask();
        long controls = vmcs01.get(VmcsField.SECONDARY_PROC_BASED_VM_EXEC_CONTROLS) & ~control;
        vmcs01.set(
                VmcsField.SECONDARY_PROC_BASED_VM_EXEC_CONTROLS, pointer == NO_POINTER ? controls : controls | control);
        vmcs01.set(VmcsField.VMCS_LINK_POINTER, pointer);
    }

    /** Whether L1 is in VMX operation; while it is, L0 has to see each attempt to clear what VMX operation fixes. */
    void setVmxOperation(boolean on) {
        inVmxOperation = on;
        long owned = vmcs01.get(VmcsField.CR0_GUEST_HOST_MASK);
        long seen = vmcs01.get(VmcsField.GUEST_CR0) & ~owned | vmcs01.get(VmcsField.CR0_READ_SHADOW) & owned;
        vmcs01.set(VmcsField.CR0_READ_SHADOW, seen);
        vmcs01.set(VmcsField.CR0_GUEST_HOST_MASK, on ? Vmcs01.CR0_FIXED : Vmcs01.CR0_OWNED);
    }

    /** Drops L2's cached translations unless the L2 that runs next is the same by its VPID. @param vpid12 0 for none */
    void forgetTranslationsOfOthers(int vpid12) {
        if (vpid12 == 0 || vpid12 != lastVpid12) {
            cpu.mmu.flushAll();
        }
        lastVpid12 = vpid12;
    }

    // EPT02

    /** The shadow of L1's tables with this EPT pointer. */
    ShadowEpt shadowEpt(long eptp12) {
        for (ShadowEpt candidate : shadowEpts) {
            if (candidate.eptp12() == eptp12) {
                return candidate;
            }
        }
        ShadowEpt made = new ShadowEpt(host, eptp12);
        shadowEpts.add(made);
        return made;
    }

    /** Drops what was built from tables with this root, or from all. */
    void dropShadowEpts(@Nullable Long eptp12) {
        for (ShadowEpt candidate : shadowEpts) {
            if (eptp12 == null || (candidate.eptp12() ^ eptp12) >>> 12 == 0) {
                candidate.drop();
            }
        }
    }
}

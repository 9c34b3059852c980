package dev.vtxray.vmx;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.vmcs.Vmcs;

/** The host-state area, as a VM exit loads it (SDM, VM Exits, "Loading Host State"). */
final class HostState {
    private static final long CR0_NOT_LOADED = Control.CR0_ET | Control.CR0_NW | Control.CR0_CD;
    private static final int DATA = 0xC093;
    private static final int CODE = 0x809B;

    private HostState() {}

    /** Loads it; the CPU then runs at HOST_RIP in root operation. */
    static void load(Cpu cpu, Vmcs vmcs, VmxUnit unit) {
        int controls = vmcs.get32(PRIMARY_VM_EXIT_CONTROLS);
        boolean host64 = ExitControl.HOST_ADDRESS_SPACE_SIZE.in(controls);
        loadControlRegisters(cpu, vmcs, controls, host64);
        loadSegments(cpu, vmcs, host64);
        cpu.gdtrBase = vmcs.get(HOST_GDTR_BASE);
        cpu.gdtrLimit = 0xFFFF;
        cpu.idtrBase = vmcs.get(HOST_IDTR_BASE);
        cpu.idtrLimit = 0xFFFF;
        cpu.r[Cpu.RSP] = vmcs.get(HOST_RSP);
        cpu.rip = vmcs.get(HOST_RIP);
        cpu.flags.set(2);
        cpu.cpl = 0;
        cpu.activity = Activity.ACTIVE;
        cpu.shadow = Cpu.NO_SHADOW;
        cpu.pendingDebug = 0;
        if (GuestState.usesPae(cpu)) {
            for (int i = 0; i < 4; i++) {
                cpu.pdpte[i] = unit.memory().read64((cpu.cr3 & 0xFFFF_FFE0L) + 8L * i);
            }
        }
    }

    private static void loadControlRegisters(Cpu cpu, Vmcs vmcs, int controls, boolean host64) {
        cpu.cr0 = cpu.cr0 & CR0_NOT_LOADED | vmcs.get(HOST_CR0) & ~CR0_NOT_LOADED;
        cpu.cr3 = vmcs.get(HOST_CR3);
        long cr4 = vmcs.get(HOST_CR4);
        cpu.cr4 = host64 ? cr4 | Control.CR4_PAE : cr4 & ~Control.CR4_PCIDE;
        cpu.dr[7] = Control.DR7_FIXED;
        cpu.msr.debugCtl = 0;
        cpu.msr.sysenterCs = vmcs.get(HOST_IA32_SYSENTER_CS);
        cpu.msr.sysenterEsp = vmcs.get(HOST_IA32_SYSENTER_ESP);
        cpu.msr.sysenterEip = vmcs.get(HOST_IA32_SYSENTER_EIP);
        long lma = Control.EFER_LMA | Control.EFER_LME;
        cpu.efer = host64 ? cpu.efer | lma : cpu.efer & ~lma;
        if (ExitControl.LOAD_IA32_EFER.in(controls)) {
            cpu.efer = vmcs.get(HOST_IA32_EFER);
        }
        if (ExitControl.LOAD_IA32_PAT.in(controls)) {
            cpu.msr.pat = vmcs.get(HOST_IA32_PAT);
        }
    }

    private static void loadSegments(Cpu cpu, Vmcs vmcs, boolean host64) {
        int codeSize = host64 ? SegmentRegister.L : SegmentRegister.DB;
        cpu.seg[SegmentRegister.CS].set(vmcs.get32(HOST_CS_SELECTOR), 0, -1, CODE | codeSize);
        loadData(cpu.seg[SegmentRegister.SS], vmcs.get32(HOST_SS_SELECTOR), 0);
        loadData(cpu.seg[SegmentRegister.DS], vmcs.get32(HOST_DS_SELECTOR), 0);
        loadData(cpu.seg[SegmentRegister.ES], vmcs.get32(HOST_ES_SELECTOR), 0);
        loadData(cpu.seg[SegmentRegister.FS], vmcs.get32(HOST_FS_SELECTOR), vmcs.get(HOST_FS_BASE));
        loadData(cpu.seg[SegmentRegister.GS], vmcs.get32(HOST_GS_SELECTOR), vmcs.get(HOST_GS_BASE));
        cpu.tr.set(vmcs.get32(HOST_TR_SELECTOR), vmcs.get(HOST_TR_BASE), 0x67, 0x8B);
        cpu.ldtr.set(0, 0, 0, SegmentRegister.UNUSABLE);
    }

    private static void loadData(SegmentRegister segment, int selector, long base) {
        segment.set(selector, base, -1, selector == 0 ? SegmentRegister.UNUSABLE : DATA);
    }
}

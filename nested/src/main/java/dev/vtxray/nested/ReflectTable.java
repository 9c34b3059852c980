package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.CrAccessQualification;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.InterruptionInfo;
import dev.vtxray.vmx.control.IoQualification;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmxControl;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.EnumMap;
import java.util.Map;

/** Who gets an exit of L2: reflected to L1 if L0 does not want it and L1 does. One row for each reason. */
final class ReflectTable {
    /** Whether L1 wants an exit that L0 leaves to it. */
    @FunctionalInterface
    interface Wish {
        boolean holds(ReflectTable table, VmExit exit);
    }

    private static final Map<ExitReason, Wish> ROWS = new EnumMap<>(ExitReason.class);

    static {
        // @formatter:off
        row(ExitReason.EXCEPTION_OR_NMI,      ReflectTable::wantsException);
        row(ExitReason.EXTERNAL_INTERRUPT,    never());
        row(ExitReason.INTERRUPT_WINDOW,      set(PrimaryControl.INTERRUPT_WINDOW_EXITING));
        row(ExitReason.NMI_WINDOW,            set(PrimaryControl.NMI_WINDOW_EXITING));
        row(ExitReason.HLT,                   set(PrimaryControl.HLT_EXITING));
        row(ExitReason.INVLPG,                set(PrimaryControl.INVLPG_EXITING));
        row(ExitReason.RDPMC,                 set(PrimaryControl.RDPMC_EXITING));
        row(ExitReason.RDTSC,                 set(PrimaryControl.RDTSC_EXITING));
        row(ExitReason.RDTSCP,                set(PrimaryControl.RDTSC_EXITING));
        row(ExitReason.MWAIT,                 set(PrimaryControl.MWAIT_EXITING));
        row(ExitReason.MONITOR,               set(PrimaryControl.MONITOR_EXITING));
        row(ExitReason.DR_ACCESS,             set(PrimaryControl.MOV_DR_EXITING));
        row(ExitReason.PAUSE,                 set(PrimaryControl.PAUSE_EXITING));
        row(ExitReason.MONITOR_TRAP_FLAG,     set(PrimaryControl.MONITOR_TRAP_FLAG));
        row(ExitReason.TPR_BELOW_THRESHOLD,   set(PrimaryControl.USE_TPR_SHADOW));
        row(ExitReason.CR_ACCESS,             ReflectTable::wantsCrAccess);
        row(ExitReason.IO_INSTRUCTION,        ReflectTable::wantsIo);
        row(ExitReason.RDMSR,                 (table, exit) -> table.wantsMsr(0));
        row(ExitReason.WRMSR,                 (table, exit) -> table.wantsMsr(0x800));
        row(ExitReason.EPT_VIOLATION,         never());
        row(ExitReason.EPT_MISCONFIGURATION,  never());
        row(ExitReason.ENTRY_FAIL_MACHINE_CHECK, never());
        row(ExitReason.VMFUNC,                never());
        row(ExitReason.PML_FULL,              never());
        row(ExitReason.BUS_LOCK,              never());
        row(ExitReason.INSTRUCTION_TIMEOUT,   never());
        row(ExitReason.WBINVD,                set(SecondaryControl.WBINVD_EXITING));
        row(ExitReason.INVPCID,               set(PrimaryControl.INVLPG_EXITING));
        row(ExitReason.RDRAND,                set(SecondaryControl.RDRAND_EXITING));
        row(ExitReason.RDSEED,                set(SecondaryControl.RDSEED_EXITING));
        row(ExitReason.GDTR_IDTR_ACCESS,      set(SecondaryControl.DESCRIPTOR_TABLE_EXITING));
        row(ExitReason.LDTR_TR_ACCESS,        set(SecondaryControl.DESCRIPTOR_TABLE_EXITING));
        row(ExitReason.PREEMPTION_TIMER,      (table, exit) -> table.pin(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER));
        // @formatter:on
    }

    private final Vmcs vmcs12;
    private final HostMemory host;
    private final int msrIndex;

    private final long[] registers;

    private ReflectTable(Vmcs vmcs12, HostMemory host, long[] registers) {
        this.vmcs12 = vmcs12;
        this.host = host;
        this.registers = registers;
        this.msrIndex = (int) registers[1];
    }

    private static void row(ExitReason reason, Wish wish) {
        ROWS.put(reason, wish);
    }

    private static Wish never() {
        return (table, exit) -> false;
    }

    private static Wish set(VmxControl control) {
        return (table, exit) -> table.isSet(control);
    }

    /**
     * Whether L1 gets this exit of L2. Reasons without a row always go to L1: everything that a guest does unconditionally
     * exits for, and what only vmcs12's controls can cause.
     *
     * @param registers the guest's general registers
     */
    static boolean reflects(VmExit exit, Vmcs vmcs12, HostMemory host, long[] registers) {
        Wish wish = ROWS.get(exit.reason());
        return wish == null || wish.holds(new ReflectTable(vmcs12, host, registers), exit);
    }

    private boolean pin(PinControl control) {
        return control.in(vmcs12.get32(PIN_BASED_VM_EXEC_CONTROLS));
    }

    private boolean isSet(VmxControl control) {
        int primary = vmcs12.get32(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS);
        if (control instanceof PrimaryControl) {
            return control.in(primary);
        }
        return PrimaryControl.ACTIVATE_SECONDARY_CONTROLS.in(primary)
                && control.in(vmcs12.get32(SECONDARY_PROC_BASED_VM_EXEC_CONTROLS));
    }

    private static boolean wantsException(ReflectTable table, VmExit exit) {
        int info = exit.interruptionInfo();
        boolean nmi = (info >> 8 & 7) == 2;
        // The hardware has applied vmcs12's mask and match already: a page fault that arrives is L1's.
        return !nmi
                && (InterruptionInfo.vector(info) == 14
                        || (table.vmcs12.get32(EXCEPTION_BITMAP) >>> InterruptionInfo.vector(info) & 1) != 0);
    }

    private static boolean wantsCrAccess(ReflectTable table, VmExit exit) {
        long qualification = exit.qualification();
        int register = CrAccessQualification.controlRegister(qualification);
        return switch (CrAccessQualification.access(qualification)) {
            case MOV_FROM_CR ->
                register == 3
                        ? table.isSet(PrimaryControl.CR3_STORE_EXITING)
                        : table.isSet(PrimaryControl.CR8_STORE_EXITING);
            case MOV_TO_CR ->
                switch (register) {
                    case 3 -> table.isSet(PrimaryControl.CR3_LOAD_EXITING);
                    case 8 -> table.isSet(PrimaryControl.CR8_LOAD_EXITING);
                    case 0 -> table.changesMasked(qualification, CR0_READ_SHADOW, CR0_GUEST_HOST_MASK);
                    default -> table.changesMasked(qualification, CR4_READ_SHADOW, CR4_GUEST_HOST_MASK);
                };
            default -> true;
        };
    }

    private boolean changesMasked(long qualification, VmcsField shadow, VmcsField mask) {
        long value = registers[CrAccessQualification.register(qualification)];
        return ((value ^ vmcs12.get(shadow)) & vmcs12.get(mask)) != 0;
    }

    private static boolean wantsIo(ReflectTable table, VmExit exit) {
        if (!table.isSet(PrimaryControl.USE_IO_BITMAPS)) {
            return table.isSet(PrimaryControl.UNCONDITIONAL_IO_EXITING);
        }
        int port = IoQualification.port(exit.qualification());
        for (int p = port; p < port + IoQualification.size(exit.qualification()); p++) {
            if (p > 0xFFFF) {
                return true;
            }
            long bitmap = table.vmcs12.get(p < 0x8000 ? IO_BITMAP_A_ADDRESS : IO_BITMAP_B_ADDRESS);
            if ((table.host.guestView().read32(bitmap + (p & 0x7FFF) / 32 * 4L) >>> p & 1) != 0) {
                return true;
            }
        }
        return false;
    }

    private boolean wantsMsr(int half) {
        if (!isSet(PrimaryControl.USE_MSR_BITMAPS)) {
            return true;
        }
        boolean high = msrIndex >>> 13 == 0xC000_0000 >>> 13;
        if (!high && msrIndex >>> 13 != 0) {
            return true;
        }
        long bitmap = vmcs12.get(MSR_BITMAPS_ADDRESS) + half + (high ? 0x400 : 0);
        int bit = msrIndex & 0x1FFF;
        return (host.guestView().read32(bitmap + (bit >>> 5) * 4L) >>> bit & 1) != 0;
    }
}

package dev.vtxray.conformance.vmx;

import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.testkit.vmx.GuestMemory;
import dev.vtxray.testkit.vmx.RootProgram;
import dev.vtxray.testkit.vmx.RootProgram.Outcome;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.VmxControl;
import dev.vtxray.vmx.entry.VmEntryReport;
import dev.vtxray.vmx.vmcs.LaunchState;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** SDM, VM Entries; VM Exits: what is checked, loaded and saved on the way in and out. */
class VmTransitionTests {
    private static final int FS_BASE = 0xC000_0100;
    private static final int LSTAR = 0xC000_0082;
    private static final int STAR = 0xC000_0081;
    private static final long ENTRY_FAILURE = 1L << 31;

    private static RootProgram root() {
        return RootProgram.on("haswell-ep").inVmxOperation().guest(asm -> asm.emit("CPUID"));
    }

    private static void set(RootProgram host, VmxControl control) {
        VmcsField field = control.word().name().contains("ENTRY") ? VM_ENTRY_CONTROLS : PRIMARY_VM_EXIT_CONTROLS;
        host.vmcs().set(field, host.vmcs().get(field) | control.mask());
    }

    private static Outcome launch(RootProgram host) {
        return host.run(asm -> asm.emit("VMLAUNCH"));
    }

    private static VmEntryReport report(RootProgram host) {
        return Objects.requireNonNull(host.unit().lastEntryReport());
    }

    // failing entries

    @Test
    void anInvalidControlFailsTheInstructionAndIsExplained() {
        RootProgram host = root();
        host.vmcs().set(EPT_POINTER, GuestMemory.EPT_PML4 | 0x1D);

        assertThat(launch(host)).isEqualTo(Outcome.FINISHED);

        assertThat(host.vmcs().get(VM_INSTRUCTION_ERROR)).isEqualTo(7);
        assertThat(report(host).violations().get(0).check().id()).startsWith("CTRL-EPT");
        assertThat(report(host).render())
                .contains("CTRL-EPT", "Checks on VMX Controls", "EPT_POINTER (201AH) = ", "0080_001D");
    }

    @Test
    void anInvalidHostFieldFailsTheInstructionAndIsExplained() {
        RootProgram host = root();
        host.vmcs().set(HOST_TR_SELECTOR, 0);

        assertThat(launch(host)).isEqualTo(Outcome.FINISHED);

        assertThat(host.vmcs().get(VM_INSTRUCTION_ERROR)).isEqualTo(8);
        assertThat(report(host).render()).contains("HOST-", "HOST_TR_SELECTOR (0C0CH) = 0000");
    }

    @Test
    void anInvalidGuestStateLeadsToTheHostWithReason33AndIsExplained() {
        RootProgram host = root();
        host.vmcs().set(GUEST_RFLAGS, 0);
        host.vmcs().set(VM_ENTRY_INTERRUPTION_INFO, 0x8000_0306L);
        host.vmcs().set(EXIT_QUALIFICATION, 77);

        assertThat(launch(host)).isEqualTo(Outcome.VM_EXIT);

        assertThat(host.vmcs().get(EXIT_REASON)).isEqualTo(ENTRY_FAILURE | 33);
        assertThat(host.vmcs().get(EXIT_QUALIFICATION)).isZero();
        assertThat(host.vmcs().get(VM_ENTRY_INTERRUPTION_INFO))
                .as("not cleared")
                .isEqualTo(0x8000_0306L);
        assertThat(host.vmcs().launchState()).isEqualTo(LaunchState.CLEAR);
        assertThat(host.cpu().rip)
                .isBetween(host.vmcs().get(HOST_RIP), host.vmcs().get(HOST_RIP) + 2);
        assertThat(report(host).render()).contains("Checks on Guest RIP", "GUEST_RFLAGS (6820H) = 0000_0000_0000_0000");
    }

    @Test
    void aBadLinkPointerIsReportedWithQualification4() {
        RootProgram host = root();
        host.vmcs().set(VMCS_LINK_POINTER, 1);

        launch(host);

        assertThat(host.vmcs().get(EXIT_REASON)).isEqualTo(ENTRY_FAILURE | 33);
        assertThat(host.vmcs().get(EXIT_QUALIFICATION)).isEqualTo(4);
    }

    @Test
    void anInjectedNmiInTheShadowOfStiIsReportedWithQualification3() {
        RootProgram host = root();
        host.vmcs().set(VM_ENTRY_INTERRUPTION_INFO, 0x8000_0202L);
        host.vmcs().set(GUEST_INTERRUPTIBILITY_STATE, 1);
        host.vmcs().set(GUEST_RFLAGS, 2 | Flags.IF);

        launch(host);

        assertThat(host.vmcs().get(EXIT_REASON)).isEqualTo(ENTRY_FAILURE | 33);
        assertThat(host.vmcs().get(EXIT_QUALIFICATION)).isEqualTo(3);
    }

    @Test
    void aFailedEntryLeavesTheGuestStateAreaAndTheOtherExitFields() {
        RootProgram host = root();
        host.vmcs().set(GUEST_RIP, 1L << 62);
        host.vmcs().set(VM_EXIT_INSTRUCTION_LENGTH, 9);
        host.vmcs().set(IDT_VECTORING_INFO, 0x8000_0300L);

        launch(host);

        assertThat(host.vmcs().get(GUEST_RIP)).isEqualTo(1L << 62);
        assertThat(host.vmcs().get(VM_EXIT_INSTRUCTION_LENGTH)).isEqualTo(9);
        assertThat(host.vmcs().get(IDT_VECTORING_INFO)).isEqualTo(0x8000_0300L);
    }

    @Test
    void anEntryCanBeRepairedAndRepeated() {
        RootProgram host = root();
        host.vmcs().set(GUEST_RFLAGS, 0);
        launch(host);
        host.vmcs().set(GUEST_RFLAGS, 2);

        assertThat(launch(host)).isEqualTo(Outcome.VM_EXIT);
        assertThat(host.vmcs().get(EXIT_REASON)).isEqualTo(10);
    }

    // host state

    @Test
    void anExitLoadsTheHostState() {
        RootProgram host = root();
        host.vmcs().set(HOST_FS_BASE, 0x1111_0000);
        host.vmcs().set(HOST_GS_BASE, 0x2222_0000);
        host.vmcs().set(HOST_IA32_SYSENTER_EIP, 0x3333_0000);
        host.vmcs().set(HOST_FS_SELECTOR, 0);
        host.vmcs().set(GUEST_RFLAGS, 2 | Flags.IF | Flags.STATUS);

        launch(host);

        Cpu cpu = host.cpu();
        assertThat(cpu.r[Cpu.RSP]).isEqualTo(GuestMemory.INNER_STACK_TOP);
        assertThat(cpu.flags.get()).isEqualTo(2);
        assertThat(cpu.seg[SegmentRegister.FS].base).isEqualTo(0x1111_0000);
        assertThat(cpu.seg[SegmentRegister.FS].isUnusable()).isTrue();
        assertThat(cpu.seg[SegmentRegister.GS].base).isEqualTo(0x2222_0000);
        assertThat(cpu.msr.sysenterEip).isEqualTo(0x3333_0000);
        assertThat(cpu.tr.limit).isEqualTo(0x67);
        assertThat(cpu.gdtrLimit).isEqualTo(0xFFFF);
        assertThat(cpu.idtrLimit).isEqualTo(0xFFFF);
        assertThat(cpu.dr[7]).isEqualTo(Control.DR7_FIXED);
        assertThat(cpu.ldtr.isUnusable()).isTrue();
        assertThat(cpu.activity).isEqualTo(Activity.ACTIVE);
    }

    @Test
    void theGeneralRegistersAreNobodysAndPassThrough() {
        RootProgram host = root();
        host.cpu().r[Cpu.RBX] = 0x1234;

        launch(host);

        assertThat(host.cpu().r[Cpu.RBX]).isEqualTo(0x1234);
    }

    @Test
    void efterAndPatAreSwitchedIfTheControlsSaySo() {
        RootProgram host = root();
        set(host, EntryControl.LOAD_IA32_EFER);
        set(host, EntryControl.LOAD_IA32_PAT);
        set(host, ExitControl.LOAD_IA32_EFER);
        set(host, ExitControl.LOAD_IA32_PAT);
        set(host, ExitControl.SAVE_IA32_EFER);
        set(host, ExitControl.SAVE_IA32_PAT);
        host.vmcs().set(GUEST_IA32_EFER, 0xD01);
        host.vmcs().set(GUEST_IA32_PAT, 0x0606_0606_0606_0606L);
        host.vmcs().set(HOST_IA32_EFER, 0x500);
        host.vmcs().set(HOST_IA32_PAT, 0x0007_0406_0007_0406L);

        launch(host);

        assertThat(host.cpu().efer).isEqualTo(0x500);
        assertThat(host.cpu().msr.pat).isEqualTo(0x0007_0406_0007_0406L);
        assertThat(host.vmcs().get(GUEST_IA32_EFER)).isEqualTo(0xD01);
        assertThat(host.vmcs().get(GUEST_IA32_PAT)).isEqualTo(0x0606_0606_0606_0606L);
    }

    @Test
    void debugControlsAreLoadedAndSavedIfTheControlsSaySo() {
        RootProgram host = root();
        set(host, EntryControl.LOAD_DEBUG_CONTROLS);
        set(host, ExitControl.SAVE_DEBUG_CONTROLS);
        host.vmcs().set(GUEST_DR7, 0x455);
        host.vmcs().set(GUEST_IA32_DEBUGCTL, 2);

        launch(host);

        assertThat(host.vmcs().get(GUEST_DR7)).isEqualTo(0x455);
        assertThat(host.vmcs().get(GUEST_IA32_DEBUGCTL)).isEqualTo(2);
        assertThat(host.cpu().msr.debugCtl).isZero();
    }

    @Test
    void anNmiExitBlocksNmisInTheHost() {
        RootProgram host = root();
        host.vmcs().set(PIN_BASED_VM_EXEC_CONTROLS, host.vmcs().get(PIN_BASED_VM_EXEC_CONTROLS) | 8);
        host.vmcs().set(VM_ENTRY_CONTROLS, host.vmcs().get(VM_ENTRY_CONTROLS));
        host.vmcs().set(GUEST_ACTIVITY_STATE, 1);
        launch(host);
        host.cpu().raiseNmi();
        host.pc().run(10_000);

        assertThat(host.vmcs().get(EXIT_REASON)).isZero();
        assertThat(host.cpu().nmiBlocked).isTrue();
    }

    // MSR lists

    private static void entry(RootProgram host, long list, int number, long index, long value) {
        host.memory(list + 16L * (number - 1), index & 0xFFFF_FFFFL).memory(list + 16L * (number - 1) + 8, value);
    }

    @Test
    void theMsrListsAreProcessed() {
        RootProgram host = root();
        entry(host, GuestMemory.ENTRY_MSR_LOAD, 1, LSTAR, 0x1111);
        entry(host, GuestMemory.EXIT_MSR_STORE, 1, LSTAR, 0);
        entry(host, GuestMemory.EXIT_MSR_LOAD, 1, LSTAR, 0x2222);
        host.vmcs().set(VM_ENTRY_MSR_LOAD_COUNT, 1);
        host.vmcs().set(VM_EXIT_MSR_STORE_COUNT, 1);
        host.vmcs().set(VM_EXIT_MSR_LOAD_COUNT, 1);

        launch(host);

        assertThat(host.memory(GuestMemory.EXIT_MSR_STORE + 8)).isEqualTo(0x1111);
        assertThat(host.cpu().msr.lstar).isEqualTo(0x2222);
    }

    @Test
    void aBadEntryOfTheEntryListFailsTheEntryWithItsNumber() {
        RootProgram host = root();
        entry(host, GuestMemory.ENTRY_MSR_LOAD, 1, STAR, 0x77);
        entry(host, GuestMemory.ENTRY_MSR_LOAD, 2, FS_BASE, 0);
        entry(host, GuestMemory.ENTRY_MSR_LOAD, 3, LSTAR, 0x77);
        host.vmcs().set(VM_ENTRY_MSR_LOAD_COUNT, 3);
        host.vmcs().set(GUEST_RSP, 0x4444);

        assertThat(launch(host)).isEqualTo(Outcome.VM_EXIT);

        assertThat(host.vmcs().get(EXIT_REASON)).isEqualTo(ENTRY_FAILURE | 34);
        assertThat(host.vmcs().get(EXIT_QUALIFICATION)).isEqualTo(2);
        assertThat(host.vmcs().launchState()).isEqualTo(LaunchState.CLEAR);
        assertThat(host.cpu().msr.star).isEqualTo(0x77);
        assertThat(host.cpu().msr.lstar).isZero();
        assertThat(host.cpu().r[Cpu.RSP]).isEqualTo(GuestMemory.INNER_STACK_TOP);
    }

    @Test
    void anX2ApicMsrOrReservedBitsFailTheEntry() {
        for (long bad : new long[] {0x808, 1L << 32 | LSTAR & 0xFFFF_FFFFL}) {
            RootProgram host = root().memory(GuestMemory.ENTRY_MSR_LOAD, bad);
            host.vmcs().set(VM_ENTRY_MSR_LOAD_COUNT, 1);

            launch(host);

            assertThat(host.vmcs().get(EXIT_REASON)).isEqualTo(ENTRY_FAILURE | 34);
        }
    }

    @Test
    void aBadEntryOfTheStoreListAborts() {
        RootProgram host = root();
        entry(host, GuestMemory.EXIT_MSR_STORE, 1, 0x808, 0);
        host.vmcs().set(VM_EXIT_MSR_STORE_COUNT, 1);

        assertThat(launch(host)).isEqualTo(Outcome.SHUTDOWN);
        assertThat(host.memory(GuestMemory.VMCS_REGION) >>> 32).isEqualTo(1);
    }

    @Test
    void aBadEntryOfTheExitLoadListAborts() {
        RootProgram host = root();
        entry(host, GuestMemory.EXIT_MSR_LOAD, 1, FS_BASE, 0);
        host.vmcs().set(VM_EXIT_MSR_LOAD_COUNT, 1);

        assertThat(launch(host)).isEqualTo(Outcome.SHUTDOWN);
        assertThat(host.memory(GuestMemory.VMCS_REGION) >>> 32).isEqualTo(4);
    }

    @Test
    void nothingButAResetEndsAnAbort() {
        RootProgram host = root();
        entry(host, GuestMemory.EXIT_MSR_LOAD, 1, FS_BASE, 0);
        host.vmcs().set(VM_EXIT_MSR_LOAD_COUNT, 1);
        launch(host);
        host.cpu().raiseNmi();
        host.cpu().raiseInit();

        host.pc().run(10_000);

        assertThat(host.cpu().activity).isEqualTo(Activity.SHUTDOWN);
    }

    @Test
    void theStoredTimeStampCounterHasNoOffset() {
        RootProgram host = root();
        entry(host, GuestMemory.EXIT_MSR_STORE, 1, 0x10, 0);
        host.vmcs().set(VM_EXIT_MSR_STORE_COUNT, 1);
        host.vmcs().set(TSC_OFFSET, 1L << 40);
        host.vmcs().set(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS, host.vmcs().get(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS) | 8);

        launch(host);

        assertThat(host.memory(GuestMemory.EXIT_MSR_STORE + 8)).isBetween(1L, 1000L);
    }
}

package dev.vtxray.conformance.vmx;

import static dev.vtxray.vmx.control.PrimaryControl.*;
import static dev.vtxray.vmx.control.SecondaryControl.*;
import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.isa.Assembler;
import dev.vtxray.core.isa.Imm;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.testkit.vmx.GuestMemory;
import dev.vtxray.testkit.vmx.SingleGuest;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.VmxControl;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** SDM, VMX Non-Root Operation, "Instructions That Cause VM Exits". */
class InstructionExitTests {
    private static final int UD = 6;
    private static final int GP = 13;

    private static SingleGuest guest() {
        return SingleGuest.on("skylake-sp").register(Cpu.RBX, GuestMemory.DATA);
    }

    private static Arguments row(
            String name, ExitReason reason, VmxControl control, int length, Consumer<Assembler> code) {
        return arguments(name, reason, control, length, code);
    }

    static Stream<Arguments> conditional() {
        // @formatter:off
        return Stream.of(
            row("HLT",     ExitReason.HLT,              HLT_EXITING,              1, asm -> asm.emit("HLT")),
            row("INVLPG",  ExitReason.INVLPG,           INVLPG_EXITING,           3, asm -> asm.emit("INVLPG", Mem.unsized(Reg.RBX))),
            row("RDPMC",   ExitReason.RDPMC,            RDPMC_EXITING,            2, asm -> asm.emit("RDPMC")),
            row("RDTSC",   ExitReason.RDTSC,            RDTSC_EXITING,            2, asm -> asm.emit("RDTSC")),
            row("PAUSE",   ExitReason.PAUSE,            PAUSE_EXITING,            2, asm -> asm.emit("PAUSE")),
            row("MONITOR", ExitReason.MONITOR,          MONITOR_EXITING,          3, asm -> asm.emit("MONITOR")),
            row("MWAIT",   ExitReason.MWAIT,            MWAIT_EXITING,            3, asm -> asm.emit("MWAIT")),
            row("WBINVD",  ExitReason.WBINVD,           WBINVD_EXITING,           2, asm -> asm.emit("WBINVD")),
            row("RDRAND",  ExitReason.RDRAND,           RDRAND_EXITING,           4, asm -> asm.emit("RDRAND", Reg.RDX)),
            row("RDSEED",  ExitReason.RDSEED,           RDSEED_EXITING,           4, asm -> asm.emit("RDSEED", Reg.RDX)),
            row("SGDT",    ExitReason.GDTR_IDTR_ACCESS, DESCRIPTOR_TABLE_EXITING, 3, asm -> asm.emit("SGDT", Mem.unsized(Reg.RBX))),
            row("SIDT",    ExitReason.GDTR_IDTR_ACCESS, DESCRIPTOR_TABLE_EXITING, 3, asm -> asm.emit("SIDT", Mem.unsized(Reg.RBX))),
            row("LGDT",    ExitReason.GDTR_IDTR_ACCESS, DESCRIPTOR_TABLE_EXITING, 3, asm -> asm.emit("LGDT", Mem.unsized(Reg.RBX))),
            row("LIDT",    ExitReason.GDTR_IDTR_ACCESS, DESCRIPTOR_TABLE_EXITING, 3, asm -> asm.emit("LIDT", Mem.unsized(Reg.RBX))),
            row("SLDT",    ExitReason.LDTR_TR_ACCESS,   DESCRIPTOR_TABLE_EXITING, 3, asm -> asm.emit("SLDT", Mem.dword(Reg.RBX))),
            row("STR",     ExitReason.LDTR_TR_ACCESS,   DESCRIPTOR_TABLE_EXITING, 3, asm -> asm.emit("STR", Mem.dword(Reg.RBX))),
            row("LLDT",    ExitReason.LDTR_TR_ACCESS,   DESCRIPTOR_TABLE_EXITING, 3, asm -> asm.emit("LLDT", Mem.word(Reg.RBX))),
            row("MOV CR3", ExitReason.CR_ACCESS,        CR3_LOAD_EXITING,         3, asm -> asm.emit("MOV", Reg.CR3, Reg.RAX)),
            row("MOV DR6", ExitReason.DR_ACCESS,        MOV_DR_EXITING,           3, asm -> asm.emit("MOV", Reg.DR6, Reg.RAX)),
            row("IN",      ExitReason.IO_INSTRUCTION,   UNCONDITIONAL_IO_EXITING, 2, asm -> asm.emit("IN", Reg.AL, Imm.of(0x80))));
        // @formatter:on
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("conditional")
    void anInstructionExitsWhenItsControlIsSet(
            String name, ExitReason reason, VmxControl control, int length, Consumer<Assembler> code) {
        SingleGuest guest = guest().with(control).code(code).register(Cpu.RAX, GuestMemory.PML4);

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(reason);
        assertThat(guest.get(EXIT_REASON)).isEqualTo(reason.number());
        assertThat(guest.get(VM_EXIT_INSTRUCTION_LENGTH)).isEqualTo(length);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("conditional")
    void anInstructionDoesNotExitWhenItsControlIsClear(
            String name, ExitReason reason, VmxControl control, int length, Consumer<Assembler> code) {
        SingleGuest guest = guest().code(code).register(Cpu.RAX, GuestMemory.PML4);
        if (control == HLT_EXITING) {
            guest.tryEnter();
            assertThat(guest.runFor(1000)).isNull();
            return;
        }

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    static Stream<Arguments> unconditional() {
        // @formatter:off
        return Stream.of(
            row("CPUID",    ExitReason.CPUID,    HLT_EXITING, 2, asm -> asm.emit("CPUID")),
            row("INVD",     ExitReason.INVD,     HLT_EXITING, 2, asm -> asm.emit("INVD")),
            row("VMCALL",   ExitReason.VMCALL,   HLT_EXITING, 3, asm -> asm.emit("VMCALL")),
            row("VMLAUNCH", ExitReason.VMLAUNCH, HLT_EXITING, 3, asm -> asm.emit("VMLAUNCH")),
            row("VMRESUME", ExitReason.VMRESUME, HLT_EXITING, 3, asm -> asm.emit("VMRESUME")),
            row("VMXOFF",   ExitReason.VMXOFF,   HLT_EXITING, 3, asm -> asm.emit("VMXOFF")),
            row("VMXON",    ExitReason.VMXON,    HLT_EXITING, 4, asm -> asm.emit("VMXON", Mem.qword(Reg.RBX))),
            row("VMCLEAR",  ExitReason.VMCLEAR,  HLT_EXITING, 4, asm -> asm.emit("VMCLEAR", Mem.qword(Reg.RBX))),
            row("VMPTRLD",  ExitReason.VMPTRLD,  HLT_EXITING, 3, asm -> asm.emit("VMPTRLD", Mem.qword(Reg.RBX))),
            row("VMPTRST",  ExitReason.VMPTRST,  HLT_EXITING, 3, asm -> asm.emit("VMPTRST", Mem.qword(Reg.RBX))),
            row("VMREAD",   ExitReason.VMREAD,   HLT_EXITING, 3, asm -> asm.emit("VMREAD", Reg.RCX, Reg.RDX)),
            row("VMWRITE",  ExitReason.VMWRITE,  HLT_EXITING, 3, asm -> asm.emit("VMWRITE", Reg.RCX, Reg.RDX)),
            row("INVEPT",   ExitReason.INVEPT,   HLT_EXITING, 5, asm -> asm.emit("INVEPT", Reg.RCX, Mem.of(16, Reg.RBX))),
            row("INVVPID",  ExitReason.INVVPID,  HLT_EXITING, 5, asm -> asm.emit("INVVPID", Reg.RCX, Mem.of(16, Reg.RBX))));
        // @formatter:on
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unconditional")
    void someInstructionsAlwaysExit(
            String name, ExitReason reason, VmxControl unused, int length, Consumer<Assembler> code) {
        SingleGuest guest = guest().code(code);

        assertThat(guest.run().reason()).isEqualTo(reason);
        assertThat(guest.get(VM_EXIT_INSTRUCTION_LENGTH)).isEqualTo(length);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unconditional")
    void vmxInstructionsExitBeforeTheirPrivilegeIsChecked(
            String name, ExitReason reason, VmxControl unused, int length, Consumer<Assembler> code) {
        SingleGuest guest = guest().asUser().code(code);

        VmExit exit = guest.run();

        if (name.equals("INVD")) {
            assertFaulted(guest, exit, GP);
        } else {
            assertThat(exit.reason()).isEqualTo(reason);
        }
    }

    static Stream<Arguments> privileged() {
        return conditional().filter(row -> switch ((String) row.get()[0]) {
            case "HLT", "INVLPG", "RDPMC", "WBINVD", "LGDT", "LIDT", "LLDT", "MOV CR3", "IN" -> true;
            default -> false;
        });
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("privileged")
    void theFaultForMissingPrivilegeComesBeforeTheExit(
            String name, ExitReason reason, VmxControl control, int length, Consumer<Assembler> code) {
        SingleGuest guest = guest().asUser().with(control).code(code);

        assertFaulted(guest, guest.run(), GP);
    }

    @Test
    void monitorAndMwaitAreUndefinedForUsersBeforeTheyExit() {
        SingleGuest guest =
                guest().asUser().with(MONITOR_EXITING, MWAIT_EXITING).code(asm -> asm.emit("MWAIT"));

        assertFaulted(guest, guest.run(), UD);
    }

    @Test
    void rdtscFaultsForUsersBeforeItExitsWhenTimeStampsAreDisabled() {
        SingleGuest guest = guest().asUser().with(RDTSC_EXITING).code(asm -> asm.emit("RDTSC"));
        guest.set(GUEST_CR4, guest.get(GUEST_CR4) | Control.CR4_TSD);

        assertFaulted(guest, guest.run(), GP);
    }

    @Test
    void movDrExitsBeforeItsPrivilegeIsChecked() {
        SingleGuest guest = guest().asUser().with(MOV_DR_EXITING).code(asm -> asm.emit("MOV", Reg.DR7, Reg.RDX));

        assertThat(guest.run().reason()).isEqualTo(ExitReason.DR_ACCESS);
    }

    @Test
    void movDrExitsBeforeTheDebugRegistersAreFoundToBeGuarded() {
        SingleGuest guest = guest().with(MOV_DR_EXITING).code(asm -> asm.emit("MOV", Reg.RCX, Reg.DR3));
        guest.set(GUEST_DR7, Control.DR7_FIXED | Control.DR7_GD);
        guest.with(EntryControl.LOAD_DEBUG_CONTROLS);

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.DR_ACCESS);
        assertThat(exit.qualification()).isEqualTo(3 | 1 << 4 | Cpu.RCX << 8);
    }

    @Test
    void rdmsrOfAnUnknownRegisterExitsBeforeItFaults() {
        SingleGuest guest = guest().without(USE_MSR_BITMAPS).code(asm -> asm.emit("RDMSR"));
        guest.register(Cpu.RCX, 0x4000_0000);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.RDMSR);
    }

    @Test
    void rdtscpIsUndefinedUnlessItIsEnabled() {
        SingleGuest guest = guest().with(RDTSC_EXITING).code(asm -> asm.emit("RDTSCP"));

        assertFaulted(guest, guest.run(), UD);
    }

    @Test
    void rdtscpIsUndefinedForUsersUnlessItIsEnabledEvenIfTimeStampsAreDisabled() {
        SingleGuest guest = guest().asUser().code(asm -> asm.emit("RDTSCP"));
        guest.set(GUEST_CR4, guest.get(GUEST_CR4) | Control.CR4_TSD);

        assertFaulted(guest, guest.run(), UD);
    }

    @Test
    void rdtscpExitsWhenRdtscExitingIsSetAndItIsEnabled() {
        SingleGuest guest = guest().with(ENABLE_RDTSCP, RDTSC_EXITING).code(asm -> asm.emit("RDTSCP"));

        assertThat(guest.run().reason()).isEqualTo(ExitReason.RDTSCP);
    }

    @Test
    void rdtscpRunsWhenItIsEnabledAndRdtscExitingIsClear() {
        SingleGuest guest = guest().with(ENABLE_RDTSCP).code(asm -> asm.emit("RDTSCP"));

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    @Test
    void invpcidIsUndefinedUnlessItIsEnabledAndExitsOnlyWithInvlpgExiting() {
        Consumer<Assembler> code = asm -> asm.emit("INVPCID", Reg.RCX, Mem.of(16, Reg.RBX));

        SingleGuest disabled = guest().with(INVLPG_EXITING).code(code);
        assertFaulted(disabled, disabled.run(), UD);
        assertThat(guest().with(ENABLE_INVPCID).code(code).run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(guest().with(ENABLE_INVPCID, INVLPG_EXITING).code(code).run().reason())
                .isEqualTo(ExitReason.INVPCID);
    }

    @Test
    void invpcidIsUndefinedForUsersUnlessItIsEnabled() {
        SingleGuest guest = guest().asUser().code(asm -> asm.emit("INVPCID", Reg.RCX, Mem.of(16, Reg.RBX)));

        assertFaulted(guest, guest.run(), UD);
    }

    @Test
    void anExitingInstructionClearsResumeFlag() {
        SingleGuest guest = guest().code(asm -> asm.emit("CPUID")).set(GUEST_RFLAGS, 2 | Flags.RF);

        guest.run();

        assertThat(guest.get(GUEST_RFLAGS)).isEqualTo(2);
    }

    @Test
    void hltInTheShadowOfStiSavesTheShadow() {
        SingleGuest guest =
                guest().with(HLT_EXITING).code(asm -> asm.emit("STI").emit("HLT"));

        guest.run();

        assertThat(guest.get(GUEST_INTERRUPTIBILITY_STATE)).isEqualTo(1);
        assertThat(guest.get(GUEST_ACTIVITY_STATE)).isZero();
        assertThat(guest.get(GUEST_RFLAGS)).isEqualTo(2 | Flags.IF);
    }

    @Test
    void instructionsBeforeTheExitHaveTakenEffectAndThoseBehindHaveNot() {
        SingleGuest guest = guest().code(
                        asm -> asm.emit("MOV", Reg.ECX, Imm.of(5)).emit("CPUID").emit("MOV", Reg.ECX, Imm.of(6)));

        guest.run();
        assertThat(guest.cpu().r[Cpu.RCX]).isEqualTo(5);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE + 5);

        guest.skipAndRun();
        assertThat(guest.cpu().r[Cpu.RCX]).isEqualTo(6);
    }

    static void assertFaulted(SingleGuest guest, VmExit exit, int vector) {
        assertThat(exit.reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.handler(vector));
    }
}

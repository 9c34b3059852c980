package dev.vtxray.conformance.vmx;

import static dev.vtxray.conformance.vmx.InstructionExitTests.assertFaulted;
import static dev.vtxray.vmx.control.PrimaryControl.*;
import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Assembler;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.testkit.vmx.GuestMemory;
import dev.vtxray.testkit.vmx.SingleGuest;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.ExitReason;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** SDM, VMX Non-Root Operation, "Changes to Instruction Behavior in VMX Non-Root Operation": control registers. */
class ControlRegisterTests {
    private static final int GP = 13;
    private static final long TS = Control.CR0_TS;
    private static final long CR4_VMXE = 1 << 13;

    private static SingleGuest guest(Consumer<Assembler> code) {
        return SingleGuest.on("haswell-ep").code(code);
    }

    private static SingleGuest writingCr0(long value) {
        return guest(asm -> asm.emit("MOV", Reg.CR0, Reg.RAX)).register(Cpu.RAX, value);
    }

    private static long cr0(SingleGuest guest) {
        return guest.get(GUEST_CR0);
    }

    @Test
    void aReadShowsTheShadowWhereTheHostOwnsTheBit() {
        SingleGuest guest = guest(asm -> asm.emit("MOV", Reg.RAX, Reg.CR4).emit("SMSW", Reg.ECX))
                .set(CR4_GUEST_HOST_MASK, CR4_VMXE)
                .set(CR4_READ_SHADOW, 0)
                .set(CR0_GUEST_HOST_MASK, TS)
                .set(CR0_READ_SHADOW, TS);

        guest.run();

        assertThat(guest.cpu().r[Cpu.RAX]).isEqualTo(Control.CR4_PAE);
        assertThat(guest.cpu().r[Cpu.RCX]).isEqualTo(cr0(guest) & 0xFFFF_FFFFL | TS);
        assertThat(cr0(guest) & TS).isZero();
    }

    @Test
    void aWriteThatChangesABitTheHostOwnsExits() {
        SingleGuest guest = writingCr0(0);
        guest.set(CR0_GUEST_HOST_MASK, TS).set(CR0_READ_SHADOW, 0).register(Cpu.RAX, cr0(guest) | TS);

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.CR_ACCESS);
        assertThat(exit.qualification()).isZero();
        assertThat(cr0(guest) & TS).isZero();
    }

    @Test
    void aWriteThatRepeatsTheShadowDoesNotExitAndChangesOnlyWhatTheGuestOwns() {
        SingleGuest guest = writingCr0(0);
        long before = cr0(guest);
        guest.set(CR0_GUEST_HOST_MASK, TS).set(CR0_READ_SHADOW, TS).register(Cpu.RAX, before | TS | Control.CR0_MP);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(cr0(guest)).isEqualTo(before | Control.CR0_MP);
    }

    @Test
    void aWriteThatClearsAFixedBitFaults() {
        SingleGuest guest = writingCr0(0);
        guest.register(Cpu.RAX, cr0(guest) & ~Control.CR0_NE);

        assertFaulted(guest, guest.run(), GP);
    }

    @Test
    void clearingVmxeInAGuestFaults() {
        SingleGuest guest = guest(asm -> asm.emit("MOV", Reg.CR4, Reg.RAX)).register(Cpu.RAX, Control.CR4_PAE);

        assertFaulted(guest, guest.run(), GP);
    }

    @Test
    void aWriteOfCr4ReportsItsRegister() {
        VmExit exit = guest(asm -> asm.emit("MOV", Reg.CR4, Reg.R9))
                .set(CR4_GUEST_HOST_MASK, -1)
                .register(9, Control.CR4_PAE)
                .run();

        assertThat(exit.qualification()).isEqualTo(4 | 9 << 8);
    }

    // CLTS and LMSW

    private static SingleGuest clts(long mask, long shadow) {
        SingleGuest guest = guest(asm -> asm.emit("CLTS"));
        return guest.set(GUEST_CR0, cr0(guest) | TS)
                .set(CR0_GUEST_HOST_MASK, mask)
                .set(CR0_READ_SHADOW, shadow);
    }

    @Test
    void cltsClearsTsIfTheGuestOwnsIt() {
        SingleGuest guest = clts(0, TS);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(cr0(guest) & TS).isZero();
    }

    @Test
    void cltsDoesNothingIfTheHostOwnsTsAndShowsItClear() {
        SingleGuest guest = clts(TS, 0);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(cr0(guest) & TS).isEqualTo(TS);
    }

    @Test
    void cltsExitsIfTheHostOwnsTsAndShowsItSet() {
        assertThat(clts(TS, TS).run().qualification()).isEqualTo(2 << 4);
    }

    @Test
    void lmswExitsForAChangeOfABitTheHostOwns() {
        SingleGuest guest = guest(asm -> asm.emit("LMSW", Reg.AX)).register(Cpu.RAX, 0xABC9);

        VmExit exit = guest.set(CR0_GUEST_HOST_MASK, TS).run();

        assertThat(exit.reason()).isEqualTo(ExitReason.CR_ACCESS);
        assertThat(exit.qualification()).isEqualTo(3 << 4 | 0xABC9L << 16);
    }

    @Test
    void lmswFromMemoryReportsItsAddressAndReadsBeforeItExits() {
        SingleGuest guest = guest(asm -> asm.emit("LMSW", Mem.word(Reg.RBX)))
                .register(Cpu.RBX, GuestMemory.DATA)
                .memory(GuestMemory.DATA, 0x0008)
                .set(CR0_GUEST_HOST_MASK, TS);

        VmExit exit = guest.run();

        assertThat(exit.qualification()).isEqualTo(3 << 4 | 1 << 6 | 8L << 16);
        assertThat(exit.guestLinearAddress()).isEqualTo(GuestMemory.DATA);
    }

    @Test
    void lmswNeverExitsForClearingPe() {
        SingleGuest guest = guest(asm -> asm.emit("LMSW", Reg.AX)).register(Cpu.RAX, 0);

        assertThat(guest.set(CR0_GUEST_HOST_MASK, 1)
                        .set(CR0_READ_SHADOW, 1)
                        .run()
                        .reason())
                .isEqualTo(ExitReason.VMCALL);
        assertThat(cr0(guest) & 1).isEqualTo(1);
    }

    @Test
    void lmswWritesWhatTheGuestOwnsOnly() {
        SingleGuest guest = guest(asm -> asm.emit("LMSW", Reg.AX)).register(Cpu.RAX, 0xB);

        guest.set(CR0_GUEST_HOST_MASK, TS).set(CR0_READ_SHADOW, TS).run();

        assertThat(cr0(guest) & 0xF).isEqualTo(1 | Control.CR0_MP);
    }

    // CR3

    private static SingleGuest writingCr3(long value) {
        return guest(asm -> asm.emit("MOV", Reg.CR3, Reg.RDI))
                .with(CR3_LOAD_EXITING)
                .register(Cpu.RDI, value)
                .set(CR3_TARGET_COUNT, 2)
                .set(CR3_TARGET_VALUE_1, GuestMemory.PML4)
                .set(CR3_TARGET_VALUE_2, GuestMemory.PML4 | 0x18);
    }

    @Test
    void aTargetValueIsLoadedWithoutAnExit() {
        assertThat(writingCr3(GuestMemory.PML4).run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    @Test
    void aTargetValueBeyondTheCountDoesNotPreventTheExit() {
        VmExit exit = writingCr3(GuestMemory.PML4 | 0x18).run();

        assertThat(exit.reason()).isEqualTo(ExitReason.CR_ACCESS);
        assertThat(exit.qualification()).isEqualTo(3 | Cpu.RDI << 8);
    }

    @Test
    void movFromCr3ExitsWithItsControlOnly() {
        Consumer<Assembler> code = asm -> asm.emit("MOV", Reg.R12, Reg.CR3);

        VmExit exit = guest(code).with(CR3_STORE_EXITING).run();

        assertThat(exit.qualification()).isEqualTo(3 | 1 << 4 | 12 << 8);
        assertThat(guest(code).run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    // CR8

    private static SingleGuest writingCr8(long value) {
        return guest(asm -> asm.emit("MOV", Reg.CR8, Reg.RAX)).register(Cpu.RAX, value);
    }

    @Test
    void movCr8ExitsWithItsControls() {
        assertThat(writingCr8(3).with(CR8_LOAD_EXITING).run().qualification()).isEqualTo(8);
        assertThat(guest(asm -> asm.emit("MOV", Reg.RAX, Reg.CR8))
                        .with(CR8_STORE_EXITING)
                        .run()
                        .qualification())
                .isEqualTo(8 | 1 << 4);
    }

    @Test
    void withoutShadowAWriteOfCr8ReachesTheLocalApic() {
        SingleGuest guest = writingCr8(3);

        guest.run();

        assertThat(guest.pc().apic(0).taskPriority()).isEqualTo(3);
    }

    @Test
    void withTheShadowAWriteOfCr8ReachesTheVirtualApicPage() {
        SingleGuest guest = writingCr8(3).with(USE_TPR_SHADOW).memory(GuestMemory.VIRTUAL_APIC + 0x80, 0x1111_1111L);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(guest.memory(GuestMemory.VIRTUAL_APIC + 0x80)).isEqualTo(0x30);
        assertThat(guest.pc().apic(0).taskPriority()).isZero();
    }

    @Test
    void withTheShadowAReadOfCr8ComesFromTheVirtualApicPage() {
        SingleGuest guest = guest(asm -> asm.emit("MOV", Reg.RAX, Reg.CR8))
                .with(USE_TPR_SHADOW)
                .memory(GuestMemory.VIRTUAL_APIC + 0x80, 0x9F);

        guest.run();

        assertThat(guest.cpu().r[Cpu.RAX]).isEqualTo(9);
    }

    @Test
    void aWriteOfCr8BelowTheThresholdExitsBehindItself() {
        SingleGuest guest =
                writingCr8(3).with(USE_TPR_SHADOW).set(TPR_THRESHOLD, 4).memory(GuestMemory.VIRTUAL_APIC + 0x80, 0x80);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.TPR_BELOW_THRESHOLD);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE + 4);
        assertThat(guest.memory(GuestMemory.VIRTUAL_APIC + 0x80)).isEqualTo(0x30);
    }

    @Test
    void aWriteOfCr8WithReservedBitsFaults() {
        SingleGuest guest = writingCr8(0x10).with(USE_TPR_SHADOW);

        assertFaulted(guest, guest.run(), GP);
    }
}

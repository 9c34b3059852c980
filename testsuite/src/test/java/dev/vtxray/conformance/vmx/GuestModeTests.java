package dev.vtxray.conformance.vmx;

import static dev.vtxray.testkit.vmx.GuestMemory.CODE;
import static dev.vtxray.testkit.vmx.GuestMemory.DATA;
import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Assembler;
import dev.vtxray.core.isa.Imm;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.core.semantics.BaseInstructions;
import dev.vtxray.testkit.vmx.GuestMemory;
import dev.vtxray.testkit.vmx.SingleGuest;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Guests outside 64-bit mode: real mode by unrestricted guest, PAE paging, compatibility mode. */
class GuestModeTests {
    private static final int GP = 13;
    private static final int UD = 6;
    private static final int BP = 3;
    private static final int VALID = 1 << 31;
    private static final int HARDWARE_EXCEPTION = 3 << 8;
    private static final long PDPT_PAE = DATA + 0x4020;
    private static final long CR4_VMXE = 1 << 13;

    private static final VmcsField[][] SEGMENTS = {
        {GUEST_CS_SELECTOR, GUEST_CS_BASE, GUEST_CS_LIMIT, GUEST_CS_ACCESS_RIGHTS},
        {GUEST_SS_SELECTOR, GUEST_SS_BASE, GUEST_SS_LIMIT, GUEST_SS_ACCESS_RIGHTS},
        {GUEST_DS_SELECTOR, GUEST_DS_BASE, GUEST_DS_LIMIT, GUEST_DS_ACCESS_RIGHTS},
        {GUEST_ES_SELECTOR, GUEST_ES_BASE, GUEST_ES_LIMIT, GUEST_ES_ACCESS_RIGHTS},
        {GUEST_FS_SELECTOR, GUEST_FS_BASE, GUEST_FS_LIMIT, GUEST_FS_ACCESS_RIGHTS},
        {GUEST_GS_SELECTOR, GUEST_GS_BASE, GUEST_GS_LIMIT, GUEST_GS_ACCESS_RIGHTS},
    };

    private static SingleGuest real(Consumer<Assembler> code) {
        SingleGuest guest = SingleGuest.on("haswell-ep")
                .with(SecondaryControl.UNRESTRICTED_GUEST)
                .without(EntryControl.IA32E_MODE_GUEST)
                .set(GUEST_CR0, Control.CR0_ET | Control.CR0_NE)
                .set(GUEST_CR4, CR4_VMXE)
                .set(GUEST_RIP, 0)
                .set(GUEST_RSP, 0x100)
                .set(GUEST_IDTR_BASE, 0)
                .set(GUEST_IDTR_LIMIT, 0x3FF);
        for (VmcsField[] segment : SEGMENTS) {
            boolean isCode = segment == SEGMENTS[0];
            long base = isCode ? CODE : DATA;
            guest.set(segment[0], base >> 4).set(segment[1], base).set(segment[2], 0xFFFF);
            guest.set(segment[3], isCode ? 0x9B : 0x93);
        }
        Assembler assembler = new Assembler(BaseInstructions.rows(), 2, 0);
        code.accept(assembler);
        byte[] bytes = assembler.data((byte) 0x0F, (byte) 0x01, (byte) 0xC1).bytes();
        guest.pc().memory().write(CODE, bytes, 0, bytes.length);
        return guest;
    }

    @Test
    void aRealModeGuestRunsAndExits() {
        SingleGuest guest = real(asm -> asm.emit("MOV", Reg.AX, Imm.of(0x1234)).emit("CPUID"));

        assertThat(guest.run().reason()).isEqualTo(ExitReason.CPUID);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(3);
        assertThat(guest.cpu().r[Cpu.RAX] & 0xFFFF).isEqualTo(0x1234);
        assertThat(guest.get(GUEST_CR0) & 1).isZero();
    }

    @Test
    void vmcallExitsEvenInRealMode() {
        assertThat(real(asm -> {}).run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    @Test
    void anExceptionInRealModeReportsNoErrorCode() {
        SingleGuest guest =
                real(asm -> asm.emit("MOV", Reg.AX, Mem.wordAt(0xFFFF))).set(EXCEPTION_BITMAP, 1 << GP);

        VmExit exit = guest.run();

        assertThat(exit.interruptionInfo()).isEqualTo(VALID | HARDWARE_EXCEPTION | GP);
        assertThat(exit.interruptionErrorCode()).isZero();
    }

    @Test
    void anInterruptInRealModeGoesThroughTheVectorTable() {
        SingleGuest guest = real(asm -> asm.emit("INT3")).memory(BP * 4, CODE >> 4 << 16 | 0x400);
        guest.pc().memory().write(CODE + 0x400, 4, 0xC1010F);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(0x400);
        assertThat(guest.get(GUEST_RSP)).isEqualTo(0x100 - 6);
    }

    // 32-bit code with PAE paging

    private static SingleGuest pae(Consumer<Assembler> code) {
        return SingleGuest.on("haswell-ep")
                .without(EntryControl.IA32E_MODE_GUEST)
                .set(GUEST_CS_ACCESS_RIGHTS, 0xC09B)
                .set(GUEST_CR3, PDPT_PAE)
                .set(GUEST_PDPTE0, GuestMemory.PAGE_DIRECTORY | 1)
                .memory(PDPT_PAE, GuestMemory.PAGE_DIRECTORY | 1)
                .code(CODE, 4, code);
    }

    private static final Consumer<Assembler> RELOAD =
            asm -> asm.emit("MOV", Reg.EAX, Reg.CR3).emit("MOV", Reg.CR3, Reg.EAX);

    @Test
    void aPaeGuestUsesThePointersOfTheVmcs() {
        SingleGuest guest = pae(asm -> asm.emit("MOV", Reg.EAX, Mem.dwordAt(DATA)))
                .memory(PDPT_PAE, 0)
                .memory(DATA, 0x77);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(guest.cpu().r[Cpu.RAX]).isEqualTo(0x77);
        assertThat(guest.get(GUEST_PDPTE0)).isEqualTo(GuestMemory.PAGE_DIRECTORY | 1);
    }

    @Test
    void aLoadOfCr3LoadsThePointersFromMemoryAndTheExitSavesThem() {
        SingleGuest guest = pae(RELOAD).memory(PDPT_PAE + 8, GuestMemory.PAGE_DIRECTORY | 0x11);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(guest.get(GUEST_PDPTE1)).isEqualTo(GuestMemory.PAGE_DIRECTORY | 0x11);
    }

    @Test
    void aLoadOfPointersThatEptDeniesIsAReadWithoutALinearAddress() {
        SingleGuest guest = pae(RELOAD).memory(GuestMemory.eptEntry(PDPT_PAE), 0);

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.EPT_VIOLATION);
        assertThat(exit.qualification()).isEqualTo(1);
        assertThat(guest.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(PDPT_PAE);
        assertThat(guest.get(GUEST_RIP)).isGreaterThan(CODE);
    }

    @Test
    void aLoadOfAPointerWithReservedBitsFaults() {
        SingleGuest guest = pae(RELOAD).memory(PDPT_PAE + 24, 0x3).set(EXCEPTION_BITMAP, 1 << GP);

        assertThat(guest.run().interruptionInfo() & 0xFF).isEqualTo(GP);
    }

    @Test
    void theLinearAddressOfInvlpgHas32Bits() {
        SingleGuest guest = pae(asm -> asm.emit("INVLPG", Mem.unsized(Reg.EBX).disp(0x20)))
                .with(PrimaryControl.INVLPG_EXITING)
                .register(Cpu.RBX, 0xFFFF_FFF0L);

        assertThat(guest.run().qualification()).isEqualTo(0x10);
    }

    @Test
    void vmxInstructionsReport32BitAddresses() {
        VmExit exit =
                pae(asm -> asm.emit("VMPTRLD", Mem.qword(Reg.EBX).disp(-8))).run();

        assertThat(exit.instructionInformation() >> 7 & 7).isEqualTo(1);
        assertThat(exit.qualification()).isEqualTo(-8);
    }

    // compatibility mode

    private static SingleGuest compatibility(Consumer<Assembler> code) {
        return SingleGuest.on("haswell-ep").set(GUEST_CS_ACCESS_RIGHTS, 0xC09B).code(CODE, 4, code);
    }

    @Test
    void inCompatibilityModeVmcallExitsAndOtherVmxInstructionsAreUndefined() {
        assertThat(compatibility(asm -> {}).run().reason()).isEqualTo(ExitReason.VMCALL);

        SingleGuest guest = compatibility(asm -> asm.emit("VMPTRLD", Mem.qword(Reg.EBX)));
        InstructionExitTests.assertFaulted(guest, guest.run(), UD);
    }
}

package dev.vtxray.conformance.vmx;

import static dev.vtxray.vmx.control.PrimaryControl.*;
import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Imm;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.testkit.vmx.GuestMemory;
import dev.vtxray.testkit.vmx.SingleGuest;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.ExitReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** SDM, Virtual Machine Control Structures, "I/O-Bitmap Addresses" and "MSR-Bitmap Address"; TSC offsetting. */
class BitmapTests {
    private static final int GP = 13;

    private static SingleGuest guest() {
        return SingleGuest.on("haswell-ep");
    }

    private static void setBit(SingleGuest guest, long bitmap, int bit) {
        long word = bitmap + (bit >>> 6) * 8L;
        guest.memory(word, guest.memory(word) | 1L << bit);
    }

    // MSRs

    private static SingleGuest accessing(String instruction, long index) {
        return guest().register(Cpu.RCX, index).code(asm -> asm.emit(instruction));
    }

    @ParameterizedTest
    @CsvSource({
        "RDMSR, 0x10,       0x000, 0x10",
        "RDMSR, 0x1FFF,     0x000, 0x1FFF",
        "RDMSR, 0xC0000080, 0x400, 0x80",
        "RDMSR, 0xC0001FFF, 0x400, 0x1FFF",
        "WRMSR, 0x1FFF,     0x800, 0x1FFF",
        "WRMSR, 0xC0000080, 0xC00, 0x80",
    })
    void eachAccessHasItsBit(String instruction, String index, String half, String bit) {
        SingleGuest guest = accessing(instruction, Long.decode(index));
        setBit(guest, GuestMemory.MSR_BITMAPS + Long.decode(half), Integer.decode(bit));

        VmExit exit = guest.run();

        assertThat(exit.reason().name()).isEqualTo(instruction);
        assertThat(guest.get(VM_EXIT_INSTRUCTION_LENGTH)).isEqualTo(2);
    }

    @Test
    void anAccessWhoseBitIsClearDoesNotExitWhateverTheOthersAre() {
        SingleGuest guest = accessing("RDMSR", 0xC000_0080L);
        for (long at = GuestMemory.MSR_BITMAPS; at < GuestMemory.MSR_BITMAPS + 0x1000; at += 8) {
            guest.memory(at, -1);
        }
        guest.memory(GuestMemory.MSR_BITMAPS + 0x400 + 0x10, ~1L);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    @ParameterizedTest
    @ValueSource(longs = {0x2000, 0x4000_0000, 0xBFFF_FFFFL, 0xC000_2000L, 0xFFFF_FFFFL})
    void anMsrOutsideBothRangesAlwaysExits(long index) {
        assertThat(accessing("RDMSR", index).run().reason()).isEqualTo(ExitReason.RDMSR);
        assertThat(accessing("WRMSR", index).run().reason()).isEqualTo(ExitReason.WRMSR);
    }

    @Test
    void onlyTheLowHalfOfRcxIsTheIndex() {
        assertThat(accessing("RDMSR", 0xFFFF_FFFF_0000_0010L).run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    @Test
    void withoutBitmapsEveryAccessExits() {
        assertThat(accessing("RDMSR", 0x10).without(USE_MSR_BITMAPS).run().reason())
                .isEqualTo(ExitReason.RDMSR);
    }

    @Test
    void anUnknownMsrWhoseBitIsClearFaults() {
        SingleGuest guest = accessing("RDMSR", 0x1FFE);

        InstructionExitTests.assertFaulted(guest, guest.run(), GP);
    }

    @Test
    void anMsrThatAGuestWritesIsSavedOnlyIfAskedFor() {
        SingleGuest guest =
                accessing("WRMSR", 0xC000_0080L).register(Cpu.RAX, 0x501).register(Cpu.RDX, 0);

        guest.run();

        assertThat(guest.cpu().efer).isEqualTo(0x501);
        assertThat(guest.get(GUEST_IA32_EFER)).isEqualTo(0x500);
    }

    // ports

    private static SingleGuest input(int port, Reg register) {
        return guest().with(USE_IO_BITMAPS).register(Cpu.RDX, port).code(asm -> asm.emit("IN", register, Reg.DX));
    }

    @Test
    void aPortExitsIfItsBitIsSet() {
        SingleGuest guest = input(0x3F8, Reg.AL);
        setBit(guest, GuestMemory.IO_BITMAP_A, 0x3F8);

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.IO_INSTRUCTION);
        assertThat(exit.qualification()).isEqualTo(0x3F8L << 16 | 1 << 3);
    }

    @Test
    void portsFrom8000HUpUseTheSecondBitmap() {
        SingleGuest guest = input(0x8001, Reg.AL);
        setBit(guest, GuestMemory.IO_BITMAP_B, 1);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.IO_INSTRUCTION);
    }

    @Test
    void aWideAccessExitsIfTheBitOfAnyOfItsPortsIsSet() {
        SingleGuest guest = input(0x7FFE, Reg.EAX);
        setBit(guest, GuestMemory.IO_BITMAP_B, 1);

        assertThat(guest.run().qualification()).isEqualTo(0x7FFEL << 16 | 1 << 3 | 3);
        assertThat(input(0x7FFE, Reg.EAX).run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    @Test
    void anAccessThatWrapsAroundTheEndOfThePortsAlwaysExits() {
        assertThat(input(0xFFFE, Reg.EAX).run().reason()).isEqualTo(ExitReason.IO_INSTRUCTION);
        assertThat(input(0xFFFF, Reg.AX).run().reason()).isEqualTo(ExitReason.IO_INSTRUCTION);
        assertThat(input(0xFFFF, Reg.AL).run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(input(0xFFFC, Reg.EAX).run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    @Test
    void withBitmapsUnconditionalExitingIsIgnored() {
        assertThat(input(0x80, Reg.AL).with(UNCONDITIONAL_IO_EXITING).run().reason())
                .isEqualTo(ExitReason.VMCALL);
    }

    @Test
    void anImmediatePortIsReportedAsSuch() {
        VmExit exit = guest().with(UNCONDITIONAL_IO_EXITING)
                .code(asm -> asm.emit("OUT", Imm.of(0xFE), Reg.EAX))
                .run();

        assertThat(exit.qualification()).isEqualTo(0xFEL << 16 | 1 << 6 | 3);
    }

    @Test
    void aRepeatedStringOutputWithACountOfZeroAccessesNothingAndDoesNotExit() {
        SingleGuest guest =
                guest().with(UNCONDITIONAL_IO_EXITING).code(asm -> asm.rep().emit("OUTSB"));

        assertThat(guest.register(Cpu.RCX, 0).run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    @Test
    void ioExitsAfterThePermissionMapOfTheTask() {
        SingleGuest guest = input(0x80, Reg.AL).asUser();
        setBit(guest, GuestMemory.IO_BITMAP_A, 0x80);

        InstructionExitTests.assertFaulted(guest, guest.run(), GP);
    }

    // time-stamp counter

    @Test
    void theTscOffsetIsAddedToWhatTheGuestReads() {
        SingleGuest guest =
                guest().with(USE_TSC_OFFSETTING).set(TSC_OFFSET, 0x1_0000_0000L).code(asm -> asm.emit("RDTSC"));

        guest.run();

        assertThat(guest.cpu().r[Cpu.RDX]).isEqualTo(1);
    }

    @Test
    void theTscOffsetIsAddedToWhatRdmsrReads() {
        SingleGuest guest = accessing("RDMSR", 0x10).with(USE_TSC_OFFSETTING).set(TSC_OFFSET, 0x1_0000_0000L);

        guest.run();

        assertThat(guest.cpu().r[Cpu.RDX]).isEqualTo(1);
    }

    @Test
    void withoutTscOffsettingTheOffsetIsIgnored() {
        SingleGuest guest = guest().set(TSC_OFFSET, 0x1_0000_0000L).code(asm -> asm.emit("RDTSC"));

        guest.run();

        assertThat(guest.cpu().r[Cpu.RDX]).isZero();
    }
}

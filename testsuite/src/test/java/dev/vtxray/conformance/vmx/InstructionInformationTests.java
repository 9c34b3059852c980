package dev.vtxray.conformance.vmx;

import static dev.vtxray.vmx.control.PrimaryControl.*;
import static dev.vtxray.vmx.control.SecondaryControl.*;
import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Assembler;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.testkit.vmx.GuestMemory;
import dev.vtxray.testkit.vmx.SingleGuest;
import dev.vtxray.vmx.VmExit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** SDM, VM Exits, "Information for VM Exits Due to Instruction Execution". */
class InstructionInformationTests {
    private static final int ADDRESS_64 = 2 << 7;
    private static final int ADDRESS_32 = 1 << 7;
    private static final int DS = 3 << 15;
    private static final int SS = 2 << 15;
    private static final int GS = 5 << 15;
    private static final int NO_INDEX = 1 << 22;
    private static final int NO_BASE = 1 << 27;
    private static final int REGISTER = 1 << 10;

    /** Without the bits that the layout leaves undefined where there is no index (scale) or no base. */
    private static int information(VmExit exit) {
        int value = exit.instructionInformation();
        if ((value & NO_INDEX) != 0) {
            value &= ~(3 | 0xF << 18);
        }
        return (value & NO_BASE) != 0 ? value & ~(0xF << 23) : value;
    }

    private static VmExit run(Consumer<Assembler> code) {
        return guest(code).run();
    }

    private static SingleGuest guest(Consumer<Assembler> code) {
        return SingleGuest.on("skylake-sp")
                .with(INVLPG_EXITING, DESCRIPTOR_TABLE_EXITING, ENABLE_INVPCID, RDRAND_EXITING, RDSEED_EXITING)
                .with(UNCONDITIONAL_IO_EXITING)
                .code(code);
    }

    @Test
    void vmptrldReportsBaseIndexScaleAndDisplacement() {
        VmExit exit = run(
                asm -> asm.emit("VMPTRLD", Mem.qword(Reg.RBX).index(Reg.R9, 4).disp(0x40)));

        assertThat(information(exit)).isEqualTo(2 | ADDRESS_64 | DS | 9 << 18 | Cpu.RBX << 23);
        assertThat(exit.qualification()).isEqualTo(0x40);
    }

    @Test
    void aBaseOfTheStackPointerReportsTheStackSegment() {
        VmExit exit = run(asm -> asm.emit("VMCLEAR", Mem.qword(Reg.RSP).disp(-8)));

        assertThat(information(exit)).isEqualTo(ADDRESS_64 | SS | NO_INDEX | Cpu.RSP << 23);
        assertThat(exit.qualification()).isEqualTo(-8);
    }

    @Test
    void aSegmentOverrideAndAnAddressSizeOf32BitsAreReported() {
        VmExit exit = run(asm -> asm.emit("VMPTRST", Mem.qword(Reg.ECX).segment(Reg.GS)));

        assertThat(information(exit)).isEqualTo(ADDRESS_32 | GS | NO_INDEX | Cpu.RCX << 23);
    }

    @Test
    void anAbsoluteAddressHasNeitherBaseNorIndex() {
        VmExit exit = run(asm -> asm.emit("VMXON", Mem.qwordAt(0x1234)));

        assertThat(information(exit)).isEqualTo(ADDRESS_64 | DS | NO_INDEX | NO_BASE);
        assertThat(exit.qualification()).isEqualTo(0x1234);
    }

    @Test
    void aRipRelativeOperandIsReportedAsDisplacementPlusTheNextRip() {
        VmExit exit =
                run(asm -> asm.emit("VMPTRLD", Mem.qword("pointer")).align(8).label("pointer"));

        assertThat(exit.qualification()).isEqualTo(GuestMemory.CODE + 8);
        assertThat(exit.instructionInformation() & (NO_INDEX | NO_BASE)).isEqualTo(NO_INDEX | NO_BASE);
    }

    @Test
    void vmreadWithARegisterReportsBothRegisters() {
        VmExit exit = run(asm -> asm.emit("VMREAD", Reg.R11, Reg.RSI));

        assertThat(exit.instructionInformation()).isEqualTo(REGISTER | 11 << 3 | Cpu.RSI << 28);
        assertThat(exit.qualification()).isZero();
    }

    @Test
    void vmwriteWithARegisterReportsBothRegisters() {
        VmExit exit = run(asm -> asm.emit("VMWRITE", Reg.RSI, Reg.R11));

        assertThat(exit.instructionInformation()).isEqualTo(REGISTER | 11 << 3 | Cpu.RSI << 28);
    }

    @Test
    void vmwriteFromMemoryReportsTheOperandAndTheEncodingRegister() {
        VmExit exit = run(asm -> asm.emit("VMWRITE", Reg.RDX, Mem.qword(Reg.RDI).disp(8)));

        assertThat(information(exit)).isEqualTo(ADDRESS_64 | DS | NO_INDEX | Cpu.RDI << 23 | Cpu.RDX << 28);
        assertThat(exit.qualification()).isEqualTo(8);
    }

    @Test
    void inveptReportsTheTypeRegister() {
        VmExit exit = run(asm -> asm.emit("INVEPT", Reg.R14, Mem.of(16, Reg.RAX)));

        assertThat(information(exit)).isEqualTo(ADDRESS_64 | DS | NO_INDEX | 14 << 28);
    }

    @Test
    void invpcidReportsTheTypeRegister() {
        VmExit exit =
                run(asm -> asm.emit("INVPCID", Reg.RCX, Mem.of(16, Reg.RBP).disp(0x10)));

        assertThat(information(exit)).isEqualTo(ADDRESS_64 | SS | NO_INDEX | Cpu.RBP << 23 | Cpu.RCX << 28);
        assertThat(exit.qualification()).isEqualTo(0x10);
    }

    @Test
    void descriptorTableInstructionsReportWhichOneItWas() {
        int[] identities = new int[4];
        String[] names = {"SGDT", "SIDT", "LGDT", "LIDT"};
        for (int i = 0; i < names.length; i++) {
            String name = names[i];
            identities[i] =
                    run(asm -> asm.emit(name, Mem.unsized(Reg.RBX).disp(0x30))).instructionInformation() >>> 28;
        }

        assertThat(identities).containsExactly(0, 1, 2, 3);
    }

    @Test
    void segmentInstructionsReportWhichOneItWasAndTheirRegister() {
        int[] information = new int[4];
        String[] names = {"SLDT", "STR", "LLDT", "LTR"};
        for (int i = 0; i < names.length; i++) {
            String name = names[i];
            information[i] = run(asm -> asm.emit(name, name.startsWith("S") ? Reg.RSI : Reg.SI))
                    .instructionInformation();
        }

        int register = REGISTER | Cpu.RSI << 3;
        assertThat(information).containsExactly(register, register | 1 << 28, register | 2 << 28, register | 3 << 28);
    }

    @Test
    void strToMemoryReportsTheOperandAndItsDisplacement() {
        VmExit exit = run(asm -> asm.emit("STR", Mem.word(Reg.RBX).disp(0x20)));

        assertThat(information(exit)).isEqualTo(ADDRESS_64 | DS | NO_INDEX | Cpu.RBX << 23 | 1 << 28);
        assertThat(exit.qualification()).isEqualTo(0x20);
    }

    @Test
    void rdrandReportsItsDestinationAndOperandSize() {
        assertThat(run(asm -> asm.emit("RDRAND", Reg.R10)).instructionInformation())
                .isEqualTo(10 << 3 | 2 << 11);
        assertThat(run(asm -> asm.emit("RDRAND", Reg.EBX)).instructionInformation())
                .isEqualTo(3 << 3 | 1 << 11);
        assertThat(run(asm -> asm.emit("RDSEED", Reg.BX)).instructionInformation())
                .isEqualTo(3 << 3);
    }

    @Test
    void outsReportsAddressSizeSegmentAndLinearAddress() {
        SingleGuest guest = guest(asm -> asm.data((byte) 0x65).emit("OUTSB"));
        guest.register(Cpu.RSI, GuestMemory.DATA).register(Cpu.RDX, 0x80).set(GUEST_GS_BASE, 0x100);

        VmExit exit = guest.run();

        assertThat(exit.instructionInformation()).isEqualTo(ADDRESS_64 | GS);
        assertThat(exit.guestLinearAddress()).isEqualTo(GuestMemory.DATA + 0x100);
        assertThat(exit.qualification()).isEqualTo(0x80L << 16 | 1 << 4);
    }

    @Test
    void insReportsTheDestinationAddress() {
        SingleGuest guest = guest(asm -> asm.rep().emit("INSD"));
        guest.register(Cpu.RDI, GuestMemory.DATA + 4).register(Cpu.RDX, 0x1F0).register(Cpu.RCX, 3);

        VmExit exit = guest.run();

        assertThat(exit.instructionInformation() & ~(7 << 15)).isEqualTo(ADDRESS_64);
        assertThat(exit.guestLinearAddress()).isEqualTo(GuestMemory.DATA + 4);
        assertThat(exit.qualification()).isEqualTo(0x1F0L << 16 | 3 | 1 << 3 | 1 << 4 | 1 << 5);
    }

    @Test
    void invlpgReportsItsLinearAddress() {
        VmExit exit = guest(asm -> asm.emit(
                        "INVLPG", Mem.unsized(Reg.RBX).index(Reg.RCX, 8).disp(1)))
                .register(Cpu.RBX, 0x7000_0000_0000L)
                .register(Cpu.RCX, 2)
                .run();

        assertThat(exit.qualification()).isEqualTo(0x7000_0000_0011L);
    }

    @Test
    void aRegisterFormReportsNoDisplacementEvenAfterAnExitThatDid() {
        SingleGuest guest =
                guest(asm -> asm.emit("VMPTRLD", Mem.qword(Reg.RBX).disp(8)).emit("CPUID"));
        guest.run();

        guest.skipAndRun();

        assertThat(guest.get(EXIT_QUALIFICATION)).isZero();
    }
}

package dev.vtxray.conformance.vmx;

import static dev.vtxray.conformance.vmx.InstructionExitTests.assertFaulted;
import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.isa.Imm;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.testkit.vmx.GuestMemory;
import dev.vtxray.testkit.vmx.SingleGuest;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.ExitReason;
import org.junit.jupiter.api.Test;

/** SDM, VMX Non-Root Operation, "Other Causes of VM Exits"; VM Exits, "Information for VM Exits During Event Delivery". */
class ExceptionExitTests {
    private static final int DB = 1;
    private static final int BP = 3;
    private static final int UD = 6;
    private static final int DF = 8;
    private static final int GP = 13;
    private static final int PF = 14;

    private static final int VALID = 1 << 31;
    private static final int ERROR_CODE = 1 << 11;
    private static final int HARDWARE_EXCEPTION = 3 << 8;
    private static final int SOFTWARE_INTERRUPT = 4 << 8;
    private static final int PRIVILEGED_SOFTWARE_EXCEPTION = 5 << 8;
    private static final int SOFTWARE_EXCEPTION = 6 << 8;
    private static final long NOT_PRESENT = 0;
    /** An interrupt gate that is not present. */
    private static final long EMPTY_GATE = 0xEL << 40;

    private static SingleGuest guest() {
        return SingleGuest.on("haswell-ep").register(Cpu.RBX, GuestMemory.DATA);
    }

    private static SingleGuest intercepting(int... vectors) {
        long bitmap = 0;
        for (int vector : vectors) {
            bitmap |= 1L << vector;
        }
        return guest().set(EXCEPTION_BITMAP, bitmap);
    }

    /** Makes the gate of a vector not present. */
    private static SingleGuest withoutGate(SingleGuest guest, int vector) {
        return guest.memory(GuestMemory.IDT + vector * 16L, EMPTY_GATE);
    }

    @Test
    void anExceptionExitsIfItsBitIsSet() {
        SingleGuest guest = intercepting(UD).code(asm -> asm.emit("UD2"));

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.EXCEPTION_OR_NMI);
        assertThat(exit.interruptionInfo()).isEqualTo(VALID | HARDWARE_EXCEPTION | UD);
        assertThat(exit.idtVectoringInfo()).isZero();
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
        assertThat(guest.get(GUEST_RFLAGS) & Flags.RF).isEqualTo(Flags.RF);
    }

    @Test
    void anExceptionIsDeliveredIfItsBitIsClear() {
        SingleGuest guest = intercepting(GP).code(asm -> asm.emit("UD2"));

        assertFaulted(guest, guest.run(), UD);
    }

    @Test
    void anExceptionWithAnErrorCodeReportsIt() {
        SingleGuest guest = intercepting(GP).register(Cpu.RAX, 0x28).code(asm -> asm.emit("MOV", Reg.DS, Reg.AX));

        VmExit exit = guest.run();

        assertThat(exit.interruptionInfo()).isEqualTo(VALID | ERROR_CODE | HARDWARE_EXCEPTION | GP);
        assertThat(exit.interruptionErrorCode()).isEqualTo(0x28);
    }

    // page faults

    private static SingleGuest faultingOnData(boolean bit, long mask, long match) {
        return (bit ? intercepting(PF) : guest())
                .set(PAGE_FAULT_ERROR_CODE_MASK, mask)
                .set(PAGE_FAULT_ERROR_CODE_MATCH, match)
                .memory(GuestMemory.pageTableEntry(GuestMemory.DATA), NOT_PRESENT)
                .code(asm -> asm.emit("MOV", Mem.dword(Reg.RBX).disp(0x123), Reg.EAX));
    }

    @Test
    void aPageFaultExitsIfTheBitIsSetAndTheErrorCodeMatches() {
        SingleGuest guest = faultingOnData(true, 2, 2);
        guest.cpu().cr2 = 0x55;

        VmExit exit = guest.run();

        assertThat(exit.interruptionInfo()).isEqualTo(VALID | ERROR_CODE | HARDWARE_EXCEPTION | PF);
        assertThat(exit.interruptionErrorCode()).isEqualTo(2);
        assertThat(exit.qualification()).isEqualTo(GuestMemory.DATA + 0x123);
        assertThat(guest.cpu().cr2).as("CR2 is untouched").isEqualTo(0x55);
    }

    @Test
    void aPageFaultDoesNotExitIfTheBitIsSetAndTheErrorCodeDoesNotMatch() {
        SingleGuest guest = faultingOnData(true, 2, 0);

        assertFaulted(guest, guest.run(), PF);
        assertThat(guest.cpu().cr2).isEqualTo(GuestMemory.DATA + 0x123);
    }

    @Test
    void aPageFaultExitsIfTheBitIsClearAndTheErrorCodeDoesNotMatch() {
        assertThat(faultingOnData(false, 1, 1).run().reason()).isEqualTo(ExitReason.EXCEPTION_OR_NMI);
    }

    @Test
    void aPageFaultDoesNotExitIfTheBitIsClearAndTheErrorCodeMatches() {
        SingleGuest guest = faultingOnData(false, 1, 0);

        assertFaulted(guest, guest.run(), PF);
    }

    // software exceptions

    @Test
    void int3ReportsASoftwareExceptionWithItsLength() {
        SingleGuest guest = intercepting(BP).code(asm -> asm.emit("INT3"));

        VmExit exit = guest.run();

        assertThat(exit.interruptionInfo()).isEqualTo(VALID | SOFTWARE_EXCEPTION | BP);
        assertThat(guest.get(VM_EXIT_INSTRUCTION_LENGTH)).isEqualTo(1);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
    }

    @Test
    void int1ReportsAPrivilegedSoftwareExceptionWithItsLength() {
        SingleGuest guest = intercepting(DB).code(asm -> asm.emit("INT1"));

        VmExit exit = guest.run();

        assertThat(exit.interruptionInfo()).isEqualTo(VALID | PRIVILEGED_SOFTWARE_EXCEPTION | DB);
        assertThat(guest.get(VM_EXIT_INSTRUCTION_LENGTH)).isEqualTo(1);
    }

    @Test
    void intNIsNoExceptionWhateverItsVector() {
        SingleGuest guest = intercepting(BP, GP).code(asm -> asm.data((byte) 0xCD, (byte) BP));

        assertFaulted(guest, guest.run(), BP);
        assertThat(guest.memory(GuestMemory.STACK_TOP - 40)).isEqualTo(GuestMemory.CODE + 2);
    }

    // debug exceptions

    @Test
    void aSingleStepTrapExitsBehindItsInstructionAndLeavesDr6() {
        SingleGuest guest =
                intercepting(DB).code(asm -> asm.emit("NOP").emit("NOP")).set(GUEST_RFLAGS, 2 | Flags.TF);
        long dr6 = guest.cpu().dr[6];

        VmExit exit = guest.run();

        assertThat(exit.interruptionInfo()).isEqualTo(VALID | HARDWARE_EXCEPTION | DB);
        assertThat(exit.qualification()).isEqualTo(1 << 14);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE + 1);
        assertThat(guest.get(GUEST_PENDING_DEBUG_EXCEPTIONS)).isZero();
        assertThat(guest.get(GUEST_RFLAGS)).isEqualTo(2 | Flags.TF);
        assertThat(guest.cpu().dr[6]).isEqualTo(dr6);
    }

    @Test
    void aStepOverAMoveToTheStackSegmentIsHeldAndSavedAsPendingByAnExitRightBehindIt() {
        SingleGuest guest = intercepting(DB)
                .register(Cpu.RAX, GuestMemory.DATA_SELECTOR)
                .code(asm -> asm.emit("MOV", Reg.SS, Reg.AX).emit("CPUID"))
                .set(GUEST_RFLAGS, 2 | Flags.TF);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.CPUID);
        assertThat(guest.get(GUEST_INTERRUPTIBILITY_STATE)).isEqualTo(2);
        assertThat(guest.get(GUEST_PENDING_DEBUG_EXCEPTIONS)).isEqualTo(1 << 14);
    }

    // nested events

    @Test
    void anExceptionWhileAnotherIsDeliveredReportsBoth() {
        SingleGuest guest = withoutGate(intercepting(11), UD).code(asm -> asm.emit("UD2"));

        VmExit exit = guest.run();

        assertThat(exit.interruptionInfo()).isEqualTo(VALID | ERROR_CODE | HARDWARE_EXCEPTION | 11);
        assertThat(exit.interruptionErrorCode()).as("IDT, external").isEqualTo(UD << 3 | 2 | 1);
        assertThat(exit.idtVectoringInfo()).isEqualTo(VALID | HARDWARE_EXCEPTION | UD);
    }

    @Test
    void anExceptionWhileASoftwareInterruptIsDeliveredReportsItsLengthAndNoExternalBit() {
        SingleGuest guest = withoutGate(intercepting(11), 0x90).code(asm -> asm.emit("INT", Imm.of(0x90)));

        VmExit exit = guest.run();

        assertThat(exit.interruptionErrorCode()).isEqualTo(0x90 << 3 | 2);
        assertThat(exit.idtVectoringInfo()).isEqualTo(VALID | SOFTWARE_INTERRUPT | 0x90);
        assertThat(guest.get(VM_EXIT_INSTRUCTION_LENGTH)).isEqualTo(2);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
    }

    @Test
    void aDoubleFaultThatExitsReportsNoVectoring() {
        SingleGuest guest =
                withoutGate(intercepting(DF), GP).register(Cpu.RAX, 0x28).code(asm -> asm.emit("MOV", Reg.DS, Reg.AX));

        VmExit exit = guest.run();

        assertThat(exit.interruptionInfo()).isEqualTo(VALID | ERROR_CODE | HARDWARE_EXCEPTION | DF);
        assertThat(exit.interruptionErrorCode()).isZero();
        assertThat(exit.idtVectoringInfo()).isZero();
    }

    @Test
    void anExceptionThatExitsIsNoTripleFaultAlthoughADoubleFaultIsDelivered() {
        SingleGuest guest = withoutGate(guest().memory(GuestMemory.pageTableEntry(GuestMemory.STACK_TOP - 8), 0), GP)
                .set(EXCEPTION_BITMAP, 1 << PF)
                .set(PAGE_FAULT_ERROR_CODE_MATCH, 0)
                .register(Cpu.RAX, 0x28)
                .code(asm -> asm.emit("MOV", Reg.DS, Reg.AX));

        VmExit exit = guest.run();

        assertThat(exit.interruptionInfo()).isEqualTo(VALID | ERROR_CODE | HARDWARE_EXCEPTION | PF);
        assertThat(exit.idtVectoringInfo()).isEqualTo(VALID | ERROR_CODE | HARDWARE_EXCEPTION | DF);
    }

    @Test
    void aFaultWhileADoubleFaultIsDeliveredIsATripleFault() {
        SingleGuest guest = withoutGate(withoutGate(guest(), GP), DF)
                .register(Cpu.RAX, 0x28)
                .code(asm -> asm.emit("MOV", Reg.DS, Reg.AX));

        assertThat(guest.run().reason()).isEqualTo(ExitReason.TRIPLE_FAULT);
    }

    @Test
    void aTripleFaultExitsWithNothingButItsReason() {
        SingleGuest guest = guest().set(GUEST_IDTR_LIMIT, 0).code(asm -> asm.emit("UD2"));

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.TRIPLE_FAULT);
        assertThat(exit.qualification()).isZero();
        assertThat(exit.idtVectoringInfo()).isZero();
        assertThat(exit.interruptionInfo()).isZero();
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
        assertThat(guest.get(GUEST_ACTIVITY_STATE)).isZero();
    }

    @Test
    void aStackThatEptDeniesExitsWithTheExceptionAsVectoringInfo() {
        SingleGuest guest = guest().memory(GuestMemory.eptEntry(GuestMemory.STACK_TOP - 8), 0)
                .register(Cpu.RAX, 0x28)
                .code(asm -> asm.emit("MOV", Reg.DS, Reg.AX));

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.EPT_VIOLATION);
        assertThat(exit.idtVectoringInfo()).isEqualTo(VALID | ERROR_CODE | HARDWARE_EXCEPTION | GP);
        assertThat(exit.idtVectoringErrorCode()).isEqualTo(0x28);
        assertThat(exit.qualification()).isEqualTo(2 | 1 << 7 | 1 << 8);
        assertThat(guest.get(GUEST_RFLAGS))
                .as("as the delivery would push them")
                .isEqualTo(2 | Flags.RF);
        assertThat(guest.get(GUEST_RSP)).isEqualTo(GuestMemory.STACK_TOP);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
    }

    @Test
    void aDoubleFaultWhoseStackEptDeniesIsTheVectoringInfo() {
        SingleGuest guest = withoutGate(guest(), GP)
                .memory(GuestMemory.eptEntry(GuestMemory.STACK_TOP - 8), 0)
                .register(Cpu.RAX, 0x28)
                .code(asm -> asm.emit("MOV", Reg.DS, Reg.AX));

        assertThat(guest.run().idtVectoringInfo()).isEqualTo(VALID | ERROR_CODE | HARDWARE_EXCEPTION | DF);
    }

    @Test
    void aPageFaultWhoseDeliveryExitsHasLoadedCr2() {
        SingleGuest guest = guest().memory(GuestMemory.pageTableEntry(GuestMemory.DATA), NOT_PRESENT)
                .memory(GuestMemory.eptEntry(GuestMemory.STACK_TOP - 8), 0)
                .code(asm -> asm.emit("MOV", Reg.EAX, Mem.dword(Reg.RBX)));

        assertThat(guest.run().reason()).isEqualTo(ExitReason.EPT_VIOLATION);
        assertThat(guest.cpu().cr2).isEqualTo(GuestMemory.DATA);
    }

    @Test
    void theFetchOfAHandlerIsNoPartOfTheDelivery() {
        SingleGuest guest =
                guest().memory(GuestMemory.eptEntry(GuestMemory.HANDLERS), 0).code(asm -> asm.emit("UD2"));

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.EPT_VIOLATION);
        assertThat(exit.idtVectoringInfo()).isZero();
        assertThat(exit.qualification() & 7).isEqualTo(4);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.handler(UD));
    }
}

package dev.vtxray.conformance.vmx;

import static dev.vtxray.conformance.vmx.InstructionExitTests.assertFaulted;
import static dev.vtxray.testkit.vmx.GuestMemory.VIRTUAL_APIC;
import static dev.vtxray.vmx.control.PrimaryControl.*;
import static dev.vtxray.vmx.control.SecondaryControl.*;
import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.isa.Assembler;
import dev.vtxray.core.isa.Imm;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.testkit.vmx.GuestMemory;
import dev.vtxray.testkit.vmx.SingleGuest;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.PinControl;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SDM, APIC Virtualization and Virtual Interrupts. */
class ApicVirtualizationTests {
    private static final int GP = 13;
    private static final int TPR = 0x80;
    private static final int PPR = 0xA0;
    private static final int EOI = 0xB0;
    private static final int ICR_LOW = 0x300;
    private static final int ICR_HIGH = 0x310;
    private static final int SELF = 1 << 18;
    private static final int NOTIFICATION = 0xF2;
    /** Where the guest sees the APIC-access page. */
    private static final long APIC = 0x10_0000;

    private static SingleGuest accessing(Consumer<Assembler> code) {
        return SingleGuest.on("haswell-ep")
                .with(USE_TPR_SHADOW, VIRTUALIZE_APIC_ACCESSES)
                .memory(GuestMemory.eptEntry(APIC), GuestMemory.APIC_ACCESS | 6 << 3 | 7)
                .register(Cpu.RBX, APIC)
                .code(code);
    }

    private static SingleGuest reading(int offset) {
        return accessing(asm -> asm.emit("MOV", Reg.EAX, Mem.dword(Reg.RBX).disp(offset)));
    }

    private static SingleGuest writing(int offset, int value) {
        return accessing(asm -> asm.emit("MOV", Mem.dword(Reg.RBX).disp(offset), Imm.of(value)));
    }

    private static SingleGuest withRegisters(SingleGuest guest) {
        return guest.with(APIC_REGISTER_VIRTUALIZATION);
    }

    private static SingleGuest withDelivery(SingleGuest guest) {
        return guest.with(VIRTUAL_INTERRUPT_DELIVERY, PinControl.EXTERNAL_INTERRUPT_EXITING);
    }

    private static SingleGuest status(SingleGuest guest, int rvi, int svi) {
        return guest.set(GUEST_INTERRUPT_STATUS, rvi | svi << 8);
    }

    private static long register(SingleGuest guest, int offset) {
        return guest.memory(VIRTUAL_APIC + offset) & 0xFFFF_FFFFL;
    }

    private static boolean isSet(SingleGuest guest, int base, int vector) {
        return (register(guest, base + (vector >> 5 << 4)) >>> (vector & 31) & 1) != 0;
    }

    private static SingleGuest requested(SingleGuest guest, int vector) {
        return guest.memory(VIRTUAL_APIC + 0x200 + (vector >> 5 << 4), 1L << (vector & 31));
    }

    private static SingleGuest inService(SingleGuest guest, int vector) {
        return guest.memory(VIRTUAL_APIC + 0x100 + (vector >> 5 << 4), 1L << (vector & 31));
    }

    // accesses to the APIC-access page

    @Test
    void aReadOfTheTaskPriorityComesFromTheVirtualApicPage() {
        SingleGuest guest = reading(TPR).memory(VIRTUAL_APIC + TPR, 0x40);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(guest.cpu().r[Cpu.RAX]).isEqualTo(0x40);
    }

    @Test
    void withoutTheTprShadowEveryAccessExits() {
        VmExit exit = reading(TPR).without(USE_TPR_SHADOW).run();

        assertThat(exit.reason()).isEqualTo(ExitReason.APIC_ACCESS);
        assertThat(exit.qualification()).isEqualTo(TPR);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x20, 0xA0, 0xB0, 0x100, 0x300, 0x310, 0x390})
    void withTheTprShadowAloneReadsOfOtherRegistersExit(int offset) {
        SingleGuest guest = reading(offset);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.APIC_ACCESS);
        assertThat(guest.get(EXIT_QUALIFICATION)).isEqualTo(offset);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
    }

    @Test
    void aWriteThatExitsReportsThatItIsOne() {
        assertThat(writing(0x20, 1).run().qualification()).isEqualTo(0x20 | 1 << 12);
    }

    @Test
    void aFetchFromThePageExits() {
        assertThat(accessing(asm -> asm.emit("JMP", Reg.RBX)).run().qualification())
                .isEqualTo(2 << 12);
    }

    @Test
    void anAccessWiderThan32BitsExits() {
        assertThat(accessing(asm -> asm.emit("MOV", Reg.RAX, Mem.qword(Reg.RBX).disp(TPR)))
                        .run()
                        .reason())
                .isEqualTo(ExitReason.APIC_ACCESS);
    }

    @ParameterizedTest
    @ValueSource(
            ints = {0x20, 0x30, 0x80, 0xB0, 0xD0, 0xE0, 0xF0, 0x100, 0x1F0, 0x270, 0x280, 0x300, 0x310, 0x370, 0x3E0})
    void withRegisterVirtualizationReadsComeFromThePage(int offset) {
        SingleGuest guest = withRegisters(reading(offset)).memory(VIRTUAL_APIC + offset, 0x1234_5678);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(guest.cpu().r[Cpu.RAX]).isEqualTo(0x1234_5678);
    }

    @ParameterizedTest
    @ValueSource(ints = {0xA0, 0x2F0, 0x390})
    void someReadsExitEvenWithRegisterVirtualization(int offset) {
        assertThat(withRegisters(reading(offset)).run().reason()).isEqualTo(ExitReason.APIC_ACCESS);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x20, 0xB0, 0xD0, 0xF0, 0x300, 0x320, 0x370, 0x380, 0x3E0})
    void withRegisterVirtualizationAWriteIsStoredAndThenExits(int offset) {
        SingleGuest guest = withRegisters(writing(offset, 0x41));

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.APIC_WRITE);
        assertThat(exit.qualification()).isEqualTo(offset);
        assertThat(register(guest, offset)).isEqualTo(0x41);
        assertThat(guest.get(GUEST_RIP)).as("behind the write").isGreaterThan(GuestMemory.CODE);
    }

    @Test
    void aWriteOfTheHighHalfOfTheCommandRegisterIsCutAndDoesNotExit() {
        SingleGuest guest = withRegisters(writing(ICR_HIGH, 0x0512_3456));

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(register(guest, ICR_HIGH)).isEqualTo(0x0500_0000);
    }

    @Test
    void theVersionCannotBeWritten() {
        assertThat(withRegisters(writing(0x30, 1)).run().reason()).isEqualTo(ExitReason.APIC_ACCESS);
    }

    @Test
    void aWriteOfTheTaskPriorityBelowTheThresholdExitsBehindItself() {
        SingleGuest guest = writing(TPR, 0x30).set(TPR_THRESHOLD, 4).memory(VIRTUAL_APIC + TPR, 0x80);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.TPR_BELOW_THRESHOLD);
        assertThat(register(guest, TPR)).isEqualTo(0x30);
        assertThat(guest.get(GUEST_RIP)).isGreaterThan(GuestMemory.CODE);
    }

    @Test
    void aTaskPriorityBelowTheThresholdExitsRightAfterTheEntry() {
        SingleGuest guest = writing(TPR, 0x30).set(TPR_THRESHOLD, 4);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.TPR_BELOW_THRESHOLD);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
    }

    @Test
    void anEventDeliveredToThePageExitsWithItsVectoringInfo() {
        SingleGuest guest = accessing(asm -> asm.emit("UD2")).set(GUEST_RSP, APIC + 0x800);

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.APIC_ACCESS);
        assertThat(exit.qualification() >> 12).isEqualTo(3);
        assertThat(exit.idtVectoringInfo()).isEqualTo(1 << 31 | 3 << 8 | 6);
    }

    // EOI and self-IPIs

    @Test
    void anEndOfInterruptIsVirtualized() {
        SingleGuest guest = status(inService(withDelivery(writing(EOI, 0)), 0x61), 0, 0x61);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(isSet(guest, 0x100, 0x61)).isFalse();
        assertThat(guest.get(GUEST_INTERRUPT_STATUS)).isZero();
        assertThat(register(guest, PPR)).isZero();
    }

    @Test
    void anEndOfInterruptWhoseBitIsSetExitsWithItsVector() {
        SingleGuest guest =
                status(inService(withDelivery(writing(EOI, 0)), 0x61), 0, 0x61).set(EOI_EXIT_BITMAP_1, 1L << 0x61);

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.VIRTUALIZED_EOI);
        assertThat(exit.qualification()).isEqualTo(0x61);
        assertThat(isSet(guest, 0x100, 0x61)).isFalse();
        assertThat(guest.get(GUEST_RIP)).isGreaterThan(GuestMemory.CODE);
    }

    @Test
    void aSelfIpiIsVirtualizedAndDelivered() {
        SingleGuest guest = withDelivery(writing(ICR_LOW, SELF | 0x71)).set(GUEST_RFLAGS, 2 | Flags.IF);

        assertFaulted(guest, guest.run(), 0x71);
        assertThat(isSet(guest, 0x100, 0x71)).isTrue();
        assertThat(isSet(guest, 0x200, 0x71)).isFalse();
        assertThat(guest.get(GUEST_INTERRUPT_STATUS)).isEqualTo(0x7100);
        assertThat(register(guest, PPR)).isEqualTo(0x70);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x71, SELF | 0x0F, SELF | 4 << 8, 2 << 18 | 0x71, SELF | 1 << 15 | 0x71})
    void anyOtherCommandExitsAfterTheWrite(int command) {
        SingleGuest guest = withDelivery(writing(ICR_LOW, command));

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.APIC_WRITE);
        assertThat(exit.qualification()).isEqualTo(ICR_LOW);
        assertThat(register(guest, ICR_LOW)).isEqualTo(command);
    }

    // delivery

    private static SingleGuest pending(int vector, int taskPriority) {
        return status(requested(withDelivery(accessing(asm -> asm.emit("NOP"))), vector), vector, 0)
                .memory(VIRTUAL_APIC + TPR, taskPriority)
                .set(GUEST_RFLAGS, 2 | Flags.IF);
    }

    @Test
    void anInterruptThatIsPendingAtTheEntryIsDeliveredBeforeTheFirstInstruction() {
        SingleGuest guest = pending(0x61, 0);

        assertFaulted(guest, guest.run(), 0x61);
        assertThat(guest.memory(guest.get(GUEST_RSP))).isEqualTo(GuestMemory.CODE);
    }

    @Test
    void anInterruptIsDeliveredOnlyIfItsPriorityIsAboveTheProcessors() {
        assertThat(pending(0x61, 0x60).run().reason()).isEqualTo(ExitReason.VMCALL);
        SingleGuest masked = pending(0x61, 0x60);
        masked.run();
        assertThat(masked.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE + 1);
        SingleGuest open = pending(0x61, 0x5F);
        assertFaulted(open, open.run(), 0x61);
    }

    @Test
    void anInterruptWaitsForTheInterruptFlag() {
        SingleGuest guest = pending(0x61, 0).set(GUEST_RFLAGS, 2);
        guest.run();
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE + 1);

        guest.code(asm -> asm.emit("STI").emit("NOP").emit("NOP")).set(GUEST_RIP, GuestMemory.CODE);
        assertFaulted(guest, guest.run(), 0x61);
        assertThat(guest.memory(guest.get(GUEST_RSP))).isEqualTo(GuestMemory.CODE + 2);
    }

    @Test
    void aVirtualInterruptWakesHlt() {
        SingleGuest guest = pending(0x61, 0).set(GUEST_ACTIVITY_STATE, 1);

        assertFaulted(guest, guest.run(), 0x61);
        assertThat(guest.get(GUEST_ACTIVITY_STATE)).isZero();
    }

    @Test
    void interruptWindowExitingTakesTheInterruptsPlace() {
        SingleGuest guest = pending(0x61, 0).with(INTERRUPT_WINDOW_EXITING);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.INTERRUPT_WINDOW);
        assertThat(guest.get(GUEST_INTERRUPT_STATUS)).isEqualTo(0x61);
    }

    @Test
    void aDeliveryThatExitsReportsTheVectorAndLeavesItInService() {
        SingleGuest guest = pending(0x61, 0).memory(GuestMemory.eptEntry(GuestMemory.STACK_TOP - 8), 0);

        assertThat(guest.run().idtVectoringInfo()).isEqualTo(1 << 31 | 0x61);
        assertThat(guest.get(GUEST_INTERRUPT_STATUS)).isEqualTo(0x6100);
        assertThat(isSet(guest, 0x100, 0x61)).isTrue();
    }

    // posted interrupts

    private static SingleGuest posting(Consumer<Assembler> code) {
        SingleGuest guest = withDelivery(accessing(code))
                .with(PinControl.PROCESS_POSTED_INTERRUPTS, ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT)
                .set(POSTED_INTERRUPT_NOTIFICATION_VECTOR, NOTIFICATION)
                .memory(GuestMemory.POSTED_DESCRIPTOR + 0x10, 1L << (0x91 & 63))
                .memory(GuestMemory.POSTED_DESCRIPTOR + 32, 1);
        guest.pc().apic(0).write(0xF0, 4, 0x1FF);
        return guest;
    }

    @Test
    void aNotificationIsProcessedWithoutAnExitAndTheInterruptDelivered() {
        SingleGuest guest = posting(asm -> asm.emit("NOP")).set(GUEST_RFLAGS, 2 | Flags.IF);
        guest.pc().apic(0).raise(NOTIFICATION, false);

        assertFaulted(guest, guest.run(), 0x91);
        assertThat(guest.memory(GuestMemory.POSTED_DESCRIPTOR + 0x10))
                .as("requests")
                .isZero();
        assertThat(guest.memory(GuestMemory.POSTED_DESCRIPTOR + 32) & 1)
                .as("outstanding notification")
                .isZero();
        assertThat(guest.pc().apic(0).read(0x100 + (NOTIFICATION >> 5 << 4), 4))
                .as("in service")
                .isZero();
    }

    @Test
    void aNotificationIsTakenThoughInterruptsAreOffAndTheInterruptWaits() {
        SingleGuest guest = posting(asm -> asm.emit("NOP"));
        guest.pc().apic(0).raise(NOTIFICATION, false);

        guest.run();

        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE + 1);
        assertThat(guest.get(GUEST_INTERRUPT_STATUS)).isEqualTo(0x91);
        assertThat(isSet(guest, 0x200, 0x91)).isTrue();
    }

    @Test
    void aPostedInterruptWakesAGuestThatHalts() {
        SingleGuest guest = posting(asm -> asm.emit("STI").emit("HLT"));
        guest.tryEnter();
        assertThat(guest.runFor(2000)).isNull();
        guest.pc().apic(0).raise(NOTIFICATION, false);

        assertFaulted(guest, guest.runOn(), 0x91);
        assertThat(guest.memory(guest.get(GUEST_RSP))).isEqualTo(GuestMemory.CODE + 2);
    }

    @Test
    void anotherVectorExits() {
        SingleGuest guest = posting(asm -> asm.emit("NOP"));
        guest.pc().apic(0).raise(0x55, false);

        assertThat(guest.run().interruptionInfo()).isEqualTo(1 << 31 | 0x55);
    }

    // x2APIC mode

    private static SingleGuest msr(String instruction, int index, long value) {
        SingleGuest guest = SingleGuest.on("haswell-ep")
                .with(USE_TPR_SHADOW, VIRTUALIZE_X2APIC_MODE)
                .register(Cpu.RCX, index)
                .register(Cpu.RAX, value)
                .register(Cpu.RDX, value >>> 32)
                .code(asm -> asm.emit(instruction));
        return guest;
    }

    @Test
    void theTaskPriorityMsrIsVirtualized() {
        SingleGuest write = msr("WRMSR", 0x808, 0x50);
        SingleGuest read = msr("RDMSR", 0x808, 0).memory(VIRTUAL_APIC + TPR, 0x1_0000_0060L);

        write.run();
        read.run();

        assertThat(register(write, TPR)).isEqualTo(0x50);
        assertThat(read.cpu().r[Cpu.RAX]).isEqualTo(0x60);
        assertThat(read.cpu().r[Cpu.RDX]).isEqualTo(1);
    }

    @Test
    void aSelfIpiMsrIsVirtualizedOrExitsForAnIllegalVector() {
        SingleGuest sent = withDelivery(msr("WRMSR", 0x83F, 0x71)).set(GUEST_RFLAGS, 2 | Flags.IF);
        SingleGuest illegal = withDelivery(msr("WRMSR", 0x83F, 0x0F));

        assertFaulted(sent, sent.run(), 0x71);
        VmExit exit = illegal.run();
        assertThat(exit.reason()).isEqualTo(ExitReason.APIC_WRITE);
        assertThat(exit.qualification()).isEqualTo(0x3F0);
        assertThat(illegal.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE + 2);
    }

    @Test
    void anEndOfInterruptMsrTakesOnlyZero() {
        SingleGuest guest = withDelivery(msr("WRMSR", 0x80B, 1));

        assertFaulted(guest, guest.run(), GP);
    }

    @Test
    void anMsrThatIsNotVirtualizedIsThatOfTheLocalApic() {
        SingleGuest guest = msr("RDMSR", 0x802, 0);

        assertFaulted(guest, guest.run(), GP);
    }
}

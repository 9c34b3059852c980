package dev.vtxray.conformance.vmx;

import static dev.vtxray.conformance.vmx.InstructionExitTests.assertFaulted;
import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.isa.Assembler;
import dev.vtxray.core.isa.Imm;
import dev.vtxray.core.isa.LabelRef;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.testkit.vmx.GuestMemory;
import dev.vtxray.testkit.vmx.SingleGuest;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** SDM, VMX Non-Root Operation, "Other Causes of VM Exits"; VM Entries, "Special Features of VM Entry". */
class InterruptAndTimerTests {
    private static final int SPURIOUS = 0xF0;
    private static final int APIC_ENABLED = 0x1FF;
    private static final int VALID = 1 << 31;
    private static final int HLT_STATE = 1;
    private static final int SHUTDOWN_STATE = 2;
    private static final int WAIT_FOR_SIPI_STATE = 3;
    private static final int BLOCKING_BY_STI = 1;
    private static final int BLOCKING_BY_MOV_SS = 2;
    private static final int BLOCKING_BY_NMI = 8;

    private static final Consumer<Assembler> NOPS = asm -> {
        for (int i = 0; i < 20; i++) {
            asm.emit("NOP");
        }
    };
    private static final Consumer<Assembler> SPIN = asm -> asm.label("here").emit("JMP", LabelRef.of("here"));

    private static SingleGuest guest() {
        SingleGuest guest = SingleGuest.on("haswell-ep").code(NOPS);
        guest.pc().apic(0).write(SPURIOUS, 4, APIC_ENABLED);
        return guest;
    }

    private static SingleGuest interrupted(int vector) {
        SingleGuest guest = guest();
        guest.pc().apic(0).raise(vector, false);
        return guest;
    }

    // external interrupts

    @Test
    void anExternalInterruptExitsAlthoughTheInterruptFlagIsClear() {
        SingleGuest guest = interrupted(0x51).with(PinControl.EXTERNAL_INTERRUPT_EXITING);

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.EXTERNAL_INTERRUPT);
        assertThat(exit.interruptionInfo()).isZero();
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
        assertThat(guest.pc().apic(0).highestDeliverable())
                .as("it stays pending")
                .isEqualTo(0x51);
    }

    @Test
    void anAcknowledgedInterruptIsReportedWithItsVector() {
        SingleGuest guest = interrupted(0x51)
                .with(PinControl.EXTERNAL_INTERRUPT_EXITING, ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT);

        assertThat(guest.run().interruptionInfo()).isEqualTo(VALID | 0x51);
        assertThat(guest.pc().apic(0).highestDeliverable()).isLessThan(0);
    }

    @Test
    void withoutExitingAnInterruptIsDeliveredToTheGuest() {
        SingleGuest guest = interrupted(0x51).set(GUEST_RFLAGS, 2 | Flags.IF);

        assertFaulted(guest, guest.run(), 0x51);
    }

    @Test
    void anExternalInterruptEndsHltAndTheExitSavesTheHltState() {
        SingleGuest guest = guest().with(PinControl.EXTERNAL_INTERRUPT_EXITING).code(asm -> asm.emit("HLT"));
        guest.tryEnter();
        assertThat(guest.runFor(500)).isNull();
        guest.pc().apic(0).raise(0x51, false);

        assertThat(guest.runOn().reason()).isEqualTo(ExitReason.EXTERNAL_INTERRUPT);
        assertThat(guest.get(GUEST_ACTIVITY_STATE)).isEqualTo(HLT_STATE);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE + 1);
    }

    @Test
    void anInterruptDoesNotEndShutdown() {
        SingleGuest guest =
                interrupted(0x51).with(PinControl.EXTERNAL_INTERRUPT_EXITING).set(GUEST_ACTIVITY_STATE, SHUTDOWN_STATE);
        guest.tryEnter();

        assertThat(guest.runFor(2000)).isNull();
    }

    // NMIs

    @Test
    void anNmiExitsAndBlocksFurtherNmisOfTheProcessor() {
        SingleGuest guest = guest().with(PinControl.NMI_EXITING);
        guest.cpu().raiseNmi();

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.EXCEPTION_OR_NMI);
        assertThat(exit.interruptionInfo()).isEqualTo(VALID | 2 << 8 | 2);
        assertThat(guest.get(GUEST_INTERRUPTIBILITY_STATE))
                .as("blocking as before the exit")
                .isZero();
        assertThat(guest.cpu().nmiBlocked).isTrue();
    }

    @Test
    void withoutNmiExitingAnNmiIsDeliveredToTheGuest() {
        SingleGuest guest = guest();
        guest.cpu().raiseNmi();

        assertFaulted(guest, guest.run(), 2);
        assertThat(guest.get(GUEST_INTERRUPTIBILITY_STATE)).isEqualTo(BLOCKING_BY_NMI);
    }

    @Test
    void withVirtualNmisBlockingInTheGuestDoesNotBlockTheProcessorsNmis() {
        SingleGuest guest = guest().with(PinControl.NMI_EXITING, PinControl.VIRTUAL_NMIS)
                .set(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_NMI);
        guest.cpu().raiseNmi();

        assertThat(guest.run().reason()).isEqualTo(ExitReason.EXCEPTION_OR_NMI);
        assertThat(guest.get(GUEST_INTERRUPTIBILITY_STATE)).isEqualTo(BLOCKING_BY_NMI);
    }

    private static SingleGuest returning() {
        return guest().code(asm -> asm.emit("IRETQ"))
                .set(GUEST_RSP, GuestMemory.STACK_TOP - 40)
                .set(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_NMI)
                .memory(GuestMemory.STACK_TOP - 40, GuestMemory.handler(0x99))
                .memory(GuestMemory.STACK_TOP - 32, GuestMemory.CODE_SELECTOR)
                .memory(GuestMemory.STACK_TOP - 24, 2)
                .memory(GuestMemory.STACK_TOP - 16, GuestMemory.STACK_TOP)
                .memory(GuestMemory.STACK_TOP - 8, GuestMemory.DATA_SELECTOR);
    }

    @Test
    void iretUnblocksNmisUnlessTheyExitWithoutVirtualNmis() {
        SingleGuest plain = returning();
        SingleGuest exiting = returning().with(PinControl.NMI_EXITING);
        SingleGuest virtual = returning().with(PinControl.NMI_EXITING, PinControl.VIRTUAL_NMIS);

        assertFaulted(plain, plain.run(), 0x99);
        assertFaulted(exiting, exiting.run(), 0x99);
        assertFaulted(virtual, virtual.run(), 0x99);
        assertThat(plain.get(GUEST_INTERRUPTIBILITY_STATE)).isZero();
        assertThat(exiting.get(GUEST_INTERRUPTIBILITY_STATE)).isEqualTo(BLOCKING_BY_NMI);
        assertThat(virtual.get(GUEST_INTERRUPTIBILITY_STATE)).isZero();
    }

    @Test
    void anEptViolationOfIretReportsThatItUnblockedNmis() {
        long stack = GuestMemory.eptEntry(GuestMemory.STACK_TOP - 8);
        SingleGuest plain = returning().memory(stack, 0);
        SingleGuest exiting = returning().memory(stack, 0).with(PinControl.NMI_EXITING);
        SingleGuest virtual = returning().memory(stack, 0).with(PinControl.NMI_EXITING, PinControl.VIRTUAL_NMIS);
        SingleGuest unblocked = returning().memory(stack, 0).set(GUEST_INTERRUPTIBILITY_STATE, 0);

        assertThat(plain.run().qualification()).isEqualTo(1 | 1 << 7 | 1 << 8 | 1 << 12);
        assertThat(exiting.run().qualification()).isEqualTo(1 | 1 << 7 | 1 << 8);
        assertThat(virtual.run().qualification()).isEqualTo(1 | 1 << 7 | 1 << 8 | 1 << 12);
        assertThat(unblocked.run().qualification()).isEqualTo(1 | 1 << 7 | 1 << 8);
        assertThat(plain.get(GUEST_INTERRUPTIBILITY_STATE)).isZero();
        assertThat(exiting.get(GUEST_INTERRUPTIBILITY_STATE)).isEqualTo(BLOCKING_BY_NMI);
        assertThat(virtual.get(GUEST_INTERRUPTIBILITY_STATE)).isZero();
    }

    @Test
    void aFaultOfIretThatExitsReportsThatItUnblockedNmis() {
        SingleGuest guest = returning()
                .with(PinControl.NMI_EXITING, PinControl.VIRTUAL_NMIS)
                .set(EXCEPTION_BITMAP, 1 << 14)
                .memory(GuestMemory.pageTableEntry(GuestMemory.STACK_TOP - 8), 0);

        assertThat(guest.run().interruptionInfo()).isEqualTo(VALID | 1 << 12 | 1 << 11 | 3 << 8 | 14);
        assertThat(guest.get(GUEST_INTERRUPTIBILITY_STATE)).isZero();
    }

    @Test
    void aLaterViolationDoesNotReportThatAnEarlierIretUnblockedNmis() {
        SingleGuest guest = returning()
                .code(GuestMemory.CODE + 0x100, asm -> asm.emit("MOV", Reg.EAX, Mem.dwordAt(GuestMemory.DATA)))
                .memory(GuestMemory.STACK_TOP - 40, GuestMemory.CODE + 0x100)
                .memory(GuestMemory.eptEntry(GuestMemory.DATA), 0);

        assertThat(guest.run().qualification()).isEqualTo(1 | 1 << 7 | 1 << 8);
    }

    // windows

    @Test
    void theInterruptWindowExitsBeforeTheFirstInstructionIfInterruptsAreOn() {
        SingleGuest guest =
                guest().with(PrimaryControl.INTERRUPT_WINDOW_EXITING).set(GUEST_RFLAGS, 2 | Flags.IF);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.INTERRUPT_WINDOW);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
    }

    @Test
    void theInterruptWindowOpensOneInstructionAfterSti() {
        SingleGuest guest = guest().with(PrimaryControl.INTERRUPT_WINDOW_EXITING)
                .code(asm -> asm.emit("STI").emit("NOP").emit("NOP"));

        assertThat(guest.run().reason()).isEqualTo(ExitReason.INTERRUPT_WINDOW);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE + 2);
    }

    @Test
    void theInterruptWindowOpensAfterTheSecondOfTwoStis() {
        SingleGuest guest = guest().with(PrimaryControl.INTERRUPT_WINDOW_EXITING)
                .code(asm -> asm.emit("STI").emit("STI").emit("NOP"));

        guest.run();

        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE + 2);
    }

    @Test
    void blockingLoadedByTheEntryHoldsTheWindowBackForOneInstruction() {
        for (int blocking : new int[] {BLOCKING_BY_STI, BLOCKING_BY_MOV_SS}) {
            SingleGuest guest = guest().with(PrimaryControl.INTERRUPT_WINDOW_EXITING)
                    .set(GUEST_RFLAGS, 2 | Flags.IF)
                    .set(GUEST_INTERRUPTIBILITY_STATE, blocking);

            assertThat(guest.run().reason()).isEqualTo(ExitReason.INTERRUPT_WINDOW);
            assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE + 1);
            assertThat(guest.get(GUEST_INTERRUPTIBILITY_STATE)).isZero();
        }
    }

    @Test
    void theInterruptWindowWakesHlt() {
        SingleGuest guest = guest().with(PrimaryControl.INTERRUPT_WINDOW_EXITING)
                .set(GUEST_RFLAGS, 2 | Flags.IF)
                .set(GUEST_ACTIVITY_STATE, HLT_STATE);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.INTERRUPT_WINDOW);
        assertThat(guest.get(GUEST_ACTIVITY_STATE)).isEqualTo(HLT_STATE);
    }

    @Test
    void theNmiWindowOpensWhenIretEndsTheBlockingOfVirtualNmis() {
        SingleGuest guest =
                returning().with(PinControl.NMI_EXITING, PinControl.VIRTUAL_NMIS, PrimaryControl.NMI_WINDOW_EXITING);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.NMI_WINDOW);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.handler(0x99));
    }

    @Test
    void theNmiWindowEndsShutdown() {
        SingleGuest guest = guest().with(
                        PinControl.NMI_EXITING, PinControl.VIRTUAL_NMIS, PrimaryControl.NMI_WINDOW_EXITING)
                .set(GUEST_ACTIVITY_STATE, SHUTDOWN_STATE);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.NMI_WINDOW);
        assertThat(guest.get(GUEST_ACTIVITY_STATE)).isEqualTo(SHUTDOWN_STATE);
    }

    // INIT and SIPI

    @Test
    void initExitsAndIsUsedUp() {
        SingleGuest guest = guest();
        guest.cpu().raiseInit();

        assertThat(guest.run().reason()).isEqualTo(ExitReason.INIT_SIGNAL);
        assertThat(guest.cpu().initPending).isFalse();
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
    }

    @Test
    void aStartupIpiExitsOnlyInWaitForSipi() {
        SingleGuest guest = guest().set(GUEST_ACTIVITY_STATE, WAIT_FOR_SIPI_STATE);
        guest.tryEnter();
        assertThat(guest.runFor(500)).isNull();
        guest.cpu().raiseStartup(0x9A);

        VmExit exit = guest.runOn();

        assertThat(exit.reason()).isEqualTo(ExitReason.STARTUP_IPI);
        assertThat(exit.qualification()).isEqualTo(0x9A);
        assertThat(guest.get(GUEST_ACTIVITY_STATE)).isEqualTo(WAIT_FOR_SIPI_STATE);
    }

    @Test
    void nothingButAStartupIpiEndsWaitForSipi() {
        SingleGuest guest = interrupted(0x51)
                .with(PinControl.EXTERNAL_INTERRUPT_EXITING, PinControl.NMI_EXITING)
                .with(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER)
                .set(GUEST_ACTIVITY_STATE, WAIT_FOR_SIPI_STATE);
        guest.cpu().raiseNmi();
        guest.cpu().raiseInit();
        guest.tryEnter();

        assertThat(guest.runFor(2000)).isNull();
    }

    // preemption timer

    @Test
    void aPreemptionTimerOfZeroExitsBeforeTheFirstInstruction() {
        SingleGuest guest = guest().with(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.PREEMPTION_TIMER);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
    }

    @Test
    void thePreemptionTimerExitsAtTheInstructionAtWhichItsBitChangesTheNthTime() {
        SingleGuest guest = guest().with(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER)
                .set(VMX_PREEMPTION_TIMER_VALUE, 3)
                .code(asm -> {
                    for (int i = 0; i < 200; i++) {
                        asm.emit("NOP");
                    }
                });
        int shift = guest.unit().capabilities().preemptionTimerShift();
        long before = guest.cpu().realTsc();

        assertThat(guest.run().reason()).isEqualTo(ExitReason.PREEMPTION_TIMER);
        long instructions = guest.get(GUEST_RIP) - GuestMemory.CODE;
        assertThat((before >> shift) + 3 << shift).isEqualTo(before + instructions);
    }

    @Test
    void thePreemptionTimerCountsInHltAndItsRestIsSaved() {
        SingleGuest guest = guest().with(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER)
                .with(ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE)
                .set(VMX_PREEMPTION_TIMER_VALUE, 100)
                .set(GUEST_ACTIVITY_STATE, HLT_STATE);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.PREEMPTION_TIMER);
        assertThat(guest.get(GUEST_ACTIVITY_STATE)).isEqualTo(HLT_STATE);
        assertThat(guest.get(VMX_PREEMPTION_TIMER_VALUE)).isZero();
    }

    @Test
    void thePreemptionTimerValueIsSavedOnlyIfAskedFor() {
        SingleGuest guest =
                guest().with(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER).set(VMX_PREEMPTION_TIMER_VALUE, 1000);
        guest.run();
        assertThat(guest.get(VMX_PREEMPTION_TIMER_VALUE)).isEqualTo(1000);

        guest.with(ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE)
                .set(GUEST_RIP, GuestMemory.CODE)
                .code(asm -> {
                    for (int i = 0; i < 320; i++) {
                        asm.emit("NOP");
                    }
                });
        guest.run();
        assertThat(guest.get(VMX_PREEMPTION_TIMER_VALUE)).isBetween(989L, 990L);
    }

    // monitor trap flag

    private static SingleGuest stepped() {
        return guest().with(PrimaryControl.MONITOR_TRAP_FLAG);
    }

    @Test
    void theMonitorTrapFlagExitsAfterOneInstruction() {
        SingleGuest guest = stepped();

        for (int i = 1; i <= 3; i++) {
            assertThat(guest.run().reason()).isEqualTo(ExitReason.MONITOR_TRAP_FLAG);
            assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE + i);
        }
    }

    @Test
    void theMonitorTrapFlagExitsInTheHandlerOfAFault() {
        SingleGuest guest = stepped().code(asm -> asm.emit("UD2"));

        assertThat(guest.run().reason()).isEqualTo(ExitReason.MONITOR_TRAP_FLAG);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.handler(6));
    }

    @Test
    void theMonitorTrapFlagExitsInTheHandlerOfASoftwareInterrupt() {
        SingleGuest guest = stepped().code(asm -> asm.emit("INT", Imm.of(0x90)));

        guest.run();

        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.handler(0x90));
    }

    @Test
    void theMonitorTrapFlagExitsBeforeTheFirstInstructionOfAnInjectedEventsHandler() {
        SingleGuest guest = stepped().set(VM_ENTRY_INTERRUPTION_INFO, 1L << 31 | 3 << 8 | 6);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.MONITOR_TRAP_FLAG);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.handler(6));
    }

    @Test
    void theMonitorTrapFlagExitsAfterAnInterruptWasDeliveredBeforeTheFirstInstruction() {
        SingleGuest guest =
                interrupted(0x51).with(PrimaryControl.MONITOR_TRAP_FLAG).set(GUEST_RFLAGS, 2 | Flags.IF);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.MONITOR_TRAP_FLAG);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.handler(0x51));
    }

    @Test
    void theMonitorTrapFlagExitsAfterTheFirstIterationOfAStringInstruction() {
        SingleGuest guest = stepped()
                .register(Cpu.RDI, GuestMemory.DATA)
                .register(Cpu.RCX, 5)
                .code(asm -> asm.rep().emit("STOSB"));

        guest.run();

        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
        assertThat(guest.cpu().r[Cpu.RCX]).isEqualTo(4);
    }

    @Test
    void theMonitorTrapFlagExitsOutOfHlt() {
        SingleGuest guest = stepped().code(asm -> asm.emit("HLT"));

        assertThat(guest.run().reason()).isEqualTo(ExitReason.MONITOR_TRAP_FLAG);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE + 1);
        assertThat(guest.get(GUEST_ACTIVITY_STATE)).isEqualTo(HLT_STATE);
    }

    @Test
    void anotherExitCancelsTheMonitorTrap() {
        SingleGuest guest = stepped().code(asm -> asm.emit("CPUID").emit("NOP").emit("NOP"));

        assertThat(guest.run().reason()).isEqualTo(ExitReason.CPUID);
        guest.without(PrimaryControl.MONITOR_TRAP_FLAG);
        assertThat(guest.skipAndRun().reason()).isEqualTo(ExitReason.VMCALL);
    }

    @Test
    void aMonitorTrapWithSingleSteppingSavesThePendingStep() {
        SingleGuest guest = stepped().set(GUEST_RFLAGS, 2 | Flags.TF);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.MONITOR_TRAP_FLAG);
        assertThat(guest.get(GUEST_PENDING_DEBUG_EXCEPTIONS)).isEqualTo(1 << 14);
    }

    // pending debug exceptions and activity states

    @Test
    void aPendingStepIsDeliveredBeforeTheFirstInstruction() {
        SingleGuest guest = guest().set(GUEST_RFLAGS, 2 | Flags.TF).set(GUEST_PENDING_DEBUG_EXCEPTIONS, 1 << 14);

        assertFaulted(guest, guest.run(), 1);
        assertThat(guest.memory(guest.get(GUEST_RSP))).isEqualTo(GuestMemory.CODE);
    }

    @Test
    void aGuestEnteredInHltRunsNoInstruction() {
        SingleGuest guest = guest().code(SPIN).set(GUEST_ACTIVITY_STATE, HLT_STATE);
        guest.tryEnter();

        assertThat(guest.runFor(500)).isNull();
        assertThat(guest.cpu().retired()).isZero();
    }

    @Test
    void anInterruptedStringInstructionSavesItselfAndItsProgress() {
        SingleGuest guest = guest().with(PinControl.EXTERNAL_INTERRUPT_EXITING)
                .register(Cpu.RDI, GuestMemory.DATA)
                .register(Cpu.RCX, 0x8000)
                .code(asm -> asm.rep().emit("STOSB"));
        guest.tryEnter();
        assertThat(guest.runFor(1000)).isNull();
        guest.pc().apic(0).raise(0x51, false);

        guest.runOn();

        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
        assertThat(guest.cpu().r[Cpu.RCX] + guest.cpu().r[Cpu.RDI]).isEqualTo(GuestMemory.DATA + 0x8000);
        assertThat(guest.cpu().r[Cpu.RCX]).isLessThan(0x8000).isPositive();
        assertThat(guest.get(GUEST_RFLAGS) & Flags.RF)
                .as("as event delivery would push it")
                .isEqualTo(Flags.RF);
    }

    @Test
    void anInterruptDeliveredBetweenIterationsPushesTheResumeFlag() {
        SingleGuest guest = guest().set(GUEST_RFLAGS, 2 | Flags.IF)
                .register(Cpu.RDI, GuestMemory.DATA)
                .register(Cpu.RCX, 0x8000)
                .code(asm -> asm.rep().emit("STOSB"));
        guest.tryEnter();
        assertThat(guest.runFor(1000)).isNull();
        guest.pc().apic(0).raise(0x51, false);

        assertFaulted(guest, guest.runOn(), 0x51);
        assertThat(guest.memory(guest.get(GUEST_RSP) + 16)).isEqualTo(2 | Flags.IF | Flags.RF);
    }
}

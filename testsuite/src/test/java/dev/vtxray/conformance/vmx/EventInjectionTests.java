package dev.vtxray.conformance.vmx;

import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Flags;
import dev.vtxray.testkit.vmx.GuestMemory;
import dev.vtxray.testkit.vmx.SingleGuest;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.PinControl;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SDM, VM Entries, "Event Injection". */
class EventInjectionTests {
    private static final long VALID = 1L << 31;
    private static final long ERROR_CODE = 1 << 11;
    private static final int EXTERNAL = 0;
    private static final int NMI = 2;
    private static final int HARDWARE_EXCEPTION = 3;
    private static final int SOFTWARE_INTERRUPT = 4;
    private static final int SOFTWARE_EXCEPTION = 6;
    private static final int OTHER = 7;
    private static final int FRAME = 40;
    /** An interrupt gate that is not present. */
    private static final long EMPTY_GATE = 0xEL << 40;

    private static SingleGuest guest() {
        return SingleGuest.on("haswell-ep").code(asm -> asm.emit("NOP"));
    }

    private static SingleGuest injecting(int type, int vector) {
        return guest().set(VM_ENTRY_INTERRUPTION_INFO, VALID | type << 8 | vector)
                .set(VM_ENTRY_INSTRUCTION_LENGTH, 2);
    }

    /** A quadword of the frame that was pushed, from RIP upwards. */
    private static long pushed(SingleGuest guest, int index) {
        return guest.memory(guest.get(GUEST_RSP) + 8L * index);
    }

    @ParameterizedTest(name = "type {0}, vector {1} pushes RIP + {2}")
    @CsvSource({"0,0x41,0", "2,2,0", "3,6,0", "4,0x90,2", "5,1,2", "6,3,2"})
    void anEventOfEveryTypeIsDeliveredThroughTheIdt(int type, int vector, int distance) {
        SingleGuest guest = injecting(type, vector).set(GUEST_RFLAGS, 2 | (type == EXTERNAL ? Flags.IF : 0));

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.handler(vector));
        assertThat(guest.get(GUEST_RSP)).isEqualTo(GuestMemory.STACK_TOP - FRAME);
        assertThat(pushed(guest, 0)).isEqualTo(GuestMemory.CODE + distance);
        assertThat(pushed(guest, 1)).isEqualTo(GuestMemory.CODE_SELECTOR);
        assertThat(pushed(guest, 2)).isEqualTo(type == EXTERNAL ? 2 | Flags.IF : 2);
        assertThat(pushed(guest, 3)).isEqualTo(GuestMemory.STACK_TOP);
        assertThat(pushed(guest, 4)).isEqualTo(GuestMemory.DATA_SELECTOR);
    }

    @Test
    void anErrorCodeIsPushedIfTheInformationSaysSo() {
        SingleGuest guest = injecting(HARDWARE_EXCEPTION, 13)
                .set(VM_ENTRY_INTERRUPTION_INFO, VALID | ERROR_CODE | HARDWARE_EXCEPTION << 8 | 13)
                .set(VM_ENTRY_EXCEPTION_ERROR_CODE, 0x1238);

        guest.run();

        assertThat(pushed(guest, 0)).isEqualTo(0x1238);
        assertThat(pushed(guest, 1)).isEqualTo(GuestMemory.CODE);
    }

    @Test
    void anErrorCodeOfAllOnesOfA15BitFieldIsPushedToo() {
        SingleGuest guest = injecting(HARDWARE_EXCEPTION, 14)
                .set(VM_ENTRY_INTERRUPTION_INFO, VALID | ERROR_CODE | HARDWARE_EXCEPTION << 8 | 14)
                .set(VM_ENTRY_EXCEPTION_ERROR_CODE, 0x7FFF);

        guest.run();

        assertThat(pushed(guest, 0)).isEqualTo(0x7FFF);
    }

    @Test
    void anInjectedFaultPushesTheFlagsAsTheyAre() {
        SingleGuest guest = injecting(HARDWARE_EXCEPTION, 6);

        guest.run();

        assertThat(pushed(guest, 2) & Flags.RF).isZero();
    }

    @Test
    void anInjectedExceptionIsNotHeldAgainstTheExceptionBitmap() {
        SingleGuest guest = injecting(HARDWARE_EXCEPTION, 6).set(EXCEPTION_BITMAP, 1 << 6);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    @Test
    void anExceptionThatHitsTheDeliveryIsHeldAgainstTheExceptionBitmap() {
        SingleGuest guest = injecting(SOFTWARE_INTERRUPT, 0x90)
                .set(EXCEPTION_BITMAP, 1 << 11)
                .memory(GuestMemory.IDT + 0x90 * 16, EMPTY_GATE);

        VmExit exit = guest.run();

        assertThat(exit.interruptionInfo() & 0xFF).isEqualTo(11);
        assertThat(exit.interruptionErrorCode()).isEqualTo(0x90 << 3 | 2);
        assertThat(exit.idtVectoringInfo()).isEqualTo((int) VALID | SOFTWARE_INTERRUPT << 8 | 0x90);
        assertThat(guest.get(VM_EXIT_INSTRUCTION_LENGTH)).isEqualTo(2);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
    }

    @Test
    void anInjectedEventWhoseStackEptDeniesIsTheVectoringInfo() {
        SingleGuest guest = injecting(EXTERNAL, 0x41)
                .set(GUEST_RFLAGS, 2 | Flags.IF)
                .memory(GuestMemory.eptEntry(GuestMemory.STACK_TOP - 8), 0);

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.EPT_VIOLATION);
        assertThat(exit.idtVectoringInfo()).isEqualTo((int) VALID | 0x41);
        assertThat(guest.get(VM_ENTRY_INTERRUPTION_INFO))
                .as("valid bit is cleared")
                .isEqualTo(0x41);
    }

    @Test
    void theValidBitIsClearedByTheExitOnly() {
        SingleGuest guest = injecting(HARDWARE_EXCEPTION, 6);
        guest.tryEnter();
        assertThat(guest.get(VM_ENTRY_INTERRUPTION_INFO) & VALID).isEqualTo(VALID);

        guest.runOn();

        assertThat(guest.get(VM_ENTRY_INTERRUPTION_INFO)).isEqualTo(HARDWARE_EXCEPTION << 8 | 6);
    }

    @Test
    void aSoftwareExceptionFromUserCodeObeysThePrivilegeOfItsGate() {
        SingleGuest guest = injecting(SOFTWARE_INTERRUPT, 0x20).asUser();

        guest.run();

        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.handler(13));
        assertThat(pushed(guest, 0)).isEqualTo(0x20 << 3 | 2);
        assertThat(pushed(guest, 1)).as("the instruction itself").isEqualTo(GuestMemory.CODE);
    }

    @Test
    void aHardwareExceptionFromUserCodeIgnoresThePrivilegeOfItsGate() {
        SingleGuest guest = injecting(HARDWARE_EXCEPTION, 6).asUser();

        guest.run();

        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.handler(6));
        assertThat(guest.get(GUEST_RSP)).isEqualTo(GuestMemory.INNER_STACK_TOP - FRAME);
        assertThat(pushed(guest, 4)).isEqualTo(GuestMemory.USER_DATA_SELECTOR);
    }

    @Test
    void anInjectedNmiBlocksNmis() {
        SingleGuest guest = injecting(NMI, 2);

        guest.run();

        assertThat(guest.get(GUEST_INTERRUPTIBILITY_STATE)).isEqualTo(8);
    }

    @Test
    void anInjectedNmiBlocksVirtualNmisOnly() {
        SingleGuest guest = injecting(NMI, 2).with(PinControl.NMI_EXITING, PinControl.VIRTUAL_NMIS);

        guest.run();

        assertThat(guest.get(GUEST_INTERRUPTIBILITY_STATE)).isEqualTo(8);
        assertThat(guest.cpu().nmiBlocked).isFalse();
    }

    @Test
    void anInjectedNmiWhoseDeliveryExitsLeavesVirtualNmisBlocked() {
        SingleGuest guest = injecting(NMI, 2)
                .with(PinControl.NMI_EXITING, PinControl.VIRTUAL_NMIS)
                .memory(GuestMemory.eptEntry(GuestMemory.STACK_TOP - 8), 0);

        assertThat(guest.run().idtVectoringInfo()).isEqualTo((int) VALID | NMI << 8 | 2);
        assertThat(guest.get(GUEST_INTERRUPTIBILITY_STATE)).isEqualTo(8);
    }

    @Test
    void aVectoringEntryIgnoresShadowsAndActivityStates() {
        SingleGuest guest =
                injecting(EXTERNAL, 0x41).set(GUEST_RFLAGS, 2 | Flags.IF).set(GUEST_ACTIVITY_STATE, 1);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(guest.get(GUEST_ACTIVITY_STATE)).isZero();
        assertThat(guest.get(GUEST_INTERRUPTIBILITY_STATE)).isZero();
    }

    @Test
    void anInjectedMonitorTrapExitsBeforeTheFirstInstruction() {
        SingleGuest guest = injecting(OTHER, 0);

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.MONITOR_TRAP_FLAG);
        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.CODE);
    }

    @Test
    void anInjectedPageFaultLeavesCr2() {
        SingleGuest guest = injecting(HARDWARE_EXCEPTION, 14)
                .set(VM_ENTRY_INTERRUPTION_INFO, VALID | ERROR_CODE | HARDWARE_EXCEPTION << 8 | 14);
        guest.cpu().cr2 = 0x1234_5000;

        guest.run();

        assertThat(guest.cpu().cr2).isEqualTo(0x1234_5000);
    }

    @Test
    void anInjectedDebugExceptionLeavesDr6AndDr7() {
        SingleGuest guest = injecting(HARDWARE_EXCEPTION, 1);
        long dr6 = guest.cpu().dr[6];

        guest.run();

        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.handler(1));
        assertThat(guest.cpu().dr[6]).isEqualTo(dr6);
    }

    @Test
    void anInjectedBreakpointWithoutAGateFaultsWithItsSelectorCode() {
        SingleGuest guest = injecting(SOFTWARE_EXCEPTION, 3).memory(GuestMemory.IDT + 3 * 16, EMPTY_GATE);

        guest.run();

        assertThat(guest.get(GUEST_RIP)).isEqualTo(GuestMemory.handler(11));
        assertThat(pushed(guest, 0)).isEqualTo(3 << 3 | 2);
    }
}

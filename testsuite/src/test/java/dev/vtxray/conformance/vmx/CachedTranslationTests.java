package dev.vtxray.conformance.vmx;

import static dev.vtxray.testkit.vmx.GuestMemory.DATA;
import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.testkit.vmx.GuestMemory;
import dev.vtxray.testkit.vmx.RootProgram;
import dev.vtxray.vmx.control.SecondaryControl;
import org.junit.jupiter.api.Test;

/**
 * SDM, VMX Support for Address Translation, "Caching Translation Information": what must be forgotten is forgotten. That
 * something is still remembered is never asked for, except to know that a test could fail at all.
 */
class CachedTranslationTests {
    private static final long OLD = DATA + 0x1000;
    private static final long NEW = DATA + 0x2000;
    private static final long LEAF = 6 << 3 | 7;
    private static final long EPTP = GuestMemory.EPT_PML4 | 0x1E;
    private static final long OTHER_EPTP = GuestMemory.OTHER_EPT | 0x1E;

    /** A guest that reads a page again and again: the value tells whence. */
    private static RootProgram host(boolean vpid) {
        RootProgram host = RootProgram.on("haswell-ep").inVmxOperation().guest(asm -> asm.label("again")
                .emit("MOV", Reg.EBX, Mem.dwordAt(DATA)));
        long controls = host.vmcs().get(SECONDARY_PROC_BASED_VM_EXEC_CONTROLS);
        host.vmcs()
                .set(
                        SECONDARY_PROC_BASED_VM_EXEC_CONTROLS,
                        vpid ? controls | SecondaryControl.ENABLE_VPID.mask() : controls);
        host.memory(OLD, 1).memory(NEW, 2).memory(GuestMemory.eptEntry(DATA), OLD | LEAF);
        // Another EPT with the same mappings.
        host.memory(GuestMemory.OTHER_EPT, GuestMemory.EPT_PDPT | 7);
        host.run(asm -> asm.emit("VMLAUNCH"));
        assertThat(host.cpu().r[Cpu.RBX]).isEqualTo(1);
        return host;
    }

    private static long readAgain(RootProgram host) {
        host.vmcs().set(GUEST_RIP, GuestMemory.CODE);
        host.run(asm -> asm.emit("VMRESUME"));
        return host.cpu().r[Cpu.RBX];
    }

    private static void remapInEpt(RootProgram host) {
        host.memory(GuestMemory.eptEntry(DATA), NEW | LEAF);
    }

    private static void remapInGuest(RootProgram host) {
        host.memory(GuestMemory.pageTableEntry(DATA), NEW | 7);
    }

    private static void invalidate(RootProgram host, String mnemonic, long type, long low, long high) {
        host.memory(DATA + 0x8000, low).memory(DATA + 0x8008, high);
        host.cpu().r[Cpu.RDX] = type;
        host.run(asm -> asm.emit(mnemonic, Reg.RDX, Mem.of(16, DATA + 0x8000)));
        assertThat(host.cpu().flags.get() & 0x41).isZero();
    }

    @Test
    void withVpidATransitionKeepsTranslations() {
        RootProgram host = host(true);
        remapInEpt(host);

        assertThat(readAgain(host)).as("stale: the tests below can fail").isEqualTo(1);
    }

    @Test
    void withoutVpidEveryTransitionForgets() {
        RootProgram host = host(false);
        remapInGuest(host);

        assertThat(readAgain(host)).isEqualTo(2);
    }

    @Test
    void inveptForgetsWhatWasMadeUnderItsPointer() {
        RootProgram host = host(true);
        remapInEpt(host);

        invalidate(host, "INVEPT", 1, EPTP, 0);

        assertThat(readAgain(host)).isEqualTo(2);
    }

    @Test
    void inveptOfAllContextsForgetsAll() {
        RootProgram host = host(true);
        remapInEpt(host);

        invalidate(host, "INVEPT", 2, 0, 0);

        assertThat(readAgain(host)).isEqualTo(2);
    }

    @Test
    void invvpidOfAnAddressForgetsIt() {
        RootProgram host = host(true);
        remapInGuest(host);

        invalidate(host, "INVVPID", 0, 1, DATA);

        assertThat(readAgain(host)).isEqualTo(2);
    }

    @Test
    void everyWiderInvvpidForgetsToo() {
        for (int type = 1; type <= 3; type++) {
            RootProgram host = host(true);
            remapInGuest(host);

            invalidate(host, "INVVPID", type, type == 2 ? 0 : 1, 0);

            assertThat(readAgain(host)).isEqualTo(2);
        }
    }

    @Test
    void anotherVpidOrPointerNeverMeetsTheTranslations() {
        RootProgram other = host(true);
        remapInGuest(other);
        other.vmcs().set(VIRTUAL_PROCESSOR_IDENTIFIER, 2);
        assertThat(readAgain(other)).isEqualTo(2);

        RootProgram elsewhere = host(true);
        remapInEpt(elsewhere);
        elsewhere.vmcs().set(EPT_POINTER, OTHER_EPTP);
        assertThat(readAgain(elsewhere)).isEqualTo(2);
    }

    @Test
    void invlpgInAGuestForgetsUnderEveryPointer() {
        RootProgram host = host(true);
        host.vmcs().set(EPT_POINTER, OTHER_EPTP);
        host.guest(asm -> asm.emit("INVLPG", Mem.unsizedAt(DATA)));
        remapInGuest(host);
        readAgain(host);

        host.guest(asm -> asm.emit("MOV", Reg.EBX, Mem.dwordAt(DATA)));
        host.vmcs().set(EPT_POINTER, EPTP);
        assertThat(readAgain(host)).isEqualTo(2);
    }

    @Test
    void movCr3InAGuestForgetsUnderEveryPointer() {
        RootProgram host = host(true);
        host.vmcs().set(EPT_POINTER, OTHER_EPTP);
        host.guest(asm -> asm.emit("MOV", Reg.RAX, Reg.CR3).emit("MOV", Reg.CR3, Reg.RAX));
        remapInGuest(host);
        readAgain(host);

        host.guest(asm -> asm.emit("MOV", Reg.EBX, Mem.dwordAt(DATA)));
        host.vmcs().set(EPT_POINTER, EPTP);
        assertThat(readAgain(host)).isEqualTo(2);
    }

    @Test
    void invlpgInTheHostLeavesNothingOfTheHost() {
        RootProgram host = host(true);
        host.run(asm -> asm.emit("MOV", Reg.EBX, Mem.dwordAt(DATA)));
        remapInGuest(host);

        host.run(asm -> asm.emit("INVLPG", Mem.unsizedAt(DATA)).emit("MOV", Reg.EBX, Mem.dwordAt(DATA)));

        assertThat(host.cpu().r[Cpu.RBX]).isEqualTo(2);
    }
}

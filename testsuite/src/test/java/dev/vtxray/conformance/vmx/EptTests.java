package dev.vtxray.conformance.vmx;

import static dev.vtxray.conformance.vmx.InstructionExitTests.assertFaulted;
import static dev.vtxray.testkit.vmx.GuestMemory.DATA;
import static dev.vtxray.testkit.vmx.GuestMemory.eptEntry;
import static dev.vtxray.testkit.vmx.GuestMemory.pageTableEntry;
import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SDM, VMX Support for Address Translation, "The Extended Page Table Mechanism (EPT)". */
class EptTests {
    private static final int PF = 14;
    private static final int READ = 1;
    private static final int WRITE = 2;
    private static final int FETCH = 4;
    private static final int LEAF_WB = 6 << 3;
    private static final int ACCESSED = 1 << 8;
    private static final int DIRTY = 1 << 9;
    private static final long ACCESSED_AND_DIRTY_ENABLED = 1 << 6;
    private static final long GUEST_ACCESSED = 1 << 5;
    private static final long GUEST_DIRTY = 1 << 6;
    /** Linear address valid, final translation. */
    private static final int FINAL = 1 << 7 | 1 << 8;
    /** Linear address valid, paging-structure entry. */
    private static final int WALK = 1 << 7;

    private static final Consumer<Assembler> LOAD =
            asm -> asm.emit("MOV", Reg.EAX, Mem.dword(Reg.RBX).disp(0x124));
    private static final Consumer<Assembler> STORE =
            asm -> asm.emit("MOV", Mem.dword(Reg.RBX).disp(0x124), Reg.EAX);
    private static final Consumer<Assembler> UPDATE =
            asm -> asm.emit("ADD", Mem.dword(Reg.RBX).disp(0x124), Reg.EAX);
    private static final Consumer<Assembler> JUMP = asm -> asm.emit("JMP", Reg.RBX);

    private static SingleGuest guest(Consumer<Assembler> code) {
        return SingleGuest.on("haswell-ep").register(Cpu.RBX, DATA).code(code);
    }

    private static SingleGuest accessing(Consumer<Assembler> code, int permissions) {
        return guest(code).memory(eptEntry(DATA), permissions == 0 ? 0 : DATA | LEAF_WB | permissions);
    }

    private static SingleGuest withFlags(SingleGuest guest) {
        return guest.set(EPT_POINTER, guest.get(EPT_POINTER) | ACCESSED_AND_DIRTY_ENABLED);
    }

    private static void assertViolation(SingleGuest guest, int access, int permissions, int kind, long gpa, long la) {
        VmExit exit = guest.run();
        assertThat(exit.reason()).isEqualTo(ExitReason.EPT_VIOLATION);
        assertThat(exit.qualification()).isEqualTo(access | permissions << 3 | kind);
        assertThat(guest.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(gpa);
        assertThat(guest.get(GUEST_LINEAR_ADDRESS)).isEqualTo(la);
        assertThat(exit.idtVectoringInfo()).isZero();
    }

    // the final page

    @Test
    void aReadOfAPageThatIsNotPresentIsAViolation() {
        assertViolation(accessing(LOAD, 0), READ, 0, FINAL, DATA + 0x124, DATA + 0x124);
    }

    @Test
    void aWriteToAPageThatMayNotBeWrittenIsAViolation() {
        assertViolation(accessing(STORE, READ | FETCH), WRITE, READ | FETCH, FINAL, DATA + 0x124, DATA + 0x124);
    }

    @Test
    void aFetchFromAPageThatMayNotBeExecutedIsAViolation() {
        assertViolation(accessing(JUMP, READ | WRITE), FETCH, READ | WRITE, FINAL, DATA, DATA);
    }

    @Test
    void aReadOfAPageThatMayOnlyBeExecutedIsAViolation() {
        assertViolation(accessing(LOAD, FETCH), READ, FETCH, FINAL, DATA + 0x124, DATA + 0x124);
    }

    @Test
    void aReadModifyWriteIsReportedAsReadAndWrite() {
        assertViolation(accessing(UPDATE, READ), READ | WRITE, READ, FINAL, DATA + 0x124, DATA + 0x124);
    }

    @Test
    void anAccessThatIsAllowedIsNoViolation() {
        assertThat(accessing(LOAD, READ).run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(accessing(STORE, READ | WRITE).run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    /** A store to a page whose EPT page directory allows no writing. */
    private static SingleGuest behindReadOnlyTable(int leaf) {
        return guest(STORE)
                .register(Cpu.RBX, 0x40_0000)
                .memory(GuestMemory.EPT_PAGE_DIRECTORY + 16, GuestMemory.OTHER_EPT | READ | FETCH)
                .memory(GuestMemory.OTHER_EPT, 0x40_0000 | leaf);
    }

    @Test
    void permissionsAreThoseOfAllEntriesTogether() {
        SingleGuest guest = behindReadOnlyTable(READ | WRITE | LEAF_WB);

        assertViolation(guest, WRITE, READ, FINAL, 0x40_0124, 0x40_0124);
    }

    @Test
    void anAccessAcrossTwoPagesReportsThePageThatIsDenied() {
        SingleGuest guest = guest(asm -> asm.emit("MOV", Reg.RAX, Mem.qword(Reg.RBX)))
                .register(Cpu.RBX, DATA + 0xFFC)
                .memory(eptEntry(DATA + 0x1000), 0);

        assertViolation(guest, READ, 0, FINAL, DATA + 0x1000, DATA + 0x1000);
    }

    @Test
    void aStoreAcrossTwoPagesOfWhichTheSecondIsDeniedStoresNothing() {
        SingleGuest guest = guest(asm -> asm.emit("MOV", Mem.qword(Reg.RBX), Reg.RSP))
                .register(Cpu.RBX, DATA + 0xFFC)
                .memory(eptEntry(DATA + 0x1000), DATA + 0x1000 | LEAF_WB | READ);

        assertViolation(guest, WRITE, READ, FINAL, DATA + 0x1000, DATA + 0x1000);
        assertThat(guest.memory(DATA + 0xFF8)).isZero();
    }

    @Test
    void anAccessGoesOnWhenTheHostHasFilledInThePage() {
        SingleGuest guest = accessing(LOAD, 0).memory(DATA + 0x124, 0x1234_5678);
        guest.run();

        guest.memory(eptEntry(DATA), DATA | LEAF_WB | READ);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(guest.cpu().r[Cpu.RAX]).isEqualTo(0x1234_5678);
    }

    @Test
    void aPageMayBeMappedElsewhere() {
        SingleGuest guest =
                guest(LOAD).memory(eptEntry(DATA), 0x90_0000 | LEAF_WB | READ).memory(0x90_0124, 0x77);

        guest.run();

        assertThat(guest.cpu().r[Cpu.RAX]).isEqualTo(0x77);
    }

    @Test
    void largePagesTranslate() {
        SingleGuest mega = guest(LOAD)
                .register(Cpu.RBX, 0x40_0000)
                .memory(GuestMemory.EPT_PAGE_DIRECTORY + 16, 0xA0_0000 | 1 << 7 | LEAF_WB | READ)
                .memory(0xA0_0124, 0x55);
        SingleGuest giga = guest(LOAD)
                .memory(GuestMemory.PAGE_DIRECTORY + 16, 0x4040_0000 | 1 << 7 | 7)
                .register(Cpu.RBX, 0x40_0000)
                .memory(GuestMemory.EPT_PDPT + 8, 1 << 7 | LEAF_WB | READ)
                .memory(0x40_0124, 0x66);

        assertThat(mega.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(giga.run().reason()).isEqualTo(ExitReason.VMCALL);
        assertThat(mega.cpu().r[Cpu.RAX]).isEqualTo(0x55);
        assertThat(giga.cpu().r[Cpu.RAX]).isEqualTo(0x66);
    }

    // page walks

    private static final long ENTRY = pageTableEntry(DATA);

    /** An access behind a page table that only it uses, in the page at 30000H. */
    private static SingleGuest walking(Consumer<Assembler> code, int permissions) {
        return guest(code)
                .register(Cpu.RBX, 0x20_0000)
                .memory(GuestMemory.PAGE_DIRECTORY + 8, 0x3_0000 | 7)
                .memory(0x3_0000, DATA | 7)
                .memory(eptEntry(0x3_0000), permissions == 0 ? 0 : 0x3_0000 | LEAF_WB | permissions);
    }

    @Test
    void aWalkThatReadsAnEntryThatIsNotPresentIsAReadWhateverTheAccess() {
        assertViolation(walking(LOAD, 0), READ, 0, WALK, 0x3_0000, 0x20_0124);
        assertViolation(walking(STORE, 0), READ, 0, WALK, 0x3_0000, 0x20_0124);
        assertViolation(walking(JUMP, 0), READ, 0, WALK, 0x3_0000, 0x20_0000);
    }

    @Test
    void settingAnAccessedFlagInAPageThatMayNotBeWrittenIsAReadAndAWrite() {
        assertViolation(walking(LOAD, READ), READ | WRITE, READ, WALK, 0x3_0000, 0x20_0124);
    }

    @Test
    void withEptFlagsEveryWalkIsAWrite() {
        assertViolation(withFlags(walking(LOAD, 0)), READ | WRITE, 0, WALK, 0x3_0000, 0x20_0124);
        SingleGuest accessed = walking(LOAD, READ).memory(0x3_0000, DATA | 7 | GUEST_ACCESSED);
        assertViolation(withFlags(accessed), READ | WRITE, READ, WALK, 0x3_0000, 0x20_0124);
    }

    @Test
    void aWalkNeedsNoWritingIfTheFlagsAreSetAndEptHasNone() {
        SingleGuest guest = walking(LOAD, READ).memory(0x3_0000, DATA | 7 | GUEST_ACCESSED);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    @Test
    void aPageFaultOfTheGuestComesBeforeAViolationOfTheFinalPage() {
        SingleGuest guest = accessing(STORE, 0).memory(ENTRY, DATA | 5);

        assertFaulted(guest, guest.run(), PF);
    }

    @Test
    void aViolationOfAPagingStructureComesBeforeAPageFault() {
        SingleGuest guest = walking(STORE, 0).memory(0x3_0000, 0);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.EPT_VIOLATION);
    }

    @Test
    void theGuestsFlagsAreSetBeforeAViolationOfTheFinalPage() {
        SingleGuest guest = accessing(STORE, READ);

        guest.run();

        assertThat(guest.memory(ENTRY)).isEqualTo(DATA | 7 | GUEST_ACCESSED | GUEST_DIRTY);
    }

    // misconfigurations

    @ParameterizedTest
    @ValueSource(
            longs = {
                2,
                6, // W without R
                1 | 2 << 3,
                1 | 3 << 3,
                1 | 7 << 3, // memory types
                1 | LEAF_WB | 1L << 46,
                1 | LEAF_WB | 1L << 51 // beyond the physical-address width
            })
    void aLeafWithAReservedValueIsAMisconfiguration(long entry) {
        SingleGuest guest = guest(LOAD).memory(eptEntry(DATA), DATA | entry);

        VmExit exit = guest.run();

        assertThat(exit.reason()).isEqualTo(ExitReason.EPT_MISCONFIGURATION);
        assertThat(exit.qualification()).isZero();
        assertThat(guest.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(DATA + 0x124);
    }

    @ParameterizedTest
    @ValueSource(longs = {1 << 3, 1 << 6, 1 << 7, 1L << 46})
    void aReservedBitInATableEntryIsAMisconfiguration(long bit) {
        SingleGuest guest = guest(LOAD)
                .register(Cpu.RBX, 0x100_0000)
                .memory(GuestMemory.PAGE_DIRECTORY + 8 * 8, 0x80_0000_0000L | 1 << 7 | 7)
                .memory(GuestMemory.EPT_PML4 + 8, GuestMemory.EPT_PDPT | 7 | bit);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.EPT_MISCONFIGURATION);
        assertThat(guest.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(0x80_0000_0124L);
    }

    @ParameterizedTest
    @ValueSource(longs = {1 << 7, 1 << 10, 1 << 11, 1L << 52, 1L << 57, 1L << 62, 1L << 63})
    void ignoredBitsOfALeafAreIgnored(long bit) {
        SingleGuest guest = guest(LOAD).memory(eptEntry(DATA), DATA | LEAF_WB | READ | bit);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.VMCALL);
    }

    @Test
    void aLargePageThatIsNotAlignedIsAMisconfiguration() {
        SingleGuest guest = guest(LOAD)
                .register(Cpu.RBX, 0x40_0000)
                .memory(GuestMemory.EPT_PAGE_DIRECTORY + 16, 0x40_1000 | 1 << 7 | LEAF_WB | READ);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.EPT_MISCONFIGURATION);
    }

    @Test
    void aMisconfigurationBelowComesBeforeAMissingPermissionAbove() {
        SingleGuest guest = behindReadOnlyTable(WRITE);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.EPT_MISCONFIGURATION);
    }

    @Test
    void anEntryThatIsNotPresentIsNeverMisconfigured() {
        SingleGuest guest = guest(LOAD).memory(eptEntry(DATA), -8);

        assertThat(guest.run().reason()).isEqualTo(ExitReason.EPT_VIOLATION);
    }

    // accessed and dirty flags

    @Test
    void aReadSetsAccessedAndAWriteSetsDirty() {
        SingleGuest guest = withFlags(guest(asm -> asm.emit("MOV", Reg.EAX, Mem.dword(Reg.RBX))
                .emit("MOV", Mem.dword(Reg.RBX).disp(0x1000), Reg.EAX)));

        guest.run();

        assertThat(guest.memory(eptEntry(DATA)) & (ACCESSED | DIRTY)).isEqualTo(ACCESSED);
        assertThat(guest.memory(eptEntry(DATA + 0x1000)) & (ACCESSED | DIRTY)).isEqualTo(ACCESSED | DIRTY);
        assertThat(guest.memory(GuestMemory.EPT_PML4) & (ACCESSED | DIRTY)).isEqualTo(ACCESSED);
        assertThat(guest.memory(eptEntry(GuestMemory.PAGE_TABLE)) & (ACCESSED | DIRTY))
                .as("a walk counts as a write")
                .isEqualTo(ACCESSED | DIRTY);
    }

    @Test
    void aWriteAfterAReadStillSetsDirty() {
        SingleGuest guest = withFlags(
                guest(asm -> asm.emit("MOV", Reg.EAX, Mem.dword(Reg.RBX)).emit("MOV", Mem.dword(Reg.RBX), Reg.EAX)));

        guest.run();

        assertThat(guest.memory(eptEntry(DATA)) & DIRTY).isEqualTo(DIRTY);
    }

    @Test
    void withoutTheControlNoFlagIsSet() {
        SingleGuest guest = guest(STORE);
        long before = guest.memory(eptEntry(DATA));

        guest.run();

        assertThat(guest.memory(eptEntry(DATA))).isEqualTo(before);
    }

    @Test
    void aDeniedAccessSetsNoFlag() {
        SingleGuest guest = withFlags(accessing(STORE, READ));
        long before = guest.memory(eptEntry(DATA));

        guest.run();

        assertThat(guest.memory(eptEntry(DATA))).isEqualTo(before);
    }
}

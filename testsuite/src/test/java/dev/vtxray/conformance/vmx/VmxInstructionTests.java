package dev.vtxray.conformance.vmx;

import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.isa.Assembler;
import dev.vtxray.core.isa.Imm;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.testkit.vmx.GuestMemory;
import dev.vtxray.testkit.vmx.RootProgram;
import dev.vtxray.testkit.vmx.RootProgram.Outcome;
import dev.vtxray.vmx.VmxUnit;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.vmcs.LaunchState;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SDM, VMX Instruction Reference, in VMX root operation. */
class VmxInstructionTests {
    private static final int UD = 6;
    private static final int GP = 13;
    private static final int PF = 14;
    private static final long OTHER_REGION = GuestMemory.SHADOW_VMCS_REGION;
    private static final int INVALID = Flags.CF;
    private static final int VALID = Flags.ZF;

    private static RootProgram root() {
        return RootProgram.on("haswell-ep").inVmxOperation();
    }

    private static int status(RootProgram host) {
        return host.cpu().flags.get() & Flags.STATUS;
    }

    private static void assertFailed(RootProgram host, int error) {
        assertThat(status(host)).isEqualTo(VALID);
        assertThat(host.vmcs().get(VM_INSTRUCTION_ERROR)).isEqualTo(error);
    }

    /** A fault ends in the handler's VMCALL, which fails in root operation and faults outside: the frame tells. */
    private static void assertFaulted(RootProgram host, Consumer<Assembler> code, int vector) {
        host.memory(GuestMemory.handler(vector), 0xF4E6L); // OUT F4H, AL
        host.run(code);
        assertThat(host.cpu().rip).isEqualTo(GuestMemory.handler(vector) + 2);
    }

    // VMXON and VMXOFF

    @Test
    void vmxonEntersVmxOperationWithoutACurrentVmcs() {
        RootProgram host = RootProgram.on("haswell-ep");
        host.pc()
                .memory()
                .write(GuestMemory.VMXON_REGION, 4, host.unit().capabilities().revision());

        host.execute("VMXON", GuestMemory.VMXON_REGION);

        assertThat(status(host)).isZero();
        assertThat(host.unit().mode()).isEqualTo(VmxUnit.Mode.ROOT);
        assertThat(host.unit().currentPointer()).isEqualTo(-1);
    }

    @Test
    void vmxonNeedsTheRevisionAndAnAlignedAddress() {
        RootProgram host = RootProgram.on("haswell-ep");

        host.execute("VMXON", GuestMemory.VMXON_REGION);
        assertThat(status(host)).isEqualTo(INVALID);

        host.execute("VMXON", GuestMemory.VMXON_REGION + 8);
        assertThat(status(host)).isEqualTo(INVALID);
        assertThat(host.unit().mode()).isEqualTo(VmxUnit.Mode.OFF);
    }

    @Test
    void vmxonFaultsWithoutTheFixedBits() {
        RootProgram host = RootProgram.on("haswell-ep");
        host.cpu().cr0 &= ~Control.CR0_NE;

        assertFaulted(host, asm -> asm.emit("VMXON", Mem.qword(Reg.RSP)), GP);
    }

    @Test
    void vmxonIsUndefinedWithoutVmxe() {
        RootProgram host = RootProgram.on("haswell-ep");
        host.cpu().cr4 = Control.CR4_PAE;

        assertFaulted(host, asm -> asm.emit("VMXON", Mem.qword(Reg.RSP)), UD);
    }

    @Test
    void vmxonInRootOperationFails() {
        RootProgram host = root();

        host.execute("VMXON", GuestMemory.VMXON_REGION);

        assertFailed(host, 15);
    }

    @Test
    void vmxInstructionsAreUndefinedOutsideVmxOperation() {
        for (String name : new String[] {"VMXOFF", "VMCALL", "VMLAUNCH", "VMRESUME"}) {
            assertFaulted(RootProgram.on("haswell-ep"), asm -> asm.emit(name), UD);
        }
    }

    @Test
    void theFixedBitsCannotBeClearedInVmxOperation() {
        assertFaulted(
                root(),
                asm -> asm.emit("MOV", Reg.RAX, Reg.CR4)
                        .emit("XOR", Reg.AH, Reg.AH)
                        .emit("MOV", Reg.CR4, Reg.RAX),
                GP);
    }

    @Test
    void initIsBlockedInRootOperationAndTakenAtVmxoff() {
        RootProgram host = root();
        host.cpu().raiseInit();
        assertThat(host.run(asm -> asm.emit("NOP"))).isEqualTo(Outcome.FINISHED);
        assertThat(host.cpu().initPending).isTrue();

        host.run(asm -> asm.emit("VMXOFF").emit("NOP"));

        assertThat(host.cpu().initPending).isFalse();
        assertThat(host.cpu().cr0 & Control.CR0_PE).isZero();
    }

    // VMCLEAR, VMPTRLD, VMPTRST

    @Test
    void vmclearOfTheCurrentVmcsLeavesNone() {
        RootProgram host = root();

        host.execute("VMCLEAR", GuestMemory.VMCS_REGION);

        assertThat(status(host)).isZero();
        assertThat(host.unit().currentPointer()).isEqualTo(-1);
    }

    @Test
    void vmclearAndVmptrldRefuseBadAddresses() {
        RootProgram host = root();

        host.execute("VMCLEAR", GuestMemory.VMCS_REGION + 1);
        assertFailed(host, 2);
        host.execute("VMCLEAR", 1L << 46);
        assertFailed(host, 2);
        host.execute("VMCLEAR", GuestMemory.VMXON_REGION);
        assertFailed(host, 3);
        host.execute("VMPTRLD", GuestMemory.VMCS_REGION + 1);
        assertFailed(host, 9);
        host.execute("VMPTRLD", GuestMemory.VMXON_REGION);
        assertFailed(host, 10);
        host.execute("VMPTRLD", OTHER_REGION);
        assertFailed(host, 11);
    }

    @Test
    void vmptrstStoresThePointer() {
        RootProgram host = root();

        host.run(asm -> asm.emit("VMPTRST", Mem.qwordAt(GuestMemory.DATA)));

        assertThat(host.memory(GuestMemory.DATA)).isEqualTo(GuestMemory.VMCS_REGION);
    }

    @Test
    void fieldsSurviveVmclearAndVmptrld() {
        RootProgram host = root();
        host.vmcs().set(TSC_OFFSET, 0x1234_5678_9ABCL);

        host.execute("VMCLEAR", GuestMemory.VMCS_REGION);
        host.execute("VMPTRLD", GuestMemory.VMCS_REGION);

        assertThat(host.vmcs().get(TSC_OFFSET)).isEqualTo(0x1234_5678_9ABCL);
    }

    // VMREAD and VMWRITE

    private static RootProgram vmread(RootProgram host, long encoding) {
        host.cpu().r[Cpu.RDX] = encoding;
        host.cpu().r[Cpu.RCX] = 0x5555;
        host.run(asm -> asm.emit("VMREAD", Reg.RCX, Reg.RDX));
        return host;
    }

    private static RootProgram vmwrite(RootProgram host, long encoding, long value) {
        host.cpu().r[Cpu.RDX] = encoding;
        host.cpu().r[Cpu.RCX] = value;
        host.run(asm -> asm.emit("VMWRITE", Reg.RDX, Reg.RCX));
        return host;
    }

    @Test
    void vmwriteCutsToTheFieldAndVmreadExtends() {
        RootProgram host = root();

        vmwrite(host, GUEST_CS_SELECTOR.encoding(), -1);
        assertThat(host.vmcs().get(GUEST_CS_SELECTOR)).isEqualTo(0xFFFF);
        vmwrite(host, TSC_OFFSET.encoding() + 1, 0x1_2222_2222L);
        assertThat(vmread(host, TSC_OFFSET.encoding()).cpu().r[Cpu.RCX]).isEqualTo(0x2222_2222_0000_0000L);
        assertThat(vmread(host, TSC_OFFSET.encoding() + 1).cpu().r[Cpu.RCX]).isEqualTo(0x2222_2222L);
    }

    @ParameterizedTest
    @ValueSource(longs = {0x1000, 0x1_0000_0000L | 0x4000, 0x4001, 0x6FFE, 0x8000})
    void anUnknownEncodingFails(long encoding) {
        RootProgram host = vmread(root(), encoding);

        assertFailed(host, 12);
        assertThat(host.cpu().r[Cpu.RCX]).isEqualTo(0x5555);
    }

    @Test
    void exitInformationCanBeWrittenOnlyIfTheProcessorOffersThat() {
        RootProgram without =
                vmwrite(RootProgram.on("ivybridge-ep").inVmxOperation(), VmcsField.EXIT_REASON.encoding(), 1);
        RootProgram with = vmwrite(root(), VmcsField.EXIT_REASON.encoding(), 1);

        assertFailed(without, 13);
        assertThat(status(with)).isZero();
        assertThat(with.vmcs().get(EXIT_REASON)).isEqualTo(1);
    }

    @Test
    void withoutACurrentVmcsBothFailInvalid() {
        RootProgram host = root();
        host.execute("VMCLEAR", GuestMemory.VMCS_REGION);

        assertThat(status(vmread(host, 0x4000))).isEqualTo(INVALID);
        assertThat(status(vmwrite(host, 0x4000, 1))).isEqualTo(INVALID);
    }

    @Test
    void anUnknownEncodingWinsAgainstAFaultingDestinationOfVmread() {
        RootProgram host = root();
        host.memory(GuestMemory.pageTableEntry(GuestMemory.DATA), 0);
        host.cpu().r[Cpu.RDX] = 0x1000;

        host.run(asm -> asm.emit("VMREAD", Mem.qwordAt(GuestMemory.DATA), Reg.RDX));

        assertFailed(host, 12);
    }

    @Test
    void aFaultingSourceOfVmwriteWinsAgainstAnUnknownEncoding() {
        RootProgram host = root();
        host.memory(GuestMemory.pageTableEntry(GuestMemory.DATA), 0);
        host.cpu().r[Cpu.RDX] = 0x1000;

        assertFaulted(host, asm -> asm.emit("VMWRITE", Reg.RDX, Mem.qwordAt(GuestMemory.DATA)), PF);
    }

    @Test
    void successLeavesTheErrorOfTheLastFailure() {
        RootProgram host = vmread(root(), 0x1000);

        vmread(host, EXIT_REASON.encoding());

        assertThat(status(host)).isZero();
        assertThat(host.vmcs().get(VM_INSTRUCTION_ERROR)).isEqualTo(12);
    }

    // VMLAUNCH, VMRESUME, VMCALL

    @Test
    void theLaunchStateDecidesBetweenVmlaunchAndVmresume() {
        RootProgram host = root().guest(asm -> asm.emit("CPUID"));

        host.run(asm -> asm.emit("VMRESUME"));
        assertFailed(host, 5);
        assertThat(host.run(asm -> asm.emit("VMLAUNCH"))).isEqualTo(Outcome.VM_EXIT);
        assertThat(host.vmcs().launchState()).isEqualTo(LaunchState.LAUNCHED);
        host.run(asm -> asm.emit("VMLAUNCH"));
        assertFailed(host, 4);
        assertThat(host.run(asm -> asm.emit("VMRESUME"))).isEqualTo(Outcome.VM_EXIT);
    }

    @Test
    void anEntryInTheShadowOfAMoveToTheStackSegmentFails() {
        RootProgram host = root();
        host.cpu().r[Cpu.RAX] = GuestMemory.DATA_SELECTOR;

        host.run(asm -> asm.emit("MOV", Reg.SS, Reg.AX).emit("VMLAUNCH"));

        assertFailed(host, 26);
    }

    @Test
    void anEntryWithoutAVmcsFailsInvalid() {
        RootProgram host = root();
        host.execute("VMCLEAR", GuestMemory.VMCS_REGION);

        host.run(asm -> asm.emit("VMLAUNCH"));

        assertThat(status(host)).isEqualTo(INVALID);
    }

    @Test
    void vmcallInRootOperationFails() {
        RootProgram host = root();

        host.run(asm -> asm.emit("VMCALL"));

        assertFailed(host, 1);
    }

    // INVEPT and INVVPID

    private static RootProgram invalidate(String mnemonic, long type, long low, long high) {
        RootProgram host = root().memory(GuestMemory.DATA, low).memory(GuestMemory.DATA + 8, high);
        host.cpu().r[Cpu.RDX] = type;
        host.run(asm -> asm.emit(mnemonic, Reg.RDX, Mem.of(16, GuestMemory.DATA)));
        return host;
    }

    @Test
    void inveptRefusesUnknownTypesAndBadPointers() {
        long eptp = GuestMemory.EPT_PML4 | 0x1E;
        assertThat(status(invalidate("INVEPT", 1, eptp, 0))).isZero();
        assertThat(status(invalidate("INVEPT", 2, 0, 0))).isZero();
        assertFailed(invalidate("INVEPT", 0, eptp, 0), 28);
        assertFailed(invalidate("INVEPT", 3, eptp, 0), 28);
        assertFailed(invalidate("INVEPT", 1, GuestMemory.EPT_PML4 | 0x1D, 0), 28);
    }

    @Test
    void invvpidRefusesUnknownTypesAndBadOperands() {
        assertThat(status(invalidate("INVVPID", 0, 1, 0x1000))).isZero();
        assertThat(status(invalidate("INVVPID", 2, 0, 0))).isZero();
        assertFailed(invalidate("INVVPID", 0, 1, 1L << 47), 28);
        assertFailed(invalidate("INVVPID", 0, 0, 0), 28);
        assertFailed(invalidate("INVVPID", 1, 0, 0), 28);
        assertFailed(invalidate("INVVPID", 3, 0x1_0001, 0), 28);
        assertFailed(invalidate("INVVPID", 2, 0x1_0000, 0), 28);
        assertFailed(invalidate("INVVPID", 4, 1, 0), 28);
    }

    // VMCS shadowing

    @Test
    void withShadowingAGuestReadsAndWritesTheShadowVmcs() {
        RootProgram host = root();
        int revision = host.unit().capabilities().revision();
        host.pc().memory().write(OTHER_REGION, 4, revision | 1 << 31);
        host.vmcs().set(VMCS_LINK_POINTER, OTHER_REGION);
        host.vmcs()
                .set(
                        SECONDARY_PROC_BASED_VM_EXEC_CONTROLS,
                        host.vmcs().get(SECONDARY_PROC_BASED_VM_EXEC_CONTROLS)
                                | SecondaryControl.VMCS_SHADOWING.mask());
        host.memory(GuestMemory.VMREAD_BITMAP + (0x4002 >> 6) * 8, 1L << 2);
        host.cpu().r[Cpu.RDX] = TSC_OFFSET.encoding();
        host.cpu().r[Cpu.RCX] = 0x77;
        host.guest(asm -> asm.emit("VMWRITE", Reg.RDX, Reg.RCX)
                .emit("VMREAD", Reg.RBX, Reg.RDX)
                .emit("MOV", Reg.EDX, Imm.of(0x4002))
                .emit("VMREAD", Reg.RBX, Reg.RDX));

        assertThat(host.run(asm -> asm.emit("VMLAUNCH"))).isEqualTo(Outcome.VM_EXIT);

        assertThat(host.vmcs().get(EXIT_REASON))
                .as("VMREAD of a field whose bit is set")
                .isEqualTo(23);
        assertThat(host.cpu().r[Cpu.RBX]).isEqualTo(0x77);
        assertThat(host.vmcs().get(TSC_OFFSET)).isZero();
        assertThat(host.unit().store().activate(OTHER_REGION).get(TSC_OFFSET)).isEqualTo(0x77);
    }
}

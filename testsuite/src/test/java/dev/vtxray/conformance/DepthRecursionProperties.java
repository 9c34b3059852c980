package dev.vtxray.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.isa.Assembler;
import dev.vtxray.core.isa.Imm;
import dev.vtxray.core.isa.LabelRef;
import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.nested.ExitKey;
import dev.vtxray.nested.L0;
import dev.vtxray.nested.L0Options;
import dev.vtxray.nested.Level;
import dev.vtxray.nested.NestedObserver;
import dev.vtxray.testkit.vmx.GuestMemory;
import dev.vtxray.testkit.vmx.RootProgram;
import dev.vtxray.testkit.vmx.SingleGuest;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.vmcs.VmcsField;
import dev.vtxray.vmx.vmcs.VmcsRegionFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * Three levels of machine code above L0. Every handler executes s VMX instructions, its entry among them, and each of them
 * leaves for the level beneath: an exit of Ln that L(n-1) handles costs N(n) = (1 + s)^(n - 1) exits of the hardware.
 *
 * <p>L1 gives L2 the shape of VMX and no more: it steps over L2's VMREADs, and on L2's VMRESUME enters L3. That is what the
 * law counts; what the instructions return does not matter to it.
 */
class DepthRecursionProperties {
    // @formatter:off
    private static final long VMCS_OF_L2  = GuestMemory.VMCS_REGION;
    private static final long VMCS_OF_L3  = 0x81_4000;
    private static final long L2_START    = GuestMemory.CODE;
    private static final long L1_HANDLER  = 0x01_9000;
    private static final long L2_HANDLER  = 0x01_A000;
    private static final long L3_CODE     = 0x01_B000;
    private static final long L1_START    = 0x01_C000;
    private static final Mem  POINTER_L2  = Mem.qwordAt(0x01_D000);
    private static final Mem  POINTER_L3  = Mem.qwordAt(0x01_D008);
    private static final Mem  RUNS_L3     = Mem.qwordAt(0x01_D010);
    private static final Mem  L3_LAUNCHED = Mem.qwordAt(0x01_D018);
    private static final Mem  VMXON_AT    = Mem.qwordAt(0x01_D020);
    // @formatter:on
    private static final int VMREAD_LENGTH = 3;
    private static final long CYCLES = 60_000;

    @Property(tries = 6)
    void exitsMultiplyByOnePlusTheHandlerWithEveryLevel(@ForAll @IntRange(min = 5, max = 9) int s) {
        Counts counts = run(s);
        assertThat(counts.warm(counts.betweenExitsOfL3)).hasSizeGreaterThan(5).containsOnly((long) (1 + s) * (1 + s));
        assertThat(counts.betweenExitsOfL2).hasSizeGreaterThan(20).containsOnly(1L + s);
        assertThat(counts.eptViolationsWhenWarm).isZero();
    }

    /** Hardware exits from one exit to the next of the same kind. */
    private static final class Counts implements NestedObserver {
        private final List<Long> betweenExitsOfL3 = new ArrayList<>();
        private final List<Long> betweenExitsOfL2 = new ArrayList<>();
        private long exits;
        private long eptViolationsWhenWarm;
        private long atExitOfL3 = -1;
        private long atExitOfL2 = -1;

        @Override
        public void hardwareExit(int cpu, Level level, VmExit exit, ExitKey key) {
            if (level == Level.L2 && exit.reason() == ExitReason.CPUID) {
                if (atExitOfL3 >= 0) {
                    betweenExitsOfL3.add(exits - atExitOfL3);
                }
                atExitOfL3 = exits;
                atExitOfL2 = -1;
            } else if (level == Level.L2 && exit.reason() == ExitReason.VMREAD) {
                if (atExitOfL2 >= 0) {
                    betweenExitsOfL2.add(exits - atExitOfL2);
                }
                atExitOfL2 = exits;
            }
            exits++;
            if (exit.reason() == ExitReason.EPT_VIOLATION && !betweenExitsOfL3.isEmpty()) {
                eptViolationsWhenWarm++;
            }
        }

        /** Without the first round, in which L2's handler touches its page for the first time: an EPT violation that L0 keeps. */
        List<Long> warm(List<Long> rounds) {
            return rounds.subList(1, rounds.size());
        }
    }

    private static Counts run(int s) {
        RootProgram program = RootProgram.on("haswell-ep").inVmxOperation();
        program.vmcs().set(VmcsField.HOST_RIP, L1_HANDLER);
        program.execute("VMCLEAR", VMCS_OF_L2);
        byte[] region = program.pc().memory().readBytes(VMCS_OF_L2, VmcsRegionFormat.SIZE);
        program.pc().memory().write(VMCS_OF_L3, region, 0, region.length);
        program.memory(VMCS_OF_L3 + VmcsRegionFormat.offsetOf(VmcsField.GUEST_RIP), L3_CODE);
        program.run(asm -> asm.emit("VMXOFF"));
        program.memory(0x01_D000, VMCS_OF_L2);
        program.memory(0x01_D008, VMCS_OF_L3);
        program.memory(0x01_D020, GuestMemory.VMXON_REGION);
        write(program, L1_START, DepthRecursionProperties::startL1);
        write(program, L1_HANDLER, asm -> handleInL1(asm, s));
        write(program, L2_START, asm -> asm.emit("VMRESUME"));
        write(program, L2_HANDLER, asm -> handleInL2(asm, s));
        write(program, L3_CODE, asm -> asm.emit("CPUID"));
        program.cpu().rip = L1_START;
        Counts counts = new Counts();
        L0 l0 = L0.slipUnder(program.pc().hardware(), L0Options.standard());
        l0.setObserver(counts);
        program.pc().run(CYCLES);
        return counts;
    }

    private static void write(RootProgram program, long address, Consumer<Assembler> code) {
        Assembler asm = new Assembler(SingleGuest.instructions(), 8, address);
        code.accept(asm);
        asm.emit("OUT", Imm.of(0xF4), Reg.AL); // nothing gets here
        program.pc().memory().write(address, asm.bytes(), 0, asm.bytes().length);
    }

    private static void startL1(Assembler asm) {
        asm.emit("VMXON", VMXON_AT);
        asm.emit("VMPTRLD", POINTER_L2);
        asm.emit("VMLAUNCH");
    }

    /** (s - 1) VMREADs and a VMRESUME. */
    private static void handleInL2(Assembler asm, int s) {
        asm.emit("MOV", Reg.RBX, Imm.of(VmcsField.EXIT_REASON.encoding()));
        for (int i = 1; i < s; i++) {
            asm.emit("VMREAD", Reg.RAX, Reg.RBX);
        }
        asm.emit("VMRESUME");
    }

    /** s VMX instructions on every path. */
    private static void handleInL1(Assembler asm, int s) {
        asm.emit("CMP", RUNS_L3, Imm.of(0));
        asm.emit("JNE", LabelRef.of("exitOfL3"));
        read(asm, VmcsField.EXIT_REASON);
        asm.emit("CMP", Reg.RAX, Imm.of(ExitReason.VMREAD.number()));
        asm.emit("JNE", LabelRef.of("entryToL3"));

        read(asm, VmcsField.GUEST_RIP);
        asm.emit("ADD", Reg.RAX, Imm.of(VMREAD_LENGTH));
        writeRip(asm);
        pad(asm, s - 4);
        asm.emit("MOV", Reg.RBX, Imm.of(VmcsField.EXIT_REASON.encoding()));
        asm.emit("VMRESUME");

        asm.label("exitOfL3");
        asm.emit("MOV", RUNS_L3, Imm.of(0));
        asm.emit("VMPTRLD", POINTER_L2);
        asm.emit("MOV", Reg.RAX, Imm.of(L2_HANDLER));
        writeRip(asm);
        pad(asm, s - 3);
        asm.emit("VMRESUME");

        asm.label("entryToL3");
        asm.emit("MOV", RUNS_L3, Imm.of(1));
        asm.emit("VMPTRLD", POINTER_L3);
        pad(asm, s - 3);
        asm.emit("CMP", L3_LAUNCHED, Imm.of(0));
        asm.emit("MOV", L3_LAUNCHED, Imm.of(1));
        asm.emit("JE", LabelRef.of("launch"));
        asm.emit("VMRESUME");
        asm.label("launch");
        asm.emit("VMLAUNCH");
    }

    private static void read(Assembler asm, VmcsField field) {
        asm.emit("MOV", Reg.RBX, Imm.of(field.encoding()));
        asm.emit("VMREAD", Reg.RAX, Reg.RBX);
    }

    private static void writeRip(Assembler asm) {
        asm.emit("MOV", Reg.RBX, Imm.of(VmcsField.GUEST_RIP.encoding()));
        asm.emit("VMWRITE", Reg.RBX, Reg.RAX);
    }

    private static void pad(Assembler asm, int count) {
        asm.emit("MOV", Reg.RBX, Imm.of(VmcsField.EXIT_REASON.encoding()));
        for (int i = 0; i < count; i++) {
            asm.emit("VMREAD", Reg.RAX, Reg.RBX);
        }
    }
}

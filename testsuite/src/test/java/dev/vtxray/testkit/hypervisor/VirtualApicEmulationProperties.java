package dev.vtxray.testkit.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.core.machine.StopReason;
import dev.vtxray.testkit.experiment.PingPong;
import dev.vtxray.testkit.experiment.Scenario;
import dev.vtxray.testkit.experiment.TwoLevelRun;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.vmx.capability.CpuProfile;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** An L2 made for the purpose accesses its APIC in all ways in which MOV can be encoded. */
class VirtualApicEmulationProperties {
    private static final long CYCLES = 100_000;
    private static final int ICR_TO_ITSELF = 0x4000 | PingPong.VECTOR;

    /** Where and with what an instruction accesses the APIC. */
    record Access(Reg base, Reg index, int scale, boolean usesIndex, int disp, Reg value) {
        Mem address(HypervisorCode code, int offset) {
            long target = L1Memory.APIC + offset;
            if (!usesIndex) {
                code.load(base, target - disp);
                return Mem.dword(base).disp(disp);
            }
            code.load(index, 5);
            code.load(base, target - disp - 5L * scale);
            return Mem.dword(base).index(index, scale).disp(disp);
        }
    }

    @Provide
    Arbitrary<Access> accesses() {
        Arbitrary<Reg> bases =
                Arbitraries.integers().between(0, 15).filter(n -> n != 4).map(n -> Reg.general(8, n));
        Arbitrary<Reg> values =
                Arbitraries.integers().between(0, 15).filter(n -> n != 4).map(n -> Reg.general(4, n));
        Arbitrary<Integer> displacements = Arbitraries.oneOf(
                Arbitraries.just(0), Arbitraries.integers().between(-128, 127), Arbitraries.integers());
        return Combinators.combine(
                        bases, bases, Arbitraries.of(1, 2, 4, 8), Arbitraries.of(true, false), displacements, values)
                .as(Access::new)
                .filter(access -> access.base() != access.index()
                        && access.value().number() != access.base().number()
                        && access.value().number() != access.index().number());
    }

    @Property(tries = 150)
    void whatIsWrittenToTheIcrIsReadBack(
            @ForAll("accesses") Access read, @ForAll("accesses") Access write, @ForAll boolean immediate) {
        HypervisorCode l2 = newL2();
        Mem target = write.address(l2, GuestCode.APIC_ICR_LOW);
        if (immediate) {
            l2.emit("MOV", target, ICR_TO_ITSELF);
        } else {
            l2.load(write.value(), ICR_TO_ITSELF);
            l2.emit("MOV", target, write.value());
        }
        l2.emit("MOV", read.value(), read.address(l2, GuestCode.APIC_ICR_LOW));
        l2.emit("XOR", read.value(), ICR_TO_ITSELF);
        l2.emit("MOV", Reg.EBX, read.value());
        assertThat(endsWith(l2)).isEqualTo(new StopReason.GuestExit(1));
    }

    /** Both virtual CPUs run the same: an interrupt to CPU 0, which nobody takes. */
    private static HypervisorCode newL2() {
        return new HypervisorCode(PingPong.entry(), L1Memory.APIC, FieldAccess.INSTRUCTION, Reg.RBP);
    }

    private static StopReason endsWith(HypervisorCode l2) {
        l2.load(Reg.EAX, 0xFF);
        l2.emit("VMCALL");
        TwoLevelRun run = TwoLevelRun.of(
                CpuProfile.named("ivybridge-ep"), HandlerProfile.P_KVM, Scenario.SPINNING_INTERRUPTED, false, 1);
        Pc pc = run.machine().build();
        run.prepare(pc);
        byte[] code = l2.bytes();
        pc.memory().write(L1Memory.L2_RAM + PingPong.entry(), code, 0, code.length);
        return pc.run(CYCLES);
    }

    @Property(tries = 20)
    void whatIsNoIcrOrEoiIsNotEmulated(@ForAll("accesses") Access access, @ForAll boolean write) {
        for (int offset : List.of(0x020, 0x080, 0x0F0, 0x320, 0x304)) {
            HypervisorCode l2 = newL2();
            Mem memory = access.address(l2, offset);
            if (write) {
                l2.emit("MOV", memory, access.value());
            } else {
                l2.emit("MOV", access.value(), memory);
            }
            assertThat(endsWith(l2)).isEqualTo(new StopReason.GuestExit(3));
        }
    }
}

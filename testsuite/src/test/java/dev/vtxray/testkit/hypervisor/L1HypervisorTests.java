package dev.vtxray.testkit.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vtxray.core.machine.StopReason;
import dev.vtxray.testkit.experiment.PingPong;
import dev.vtxray.testkit.experiment.Scenario;
import dev.vtxray.testkit.experiment.TwoLevelRun;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.vmx.capability.CpuProfile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class L1HypervisorTests {
    private static final CpuProfile IVY_BRIDGE = CpuProfile.named("ivybridge-ep");
    private static final StopReason FAILED = new StopReason.GuestExit(3);

    private final StringBuilder serial = new StringBuilder();
    private final TwoLevelRun run =
            TwoLevelRun.of(IVY_BRIDGE, HandlerProfile.P_KVM, Scenario.SPINNING_INTERRUPTED, false, 2);
    private final Pc pc =
            run.machine().serial(value -> serial.append((char) value)).build();

    private StopReason runPrepared() {
        return pc.run(1_000_000);
    }

    private void putAtEntryOfL2(int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            pc.memory().write(L1Memory.L2_RAM + PingPong.entry() + i, 1, bytes[i]);
        }
    }

    @Test
    void anExitThatL1DoesNotKnowEndsTheMachineWithAReport() {
        run.prepare(pc);
        putAtEntryOfL2(0x0F, 0xA2); // CPUID
        assertThat(runPrepared()).isEqualTo(FAILED);
        assertThat(serial)
                .hasToString("L1: unexpected VM exit, reason 0000000AH, qualification 0000000000000000H,"
                        + " RIP 0000000000200000H\n");
    }

    @Test
    void anAccessOutsideL2IsReportedWithItsQualification() {
        run.prepare(pc);
        putAtEntryOfL2(0xA1, 0, 0, 0, 0x02, 0, 0, 0, 0); // MOV EAX, [2000000H]
        assertThat(runPrepared()).isEqualTo(FAILED);
        assertThat(serial).startsWith("L1: unexpected VM exit, reason 00000030H, qualification 0000000000000181H");
    }

    @Test
    void aVmxInstructionThatFailsEndsTheMachineWithAReport() {
        run.prepare(pc);
        pc.memory().write(L1Memory.VMCS_REGIONS, 4, 0x7FFF_FFFF);
        assertThat(runPrepared()).isEqualTo(FAILED);
        assertThat(serial).startsWith("L1: a VMX instruction failed");
    }

    @Test
    void anExceptionInL1EndsTheMachineWithAReport() {
        run.prepare(pc);
        pc.memory().write(L1Memory.CODE + 0x50, 2, 0x0B0F); // UD2
        pc.cpu(0).rip = L1Memory.CODE + 0x50;
        pc.cpu(0).idtrBase = L1Memory.IDT;
        pc.cpu(0).idtrLimit = 0xFFF;
        assertThat(runPrepared()).isEqualTo(FAILED);
        assertThat(serial).hasToString("L1: unexpected exception 06H\n");
    }

    @Test
    void apicvThatTheProcessorDoesNotHaveIsRefused() {
        assertThatThrownBy(() -> new L1Options(
                        CpuProfile.named("sandybridge-ep"),
                        HandlerProfile.P_KVM,
                        true,
                        InterruptDelivery.EXTERNAL_INTERRUPT,
                        HaltHandling.WAIT_IN_ROOT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sandybridge-ep does not offer virtual-interrupt delivery");
    }

    @Test
    void postedInterruptsNeedApicv() {
        assertThatThrownBy(() -> new L1Options(
                        IVY_BRIDGE, HandlerProfile.P_KVM, false, InterruptDelivery.POSTED, HaltHandling.WAIT_IN_ROOT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("need virtual-interrupt delivery");
    }

    @ParameterizedTest
    @EnumSource
    void aHandlerAccessesAsManyFieldsAsItsProfileSays(HandlerProfile handler) {
        for (boolean apicv : new boolean[] {false, true}) {
            int reads = handler.access() == FieldAccess.MEMORY ? 8 : handler.reads();
            int writes = handler.access() == FieldAccess.MEMORY ? 4 : handler.writes();
            assertThat(handler.fieldsRead(apicv)).doesNotHaveDuplicates().hasSize(reads);
            assertThat(handler.fieldsWritten(apicv))
                    .doesNotHaveDuplicates()
                    .doesNotContain(handler.lastFieldWritten(apicv))
                    .hasSize(writes - 1);
        }
    }
}

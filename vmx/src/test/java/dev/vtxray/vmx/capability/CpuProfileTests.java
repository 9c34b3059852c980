package dev.vtxray.vmx.capability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmFunctionControl;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class CpuProfileTests {
    private static final CpuProfile IVY_BRIDGE = CpuProfile.named("ivybridge-ep");
    private static final CpuProfile SKYLAKE = CpuProfile.named("skylake-sp");

    @Test
    void anUnknownNameIsRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> CpuProfile.named("pentium"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("unknown CPU profile \"pentium\"; known are sandybridge-ep, ivybridge-ep, haswell, "
                        + "haswell-ep, skylake-sp");
    }

    @Test
    void everyProfileLoadsUnderItsName() {
        for (String name : CpuProfile.names()) {
            CpuProfile cpu = CpuProfile.named(name);
            assertThat(cpu.name()).isEqualTo(name);
            assertThat(cpu).isEqualTo(CpuProfile.named(name));
            assertThat(cpu.linearAddressWidth()).isEqualTo(48);
            assertThat(cpu.has(CpuFeature.VMX)).isTrue();
        }
    }

    @Test
    void ivyBridgeHasApicvButNeitherShadowingNorVmFunctions() {
        assertThat(IVY_BRIDGE.hasApicv()).isTrue();
        assertThat(IVY_BRIDGE.vmx().supports(PinControl.PROCESS_POSTED_INTERRUPTS))
                .isTrue();
        assertThat(IVY_BRIDGE.vmx().supports(SecondaryControl.VMCS_SHADOWING)).isFalse();
        assertThat(IVY_BRIDGE.vmx().supports(SecondaryControl.ENABLE_INVPCID)).isFalse();
        assertThat(IVY_BRIDGE.vmx().exists(VmxCapabilities.VMX_VMFUNC)).isFalse();
        assertThat(IVY_BRIDGE.vmx().has(EptVpidCapability.ACCESSED_AND_DIRTY)).isFalse();
        assertThat(IVY_BRIDGE.vmx().has(EptVpidCapability.PAGES_1G)).isTrue();
        assertThat(IVY_BRIDGE.tscCyclesPerNanosecond()).isEqualTo(2.7);
        assertThat(IVY_BRIDGE.physicalAddressWidth()).isEqualTo(46);
    }

    @Test
    void onlyTheServerPartsSinceIvyBridgeHaveApicv() {
        assertThat(CpuProfile.names().stream()
                        .filter(name -> CpuProfile.named(name).hasApicv()))
                .containsExactly("ivybridge-ep", "haswell-ep", "skylake-sp");
        assertThat(CpuProfile.named("haswell-ep").vmx().supports(SecondaryControl.VMCS_SHADOWING))
                .isTrue();
        assertThat(CpuProfile.named("sandybridge-ep").vmx().supports(SecondaryControl.RDRAND_EXITING))
                .isFalse();
    }

    @Test
    void theHighestFieldIndexIsTheTrueMaximum() {
        for (String name : CpuProfile.names()) {
            VmxCapabilities vmx = CpuProfile.named(name).vmx();
            int highest = 0;
            for (VmcsField field : VmcsField.values()) {
                if (vmx.fields().contains(field)) {
                    highest = Math.max(highest, field.encoding() >> 1 & 0x1FF);
                }
            }
            assertThat(vmx.msr(VmxCapabilities.VMCS_ENUM)).as(name).isEqualTo(2L * highest);
        }
        assertThat(IVY_BRIDGE.vmx().msr(VmxCapabilities.VMCS_ENUM)).isEqualTo(0x2E);
        assertThat(SKYLAKE.vmx().msr(VmxCapabilities.VMCS_ENUM)).isEqualTo(0x32);
    }

    @Test
    void aFieldThatTheProcessorLacksIsNotFound() {
        assertThat(IVY_BRIDGE.vmx().fields().byEncoding(VmcsField.TSC_MULTIPLIER.encoding()))
                .isNull();
        assertThat(SKYLAKE.vmx().fields().byEncoding(VmcsField.TSC_MULTIPLIER.encoding() + 1))
                .isSameAs(VmcsField.TSC_MULTIPLIER);
    }

    @Test
    void miscellaneousDataAnswersItsQuestions() {
        VmxCapabilities vmx = SKYLAKE.vmx();
        assertThat(vmx.preemptionTimerShift()).isEqualTo(7);
        assertThat(IVY_BRIDGE.vmx().preemptionTimerShift()).isEqualTo(5);
        assertThat(vmx.cr3TargetCount()).isEqualTo(4);
        assertThat(vmx.maxMsrListEntries()).isEqualTo(512);
        assertThat(vmx.writesExitInformation()).isTrue();
        assertThat(IVY_BRIDGE.vmx().writesExitInformation()).isFalse();
        assertThat(vmx.injectsWithZeroLength()).isTrue();
        assertThat(CpuProfile.named("haswell").vmx().injectsWithZeroLength()).isFalse();
        assertThat(vmx.supportsActivityState(3)).isTrue();
        assertThat(vmx.supportsActivityState(4)).isFalse();
        assertThat(vmx.regionSize()).isEqualTo(1024);
        assertThat(vmx.revision()).isEqualTo(4);
        assertThat(vmx.exitsStoreEferLma()).isTrue();
        assertThat(vmx.limitsAddressesTo32Bits()).isFalse();
        assertThat(vmx.reportsInsOutsInformation()).isTrue();
    }

    @Test
    void cpuidWordsComeFromTheFeatures() {
        assertThat(IVY_BRIDGE.signature()).isEqualTo(0x306E4);
        assertThat(IVY_BRIDGE.cpuid(CpuidWord.LEAF_7_EBX)).isEqualTo(0x281);
        assertThat(IVY_BRIDGE.cpuid(CpuidWord.LEAF_80000001_EDX)).isEqualTo(0x2C10_0800);
        assertThat(IVY_BRIDGE.cpuid(CpuidWord.LEAF_1_EDX)).isEqualTo(0xBFEB_FBFF);
    }

    @Test
    void aControlGoesWithEverythingThatNeedsIt() {
        VmxCapabilities vmx = SKYLAKE.vmx().without(SecondaryControl.ENABLE_EPT);
        assertThat(vmx.supports(SecondaryControl.UNRESTRICTED_GUEST)).isFalse();
        assertThat(vmx.supports(SecondaryControl.ENABLE_PML)).isFalse();
        assertThat(vmx.supports(VmFunctionControl.EPTP_SWITCHING)).isFalse();
        assertThat(vmx.supports(SecondaryControl.ENABLE_VPID)).isTrue();
        assertThat(vmx.has(EptVpidCapability.INVEPT)).isFalse();
        assertThat(vmx.has(EptVpidCapability.INVVPID)).isTrue();
        assertThat(vmx.exists(VmxCapabilities.VMX_VMFUNC)).isFalse();
        assertThat(vmx.fields().contains(VmcsField.EPT_POINTER)).isFalse();
    }

    @Test
    void withoutVirtualInterruptDeliveryThereAreNoPostedInterrupts() {
        VmxCapabilities vmx = IVY_BRIDGE.vmx().without(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY);
        assertThat(vmx.supports(PinControl.PROCESS_POSTED_INTERRUPTS)).isFalse();
        assertThat(vmx.supports(SecondaryControl.APIC_REGISTER_VIRTUALIZATION)).isTrue();
    }

    @Test
    void whatConcealsVmxFromProcessorTraceGoesTogether() {
        VmxCapabilities vmx = SKYLAKE.vmx().without(EntryControl.CONCEAL_VMX_FROM_PT);
        assertThat(vmx.supports(SecondaryControl.CONCEAL_VMX_FROM_PT)).isFalse();
        assertThat(vmx.supports(ExitControl.CONCEAL_VMX_FROM_PT)).isFalse();
        assertThat(vmx.msr(VmxCapabilities.VMX_MISC) & 1 << 14).isZero();
    }

    @Test
    void aControlThatMustBe1CannotBeTakenOut() {
        VmxCapabilities skylake = SKYLAKE.vmx();
        assertThatThrownBy(() -> skylake.without(PrimaryControl.CR3_LOAD_EXITING))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"CR3-load exiting\" cannot be taken out");
    }

    @Test
    void aFeatureGoesWithItsControlRegisterBitAndItsControl() {
        CpuProfile cpu = SKYLAKE.without(CpuFeature.XSAVE, CpuFeature.XSAVES, CpuFeature.MPX, CpuFeature.SMAP);
        assertThat(cpu.vmx().msr(VmxCapabilities.CR4_FIXED1)).isEqualTo(0x0077_67FFL & ~(1 << 18 | 1 << 21));
        assertThat(cpu.vmx().supports(SecondaryControl.ENABLE_XSAVES_XRSTORS)).isFalse();
        assertThat(cpu.vmx().supports(ExitControl.CLEAR_IA32_BNDCFGS)).isFalse();
        assertThat(cpu.cpuid(CpuidWord.LEAF_1_ECX) & 1 << 26).isZero();
    }

    @Test
    void aProfileWithACr4BitAndNoFeatureForItIsRefused() {
        assertRefused(text().replace(" smep", ""), "the features give CR4 the bits 000767FFH");
    }

    @Test
    void aProfileWithPostedInterruptsButNoVirtualInterruptDeliveryIsRefused() {
        assertRefused(
                text().replace("00000FFF_00000000", "00000DFF_00000000"),
                "\"process posted interrupts\" needs \"virtual-interrupt delivery\"");
    }

    @Test
    void aProfileWithUnrestrictedGuestsButNoEptIsRefused() {
        assertRefused(
                text().replace("00000FFF_00000000", "00000FFD_00000000"),
                "\"unrestricted guest\" needs \"enable EPT\"");
    }

    @Test
    void aMisspelledKeyIsRefusedByName() {
        assertRefused(text() + "\nmsr.4FF = 0\n", "unknown keys [msr.4FF]");
        assertRefused(text().replace("msr.485", "#"), "msr.485 is missing");
        assertRefused(text().replace("= 46", "= many"), "physicalAddressWidth = many is no base-10 number");
        assertRefused(text().replace(" smep", " smepp"), "unknown feature \"smepp\"");
    }

    private static void assertRefused(String profile, String reason) {
        assertThatThrownBy(() -> CpuProfileFile.read("mine", new StringReader(profile)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("CPU profile mine")
                .hasMessageContaining(reason);
    }

    private static String text() {
        try (InputStream in =
                CpuProfile.class.getResourceAsStream("/dev/vtxray/vmx/profiles/ivybridge-ep.properties")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

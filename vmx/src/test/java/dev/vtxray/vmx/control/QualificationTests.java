package dev.vtxray.vmx.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class QualificationTests {
    @Test
    void controlRegisterAccessesAreEncodedAsTheManualShows() {
        assertThat(CrAccessQualification.movToCr(3, 1)).isEqualTo(0x103);
        assertThat(CrAccessQualification.movFromCr(8, 15)).isEqualTo(0xF18);
        assertThat(CrAccessQualification.clts()).isEqualTo(0x20);
        assertThat(CrAccessQualification.lmsw(0xABCD, true)).isEqualTo(0xABCD_0070L);
        assertThat(CrAccessQualification.lmsw(0x0001, false)).isEqualTo(0x0001_0030L);
    }

    @Test
    void controlRegisterAccessesAreDecoded() {
        assertThat(CrAccessQualification.controlRegister(0xF18)).isEqualTo(8);
        assertThat(CrAccessQualification.access(0xF18)).isEqualTo(CrAccessQualification.Access.MOV_FROM_CR);
        assertThat(CrAccessQualification.register(0xF18)).isEqualTo(15);
        assertThat(CrAccessQualification.access(0xABCD_0070L)).isEqualTo(CrAccessQualification.Access.LMSW);
        assertThat(CrAccessQualification.lmswSource(0xABCD_0070L)).isEqualTo(0xABCD);
        assertThat(CrAccessQualification.lmswMemoryOperand(0xABCD_0070L)).isTrue();
        assertThat(CrAccessQualification.lmswMemoryOperand(0xABCD_0030L)).isFalse();
    }

    @Test
    void inputAndOutputAreEncodedAsTheManualShows() {
        assertThat(IoQualification.of(1, true, false, false, true, 0x60)).isEqualTo(0x0060_0048L);
        assertThat(IoQualification.of(4, false, true, true, false, 0xFFFF)).isEqualTo(0xFFFF_0033L);
        assertThat(IoQualification.size(0xFFFF_0033L)).isEqualTo(4);
        assertThat(IoQualification.port(0xFFFF_0033L)).isEqualTo(0xFFFF);
        assertThat(IoQualification.isIn(0x0060_0048L)).isTrue();
        assertThat(IoQualification.isImmediate(0x0060_0048L)).isTrue();
        assertThat(IoQualification.isString(0xFFFF_0033L)).isTrue();
        assertThat(IoQualification.isRep(0xFFFF_0033L)).isTrue();
        assertThat(IoQualification.isIn(0xFFFF_0033L)).isFalse();
        assertThat(IoQualification.isRep(0x0060_0048L)).isFalse();
    }

    @Test
    void anApicAccessHasItsOffsetOnlyWhereItWasLinear() {
        assertThat(ApicAccessQualification.of(ApicAccessQualification.Type.LINEAR_WRITE, 0x300))
                .isEqualTo(0x1300);
        assertThat(ApicAccessQualification.of(ApicAccessQualification.Type.GUEST_PHYSICAL_FETCH_OR_DATA, 0x300))
                .isEqualTo(0xF000);
        assertThat(ApicAccessQualification.type(0x1300)).isEqualTo(ApicAccessQualification.Type.LINEAR_WRITE);
        assertThat(ApicAccessQualification.offset(0x1300)).isEqualTo(0x300);
        assertThatThrownBy(() -> ApicAccessQualification.type(0x5000)).hasMessageContaining("are 5");
    }

    @Test
    void anEptViolationSaysWhatWasTriedAndWhatIsAllowed() {
        long qualification = EptViolationQualification.WRITE
                | EptViolationQualification.allowed(0b101)
                | EptViolationQualification.LINEAR_ADDRESS_VALID;
        assertThat(qualification).isEqualTo(0xAA);
        assertThat(EptViolationQualification.allowedBy(qualification)).isEqualTo(0b101);
        assertThat(EptViolationQualification.has(qualification, EptViolationQualification.WRITE))
                .isTrue();
        assertThat(EptViolationQualification.has(qualification, EptViolationQualification.READ))
                .isFalse();
        assertThat(EptViolationQualification.isPageWalk(qualification)).isTrue();
        assertThat(EptViolationQualification.isPageWalk(qualification | EptViolationQualification.FINAL_TRANSLATION))
                .isFalse();
        assertThat(EptViolationQualification.isPageWalk(EptViolationQualification.READ))
                .isFalse();
    }

    @Test
    void interruptionInformationRoundTrips() {
        int pageFault = InterruptionInfo.of(InterruptionType.HARDWARE_EXCEPTION, 14, true);
        assertThat(pageFault).isEqualTo(0x8000_0B0E);
        assertThat(InterruptionInfo.type(pageFault)).isEqualTo(InterruptionType.HARDWARE_EXCEPTION);
        assertThat(InterruptionInfo.vector(pageFault)).isEqualTo(14);
        assertThat(InterruptionInfo.hasErrorCode(pageFault)).isTrue();
        assertThat(InterruptionInfo.isValid(pageFault)).isTrue();
        assertThat(InterruptionInfo.isValid(0x7FFF_FFFF)).isFalse();
        assertThat(InterruptionInfo.nmiUnblockingDueToIret(0x1000)).isTrue();
        assertThat(InterruptionInfo.of(InterruptionType.EXTERNAL_INTERRUPT, 0x30, false))
                .isEqualTo(0x8000_0030);
        assertThat(InterruptionType.SOFTWARE_INTERRUPT.isSoftware()).isTrue();
        assertThat(InterruptionType.NMI.isSoftware()).isFalse();
    }
}

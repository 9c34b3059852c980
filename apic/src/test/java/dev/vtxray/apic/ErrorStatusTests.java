package dev.vtxray.apic;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The error status register and the error interrupt. */
class ErrorStatusTests {
    private static final int ESR = 0x280;
    private static final int ILLEGAL_REGISTER = 0x80;
    private final ApicBench bench = ApicBench.xApic(0);

    @Test
    void errorsShowOnlyAfterAWriteOfTheRegister() {
        bench.read(0x3F0);
        assertThat(bench.read(ESR)).isZero();
        bench.write(ESR, 0xFFFF_FFFFL);
        assertThat(bench.read(ESR)).isEqualTo(ILLEGAL_REGISTER);
        assertThat(bench.read(ESR)).isEqualTo(ILLEGAL_REGISTER);
    }

    @Test
    void errorsOfDifferentKindsCollect() {
        bench.read(0x3F0);
        bench.write(0x300, 0x4_000F);
        bench.apic().raise(3, false);
        bench.write(ESR, 0);
        assertThat(bench.read(ESR)).isEqualTo(0xE0);
    }

    @Test
    void aSecondWriteClearsWhatWasShown() {
        bench.read(0x3F0);
        bench.write(ESR, 0);
        bench.write(ESR, 0);
        assertThat(bench.read(ESR)).isZero();
    }

    @Test
    void theErrorInterruptComesOnceUntilTheRegisterIsWritten() {
        bench.write(0x370, 0x33);
        bench.read(0x3F0);
        assertThat(bench.apic().acknowledge()).isEqualTo(0x33);
        bench.read(0x3F0);
        assertThat(bench.requested()).isEmpty();
        bench.write(ESR, 0);
        bench.read(0x3F0);
        assertThat(bench.requested()).containsExactly(0x33);
    }

    @Test
    void aMaskedErrorInterruptIsDropped() {
        bench.write(0x370, 0x33 | ApicBench.MASKED);
        bench.read(0x3F0);
        assertThat(bench.requested()).isEmpty();
    }

    @Test
    void anErrorInterruptWithAnIllegalVectorIsAnErrorToo() {
        bench.write(0x370, 0x05);
        bench.read(0x3F0);
        bench.write(ESR, 0);
        assertThat(bench.read(ESR)).isEqualTo(0xC0);
    }

    @Test
    void x2apicModeHasTheSameErrorsExceptIllegalRegisters() {
        ApicBench x2 = ApicBench.x2Apic(0);
        x2.msrs().write(0x83F, 0x0F);
        x2.msrs().write(0x828, 0);
        assertThat(x2.msrs().read(0x828)).isEqualTo(0x20);
    }
}

package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.BaseMsrs;
import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.SegmentRegister;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MsrAndTimeTests {
    private static final String RDMSR = "0F 32";
    private static final String WRMSR = "0F 30";

    private final SystemBench bench = SystemBench.longMode();
    private final Cpu c = bench.c;

    private String write(int index, long value) {
        c.r[Cpu.RCX] = index & 0xFFFF_FFFFL;
        c.r[Cpu.RAX] = value & 0xFFFF_FFFFL;
        c.r[Cpu.RDX] = value >>> 32;
        return bench.faultOf(WRMSR);
    }

    private long read(int index) {
        c.r[Cpu.RCX] = index & 0xFFFF_FFFFL;
        bench.run(RDMSR);
        return c.r[Cpu.RDX] << 32 | c.r[Cpu.RAX];
    }

    @ParameterizedTest
    @CsvSource({
        // index, value that it takes, value that it refuses (empty: none)
        "174,      FFFFFFFF,         100000000",
        "175,      FFFF800000000000, 800000000000",
        "176,      7FFFFFFFFFFF,     8000000000000000",
        "1D9,      1,                4",
        "277,      0606060606060606, 2",
        "8B,       100000000,        ",
        "200,      80000006,         ",
        "20F,      800,              ",
        "250,      1234,             ",
        "259,      5678,             ",
        "26F,      9ABC,             ",
        "2FF,      C06,              ",
        "C0000081, 23000800000000,   ",
        "C0000082, FFFFFFFF80000000, 800000000000",
        "C0000083, FFFFFFFF80000000, 800000000000",
        "C0000084, 47700,            100000000",
        "C0000100, 7FFFFFFFF000,     FFFF000000000000",
        "C0000101, 7FFFFFFFF000,     FFFF000000000000",
        "C0000102, 7FFFFFFFF000,     FFFF000000000000",
        "C0000103, 7,                100000000",
    })
    void anMsrKeepsWhatItTakesAndRefusesTheRest(String index, String taken, String refused) {
        int msr = Integer.parseUnsignedInt(index, 16);
        assertThat(write(msr, Long.parseUnsignedLong(taken, 16))).isEqualTo("none");
        assertThat(read(msr)).isEqualTo(Long.parseUnsignedLong(taken, 16));
        if (refused != null) {
            assertThat(write(msr, Long.parseUnsignedLong(refused, 16))).isEqualTo("#GP(0H)");
        }
    }

    @Test
    void unknownAndReadOnlyAndWriteOnlyMsrsFault() {
        c.r[Cpu.RCX] = 0x12345;
        assertThat(bench.faultOf(RDMSR)).isEqualTo("#GP(0H)");
        assertThat(write(0x12345, 0)).isEqualTo("#GP(0H)");
        assertThat(write(BaseMsrs.MTRRCAP, 0)).isEqualTo("#GP(0H)");
        assertThat(write(BaseMsrs.PLATFORM_ID, 0)).isEqualTo("#GP(0H)");
        assertThat(write(BaseMsrs.BIOS_UPDT_TRIG, 0)).isEqualTo("none");
        c.r[Cpu.RCX] = BaseMsrs.BIOS_UPDT_TRIG;
        assertThat(bench.faultOf(RDMSR)).isEqualTo("#GP(0H)");
    }

    @Test
    void userCodeHasNoMsrs() {
        bench.atUserLevel();
        assertThat(bench.faultOf(RDMSR)).isEqualTo("#GP(0H)");
        assertThat(bench.faultOf(WRMSR)).isEqualTo("#GP(0H)");
    }

    @Test
    void longModeCannotBeDisabledUnderPagingAndItsActiveBitIsReadOnly() {
        assertThat(write(BaseMsrs.EFER, Control.EFER_SCE)).isEqualTo("#GP(0H)");
        assertThat(write(BaseMsrs.EFER, Control.EFER_LME | Control.EFER_NXE)).isEqualTo("none");
        assertThat(c.efer).isEqualTo(Control.EFER_LME | Control.EFER_LMA | Control.EFER_NXE);
        assertThat(write(BaseMsrs.EFER, Control.EFER_LME | 1 << 12)).isEqualTo("#GP(0H)");
    }

    @Test
    void segmentBasesWorkOutsideLongMode() {
        SystemBench legacy = SystemBench.protectedMode();
        legacy.c.r[Cpu.RCX] = BaseMsrs.GS_BASE & 0xFFFF_FFFFL;
        legacy.c.r[Cpu.RAX] = 0x1000;
        legacy.run(WRMSR);
        assertThat(legacy.c.segBase[SegmentRegister.GS]).isEqualTo(0x1000);
    }

    @Test
    void theTimeStampCounterFollowsTimeAndItsAdjustment() {
        assertThat(write(BaseMsrs.TIME_STAMP_COUNTER, 1000)).isEqualTo("none");
        c.charge(5);
        assertThat(read(BaseMsrs.TIME_STAMP_COUNTER)).isEqualTo(1005);
        long adjust = read(BaseMsrs.TSC_ADJUST);
        assertThat(write(BaseMsrs.TSC_ADJUST, adjust + 100)).isEqualTo("none");
        bench.run("0F 31"); // rdtsc
        assertThat(c.r[Cpu.RAX]).isEqualTo(1105);
        c.msr.tscAux = 42;
        bench.run("0F 01 F9"); // rdtscp
        assertThat(c.r[Cpu.RAX]).isEqualTo(1105);
        assertThat(c.r[Cpu.RCX]).isEqualTo(42);
    }

    @Test
    void timeStampDisableTakesTheCounterFromUserCode() {
        bench.atUserLevel();
        assertThat(bench.faultOf("0F 31")).isEqualTo("none");
        c.cr4 |= Control.CR4_TSD;
        assertThat(bench.faultOf("0F 31")).isEqualTo("#GP(0H)");
        assertThat(bench.faultOf("0F 01 F9")).isEqualTo("#GP(0H)");
    }

    @Test
    void cpuidAnswersZeroExtendedByLeafAndSubleaf() {
        c.cpuid = (leaf, subleaf, register) -> -1 - leaf - subleaf * 0x10 - register * 0x100;
        c.r[Cpu.RAX] = 0x1_0000_0001L;
        c.r[Cpu.RCX] = 2;
        bench.run("0F A2");
        assertThat(c.r[Cpu.RAX]).isEqualTo(0xFFFF_FFDEL);
        assertThat(c.r[Cpu.RBX]).isEqualTo(0xFFFF_FEDEL);
        assertThat(c.r[Cpu.RCX]).isEqualTo(0xFFFF_FDDEL);
        assertThat(c.r[Cpu.RDX]).isEqualTo(0xFFFF_FCDEL);
    }
}

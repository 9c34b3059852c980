package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DescriptorTablesTests {
    private static final String LLDT = "0F 00 D0";
    private static final String LTR = "0F 00 D8";
    private static final String LAR = "0F 02 C8";
    private static final String LSL = "0F 03 C8";
    private static final String VERR = "0F 00 E0";
    private static final String VERW = "0F 00 E8";

    private final SystemBench bench = SystemBench.longMode();
    private final Cpu c = bench.c;

    private String withSelector(String instruction, int selector) {
        c.r[Cpu.RAX] = selector;
        return bench.faultOf(instruction);
    }

    @Test
    void lidtIn64BitModeTakesTenBytesAndSidtGivesThemBack() {
        bench.memory.write(0x600, 2, 0xFFF);
        bench.memory.write(0x602, 8, 0xFFFF_8000_0000_2000L);
        bench.run("0F 01 1C 25 00 06 00 00");
        assertThat(c.idtrLimit).isEqualTo(0xFFF);
        assertThat(c.idtrBase).isEqualTo(0xFFFF_8000_0000_2000L);
        bench.run("0F 01 0C 25 00 07 00 00");
        assertThat(bench.memory.readBytes(0x700, 10)).isEqualTo(bench.memory.readBytes(0x600, 10));
    }

    @Test
    void lgdtRefusesANonCanonicalBase() {
        bench.memory.write(0x602, 8, 0x8000_0000_0000L);
        assertThat(bench.faultOf("0F 01 14 25 00 06 00 00")).isEqualTo("#GP(0H)");
    }

    @Test
    void lgdtWithA16BitOperandHasA24BitBase() {
        SystemBench real = SystemBench.real();
        real.memory.write(0x600, 2, 0x27);
        real.memory.write(0x602, 4, 0xAB12_3456L);
        real.run("0F 01 16 00 06");
        assertThat(real.c.gdtrBase).isEqualTo(0x12_3456);
        real.run("66 0F 01 16 00 06");
        assertThat(real.c.gdtrBase).isEqualTo(0xAB12_3456L);
    }

    @Test
    void ltrLoadsA64BitBaseAndMarksTheDescriptorBusy() {
        bench.memory.write(SystemBench.GDT + SystemBench.TSS + 8, 4, 0xFFFF_8000L);
        assertThat(withSelector(LTR, SystemBench.TSS)).isEqualTo("none");
        assertThat(c.tr.base).isEqualTo(0xFFFF_8000_0000_3000L);
        assertThat(c.tr.limit).isEqualTo(0x107);
        assertThat(c.tr.access).isEqualTo(0x8B);
        assertThat(bench.memory.read(SystemBench.GDT + SystemBench.TSS + 5, 1)).isEqualTo(0x8B);
        assertThat(withSelector(LTR, SystemBench.TSS)).as("busy").isEqualTo("#GP(38H)");
    }

    @Test
    void ltrRefusesNullLocalAndWrongSelectors() {
        assertThat(withSelector(LTR, 3)).isEqualTo("#GP(0H)");
        assertThat(withSelector(LTR, SystemBench.TSS | 4)).isEqualTo("#GP(3cH)");
        assertThat(withSelector(LTR, SystemBench.DATA)).isEqualTo("#GP(10H)");
        c.gdtrLimit = SystemBench.TSS + 7;
        assertThat(withSelector(LTR, SystemBench.TSS))
                .as("second half beyond the table")
                .isEqualTo("#GP(38H)");
    }

    @Test
    void ltrOfAnAbsentTssIsNotPresent() {
        bench.memory.write(SystemBench.GDT + SystemBench.TSS + 5, 1, 0x09);
        assertThat(withSelector(LTR, SystemBench.TSS)).isEqualTo("#NP(38H)");
    }

    @Test
    void lldtTakesALocalTableOrNull() {
        assertThat(withSelector(LLDT, SystemBench.LDT)).isEqualTo("none");
        assertThat(c.ldtr.base).isEqualTo(0x5000);
        bench.run("0F 00 C1"); // sldt ecx
        assertThat(c.r[Cpu.RCX]).isEqualTo(SystemBench.LDT);
        assertThat(withSelector(LLDT, 0)).isEqualTo("none");
        assertThat(c.ldtr.isUnusable()).isTrue();
        assertThat(withSelector(LLDT, SystemBench.TSS)).isEqualTo("#GP(38H)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"0F 00 C0", "0F 00 C8", "0F 00 D0", "0F 00 D8", "0F 00 E0", "0F 00 E8", "0F 02 C8", "63 C8"})
    void descriptorInstructionsAreUndefinedInRealMode(String hex) {
        assertThat(SystemBench.real().faultOf(hex)).isEqualTo("#UD");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0F 01 04 25 00 06 00 00", "0F 01 0C 25 00 06 00 00", "0F 00 C0", "0F 00 C8", "0F 01 E0"})
    void userModeInstructionPreventionHidesSystemRegisters(String hex) {
        bench.atUserLevel();
        assertThat(bench.faultOf(hex)).isEqualTo("none");
        c.cr4 |= Control.CR4_UMIP;
        assertThat(bench.faultOf(hex)).isEqualTo("#GP(0H)");
    }

    @ParameterizedTest
    @CsvSource({
        // selector, LAR, LSL (empty: not visible)
        "08, CF9B00, FFFFFFFF",
        "18, AF9B00, FFFFFFFF",
        "38, 8900,   107",
        "50, 10EC00, ",
        "60, 8200,   1F",
        "70, CF1300, FFFFFFFF",
        "00, ,       ",
        "98, ,       ",
        "11, ,       ",
    })
    void larAndLslShowWhatPrivilegeAndTypeAllow(String selector, String lar, String lsl) {
        expect(LAR, selector, lar);
        expect(LSL, selector, lsl);
    }

    private void expect(String instruction, String selector, String expected) {
        c.r[Cpu.RCX] = 0x5555;
        withSelector(instruction, Integer.parseInt(selector, 16));
        assertThat((c.flags.get() & Flags.ZF) != 0).isEqualTo(expected != null);
        long value = expected == null ? 0x5555 : Long.parseLong(expected, 16);
        // Bits 19:16 of what LAR returns are the limit's and undefined.
        long mask = instruction.equals(LAR) ? ~0xF_0000L : -1L;
        assertThat(c.r[Cpu.RCX] & mask).isEqualTo(value & mask);
    }

    @Test
    void verifyTellsWhatTheCurrentPrivilegeMayAccess() {
        bench.atUserLevel();
        assertThat(verify(VERR, SystemBench.USER_DATA)).isTrue();
        assertThat(verify(VERW, SystemBench.USER_DATA)).isTrue();
        assertThat(verify(VERR, SystemBench.USER_CODE64)).isTrue();
        assertThat(verify(VERW, SystemBench.USER_CODE64)).isFalse();
        assertThat(verify(VERR, SystemBench.DATA)).isFalse();
        assertThat(verify(VERR, SystemBench.CONFORMING64)).isTrue();
        assertThat(verify(VERR, SystemBench.TSS)).isFalse();
    }

    private boolean verify(String instruction, int selector) {
        withSelector(instruction, selector);
        return c.flags.zf();
    }

    @Test
    void arplRaisesTheRequestedPrivilege() {
        SystemBench legacy = SystemBench.protectedMode();
        legacy.c.r[Cpu.RAX] = 0x10;
        legacy.c.r[Cpu.RCX] = 0x0B;
        legacy.run("63 C8");
        assertThat(legacy.c.r[Cpu.RAX]).isEqualTo(0x13);
        assertThat(legacy.c.flags.zf()).isTrue();
        legacy.run("63 C8");
        assertThat(legacy.c.flags.zf()).isFalse();
    }
}

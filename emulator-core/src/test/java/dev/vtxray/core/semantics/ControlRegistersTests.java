package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.port.ControlRegisterPolicy;
import dev.vtxray.core.port.InterruptSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ControlRegistersTests {
    private static final String MOV_TO_CR0 = "0F 22 C0";
    private static final String MOV_FROM_CR0 = "0F 20 C0";
    private static final String MOV_TO_CR3 = "0F 22 D8";
    private static final String MOV_TO_CR4 = "0F 22 E0";
    private static final String MOV_TO_CR8 = "44 0F 22 C0";
    private static final String MOV_FROM_CR8 = "44 0F 20 C0";

    private final SystemBench bench = SystemBench.longMode();
    private final Cpu c = bench.c;

    private String write(String instruction, long value) {
        c.r[Cpu.RAX] = value;
        return bench.faultOf(instruction);
    }

    @Test
    void cr0RefusesPagingWithoutProtection() {
        assertThat(write(MOV_TO_CR0, Control.CR0_PG)).isEqualTo("#GP(0H)");
    }

    @Test
    void cr0RefusesNotWriteThroughWithoutCacheDisable() {
        assertThat(write(MOV_TO_CR0, c.cr0 | Control.CR0_NW)).isEqualTo("#GP(0H)");
        assertThat(write(MOV_TO_CR0, c.cr0 | Control.CR0_NW | Control.CR0_CD)).isEqualTo("none");
    }

    @Test
    void cr0RefusesItsUpperHalfAndIgnoresReservedBitsBelow() {
        assertThat(write(MOV_TO_CR0, c.cr0 | 1L << 32)).isEqualTo("#GP(0H)");
        long before = c.cr0;
        assertThat(write(MOV_TO_CR0, (before | 1 << 6) & ~Control.CR0_ET)).isEqualTo("none");
        assertThat(c.cr0).isEqualTo(before);
    }

    @Test
    void pagingNeedsPaeWhenLongModeIsEnabled() {
        SystemBench legacy = SystemBench.protectedMode();
        legacy.c.efer = Control.EFER_LME;
        legacy.c.r[Cpu.RAX] = Control.CR0_PE | Control.CR0_PG;
        assertThat(legacy.faultOf(MOV_TO_CR0)).isEqualTo("#GP(0H)");
        legacy.c.cr4 = Control.CR4_PAE;
        legacy.c.tr.access = 0x83;
        assertThat(legacy.faultOf(MOV_TO_CR0)).as("16-bit TSS").isEqualTo("#GP(0H)");
        legacy.c.tr.access = 0x8B;
        assertThat(legacy.faultOf(MOV_TO_CR0)).isEqualTo("none");
    }

    @Test
    void cr3RefusesBitsBeyondThePhysicalAddress() {
        assertThat(write(MOV_TO_CR3, 1L << 46)).isEqualTo("#GP(0H)");
        assertThat(write(MOV_TO_CR3, 1L << 63)).isEqualTo("#GP(0H)");
        c.cr4 |= Control.CR4_PCIDE;
        assertThat(write(MOV_TO_CR3, SystemBench.PAGE_TABLES | 1L << 63)).isEqualTo("none");
        assertThat(c.cr3).isEqualTo(SystemBench.PAGE_TABLES);
    }

    @Test
    void cr3MakesOtherTranslationsValid() {
        long other = 0x4_0000;
        bench.memory.write(other, 8, other + 0x1000 | 7);
        bench.memory.write(other + 0x1000, 8, other + 0x2000 | 7);
        bench.memory.write(other + 0x2000, 8, 0xE7);
        bench.memory.write(other + 0x2008, 8, 0x40_00E7);
        bench.memory.write(0x20_0000, 8, 1);
        bench.memory.write(0x40_0000, 8, 2);
        assertThat(c.mmu.load64(0x20_0000)).isEqualTo(1);
        assertThat(write(MOV_TO_CR3, other)).isEqualTo("none");
        assertThat(c.mmu.load64(0x20_0000)).isEqualTo(2);
    }

    @Test
    void paePagingLoadsThePageDirectoryPointersAndRefusesReservedBits() {
        SystemBench legacy = SystemBench.protectedMode();
        legacy.c.cr4 = Control.CR4_PAE;
        legacy.c.cr0 |= Control.CR0_PG;
        legacy.memory.write(0x2_0020, 8, 0x3_0001);
        legacy.memory.write(0x2_0028, 8, 0x1E6);
        legacy.c.r[Cpu.RAX] = 0x2_0020;
        assertThat(legacy.faultOf(MOV_TO_CR3)).isEqualTo("none");
        assertThat(legacy.c.pdpte[0]).isEqualTo(0x3_0001);
        legacy.memory.write(0x2_0028, 8, 0x3_0003);
        assertThat(legacy.faultOf(MOV_TO_CR3)).isEqualTo("#GP(0H)");
    }

    @Test
    void cr4RefusesReservedBitsAndTheLossOfPaeInLongMode() {
        assertThat(write(MOV_TO_CR4, c.cr4 | 1 << 13)).isEqualTo("#GP(0H)");
        assertThat(write(MOV_TO_CR4, 0)).isEqualTo("#GP(0H)");
        c.cr4Mask |= 1 << 13;
        assertThat(write(MOV_TO_CR4, c.cr4 | 1 << 13)).isEqualTo("none");
    }

    @Test
    void pcidNeedsLongModeAndPcidZero() {
        c.cr3 |= 1;
        assertThat(write(MOV_TO_CR4, c.cr4 | Control.CR4_PCIDE)).isEqualTo("#GP(0H)");
        c.cr3 &= ~1L;
        assertThat(write(MOV_TO_CR4, c.cr4 | Control.CR4_PCIDE)).isEqualTo("none");
        SystemBench legacy = SystemBench.protectedMode();
        legacy.c.r[Cpu.RAX] = Control.CR4_PCIDE;
        assertThat(legacy.faultOf(MOV_TO_CR4)).isEqualTo("#GP(0H)");
    }

    @Test
    void cr8IsTheTaskPriorityOfTheInterruptSource() {
        int[] priority = {7};
        c.interrupts = new InterruptSource() {
            @Override
            public int highestDeliverable() {
                return NONE;
            }

            @Override
            public int acknowledge() {
                return 0xFF;
            }

            @Override
            public int taskPriority() {
                return priority[0];
            }

            @Override
            public void setTaskPriority(int value) {
                priority[0] = value;
            }
        };
        bench.run(MOV_FROM_CR8);
        assertThat(c.r[Cpu.RAX]).isEqualTo(7);
        assertThat(write(MOV_TO_CR8, 16)).isEqualTo("#GP(0H)");
        assertThat(write(MOV_TO_CR8, 9)).isEqualTo("none");
        assertThat(priority[0]).isEqualTo(9);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0F 20 C8", "0F 22 E8", "44 0F 20 C8", "0F 20 F8"})
    void otherControlRegistersAreUndefinedEvenForUserCode(String hex) {
        bench.atUserLevel();
        assertThat(bench.faultOf(hex)).isEqualTo("#UD");
    }

    @Test
    void aPolicyDecidesWhatIsReadAndWritten() {
        c.crPolicy = new ControlRegisterPolicy() {
            @Override
            public boolean allowsCr0(long value) {
                return (value & Control.CR0_NE) != 0;
            }

            @Override
            public boolean allowsCr4(long value) {
                return true;
            }

            @Override
            public long readCr0(long cr0) {
                return cr0 & ~Control.CR0_NE;
            }

            @Override
            public long readCr4(long cr4) {
                return cr4;
            }

            @Override
            public long mergeCr0(long current, long written) {
                return written & ~Control.CR0_TS | current & Control.CR0_TS;
            }

            @Override
            public long mergeCr4(long current, long written) {
                return written;
            }
        };
        long value = c.cr0;
        assertThat(write(MOV_TO_CR0, value)).isEqualTo("#GP(0H)");
        assertThat(write(MOV_TO_CR0, value | Control.CR0_NE | Control.CR0_TS)).isEqualTo("none");
        assertThat(c.cr0).isEqualTo(value | Control.CR0_NE);
        bench.run(MOV_FROM_CR0);
        assertThat(c.r[Cpu.RAX]).isEqualTo(value);
    }

    @Test
    void clearTaskSwitchedClearsNothingElse() {
        c.cr0 |= Control.CR0_TS | Control.CR0_MP;
        bench.run("0F 06");
        assertThat(c.cr0 & (Control.CR0_TS | Control.CR0_MP)).isEqualTo(Control.CR0_MP);
    }

    @Test
    void lmswSetsProtectionButNeverClearsIt() {
        SystemBench real = SystemBench.real();
        real.c.r[Cpu.RAX] = 0xFFF1;
        real.run("0F 01 F0");
        assertThat(real.c.cr0 & 0xF).isEqualTo(1);
        real.c.r[Cpu.RAX] = 0xE;
        real.run("0F 01 F0");
        assertThat(real.c.cr0 & 0xF).isEqualTo(0xF);
    }

    @Test
    void smswStoresAWordInMemoryAndTheOperandSizeInARegister() {
        bench.memory.write(0x600, 8, -1L);
        bench.run("0F 01 24 25 00 06 00 00");
        assertThat(bench.memory.read(0x600, 4)).isEqualTo(0xFFFF_0000L | c.cr0 & 0xFFFF);
        bench.run("48 0F 01 E0");
        assertThat(c.r[Cpu.RAX]).isEqualTo(c.cr0);
    }

    @Test
    void debugRegisters4And5AreAliasesUntilDebugExtensionsAreOn() {
        c.r[Cpu.RAX] = 0x401;
        bench.run("0F 23 E8"); // mov dr5, rax
        assertThat(c.dr[7]).isEqualTo(0x401);
        c.cr4 |= Control.CR4_DE;
        assertThat(bench.faultOf("0F 23 E8")).isEqualTo("#UD");
    }

    @Test
    void debugRegister7RefusesItsUpperHalfAndKeepsItsFixedBits() {
        assertThat(write("0F 23 F8", 1L << 32)).isEqualTo("#GP(0H)");
        assertThat(write("0F 23 F8", 0xFFFF_DFFFL)).isEqualTo("none");
        assertThat(c.dr[7]).isEqualTo(0xFFFF_07FFL);
        assertThat(write("0F 23 F0", 0)).isEqualTo("none");
        assertThat(c.dr[6]).isEqualTo(0xFFFF_0FF0L);
    }

    @Test
    void generalDetectFaultsOnEveryAccess() {
        c.dr[7] |= Control.DR7_GD;
        assertThat(bench.faultOf("0F 21 F8")).isEqualTo("#DB");
    }
}

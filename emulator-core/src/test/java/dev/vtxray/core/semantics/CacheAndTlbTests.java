package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import org.junit.jupiter.api.Test;

class CacheAndTlbTests {
    private final SystemBench bench = SystemBench.longMode();
    private final Cpu c = bench.c;

    @Test
    void invlpgMakesAChangedEntryVisible() {
        bench.memory.write(0x40_0000, 8, 4);
        assertThat(c.mmu.load64(0x20_0000)).isZero();
        bench.memory.write(SystemBench.PAGE_TABLES + 0x2008, 8, 0x40_00E7);
        assertThat(c.mmu.load64(0x20_0000)).as("still the cached translation").isZero();
        c.r[Cpu.RAX] = 0x20_0000;
        bench.run("0F 01 38");
        assertThat(c.mmu.load64(0x20_0000)).isEqualTo(4);
    }

    @Test
    void invlpgInvalidatesEveryPartOfALargePage() {
        bench.memory.write(0x40_5000, 8, 4);
        assertThat(c.mmu.load64(0x20_5000)).isZero();
        bench.memory.write(SystemBench.PAGE_TABLES + 0x2008, 8, 0x40_00E7);
        c.r[Cpu.RAX] = 0x20_0000;
        bench.run("0F 01 38");
        assertThat(c.mmu.load64(0x20_5000)).isEqualTo(4);
    }

    @Test
    void invpcidChecksItsTypeAndDescriptor() {
        bench.memory.write(0x600, 8, 1);
        for (long type : new long[] {0, 1, 4}) {
            c.r[Cpu.RAX] = type;
            assertThat(bench.faultOf("66 0F 38 82 04 25 00 06 00 00"))
                    .as("type " + type)
                    .isEqualTo("#GP(0H)");
        }
        c.r[Cpu.RAX] = 2;
        assertThat(bench.faultOf("66 0F 38 82 04 25 00 06 00 00")).isEqualTo("none");
    }

    @Test
    void extendedControlRegistersNeedTheirControlBitAndTakeOfferedBitsOnly() {
        assertThat(bench.faultOf("0F 01 D0")).isEqualTo("#UD");
        c.cr4 |= Control.CR4_OSXSAVE;
        c.cpuid = (leaf, subleaf, register) -> leaf == 0xD && register == 0 ? 7 : 0;
        c.r[Cpu.RAX] = 5;
        assertThat(bench.faultOf("0F 01 D1")).as("AVX without SSE").isEqualTo("#GP(0H)");
        c.r[Cpu.RAX] = 0xF;
        assertThat(bench.faultOf("0F 01 D1")).as("not offered").isEqualTo("#GP(0H)");
        c.r[Cpu.RAX] = 7;
        bench.run("0F 01 D1");
        c.r[Cpu.RAX] = 0;
        bench.run("0F 01 D0");
        assertThat(c.r[Cpu.RAX]).isEqualTo(7);
    }

    @Test
    void accessPreventionIsToggledByStacAndClac() {
        bench.run("0F 01 CB");
        assertThat(c.flags.has(Flags.AC)).isTrue();
        bench.run("0F 01 CA");
        assertThat(c.flags.has(Flags.AC)).isFalse();
        bench.atUserLevel();
        assertThat(bench.faultOf("0F 01 CB")).isEqualTo("#UD");
    }

    @Test
    void randomNumbersAreReadyAndRepeatable() {
        bench.run("48 0F C7 F0");
        long first = c.r[Cpu.RAX];
        assertThat(c.flags.cf()).isTrue();
        bench.run("48 0F C7 F0");
        assertThat(c.r[Cpu.RAX]).isNotEqualTo(first);
        SystemBench again = SystemBench.longMode();
        again.run("48 0F C7 F0");
        assertThat(again.c.r[Cpu.RAX]).isEqualTo(first);
    }
}

package dev.vtxray.core.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.IoSpace;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.core.port.MmioDevice;
import dev.vtxray.core.state.Snapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Elf64LoaderTests {
    private static final byte[] CODE = {(byte) 0xF4, 1, 2, 3};

    private final PhysicalMemory memory = new PhysicalMemory(16 << 20);
    private final Cpu cpu = new Cpu(0, memory, new IoSpace());

    private static Elf image(long address, long memorySize) {
        return Elf.parse(ElfFile.elf64()
                .entry(address)
                .segment(address, CODE, memorySize)
                .build());
    }

    private void assertRefused(Elf elf, String message) {
        memory.write(0x1000, 8, 0x55);
        Snapshot before = Snapshot.of(memory);
        assertThatExceptionOfType(ImageException.class)
                .isThrownBy(() -> Elf64Loader.load(elf, memory))
                .withMessageContaining(message);
        assertThat(Snapshot.of(memory)).isEqualTo(before);
    }

    @Test
    void segmentsAreCopiedAndTheRestOfThemIsZeroed() {
        memory.write(0x20_0000, 8, -1);
        memory.write(0x20_2FF8, 8, -1);
        memory.write(0x20_3000, 8, -1);
        LoadedImage loaded = Elf64Loader.load(image(0x20_0000, 0x3000), memory);
        assertThat(memory.read(0x20_0000, 8)).isEqualTo(0x0302_01F4);
        assertThat(memory.read(0x20_2FF8, 8)).isZero();
        assertThat(memory.read(0x20_3000, 8)).as("behind the segment").isEqualTo(-1);
        assertThat(loaded.entry()).isEqualTo(0x20_0000);
        assertThat(loaded.bits()).isEqualTo(64);
    }

    @Test
    void theCpuEntersIn64BitModeWithInterruptsOff() {
        Elf64Loader.enter(cpu, Elf64Loader.load(image(0x20_0000, 4), memory), 0);
        assertThat(cpu.codeSize).isEqualTo(8);
        assertThat(cpu.cpl).isZero();
        assertThat(cpu.activity).isEqualTo(Activity.ACTIVE);
        assertThat(cpu.rip).isEqualTo(0x20_0000);
        assertThat(cpu.flags.get()).isEqualTo(2);
        assertThat(cpu.cr0).isEqualTo(0x8001_0031L);
        assertThat(cpu.cr4).isEqualTo(0x20);
        assertThat(cpu.efer).isEqualTo(0x500);
        assertThat(cpu.r[Cpu.RDI]).isZero();
        assertThat(cpu.r[Cpu.RSI]).isEqualTo(0x1000);
        assertThat(cpu.r[Cpu.RSP]).isEqualTo(0x1_0000);
    }

    @Test
    void otherCpusGetTheirNumberAndAStackOfTheirOwn() {
        cpu.activity = Activity.WAIT_FOR_SIPI;
        Elf64Loader.enter(cpu, Elf64Loader.load(image(0x20_0000, 4), memory), 7);
        assertThat(cpu.activity).isEqualTo(Activity.ACTIVE);
        assertThat(cpu.r[Cpu.RDI]).isEqualTo(7);
        assertThat(cpu.r[Cpu.RSP]).isEqualTo(0x9000);
    }

    @Test
    void segmentRegistersAgreeWithTheDescriptorsInTheGdt() {
        Elf64Loader.enter(cpu, Elf64Loader.load(image(0x20_0000, 4), memory), 0);
        assertThat(cpu.gdtrLimit).isEqualTo(23);
        assertThat(memory.read(cpu.gdtrBase, 8)).isZero();
        for (SegmentRegister segment : cpu.seg) {
            long descriptor = memory.read(cpu.gdtrBase + segment.selector, 8);
            SegmentRegister loaded = new SegmentRegister();
            loaded.setDescriptor(segment.selector, descriptor);
            assertThat(segment).usingRecursiveComparison().isEqualTo(loaded);
            assertThat(segment.access & 0x80).as("present").isNotZero();
        }
        assertThat(cpu.seg[SegmentRegister.CS].selector).isEqualTo(8);
        assertThat(cpu.seg[SegmentRegister.SS].selector).isEqualTo(16);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 0xFFF, 0x1_0000, 0x20_0003, 0xFF_FFFC})
    void ramIsMappedToItself(long address) {
        Elf64Loader.enter(cpu, Elf64Loader.load(image(0x20_0000, 4), memory), 0);
        memory.write(address, 4, 0x1234_5678);
        assertThat(cpu.mmu.load(address, 4)).isEqualTo(0x1234_5678);
        cpu.mmu.store(address, 4, 0x0BAD_CAFE);
        assertThat(memory.read(address, 4)).isEqualTo(0x0BAD_CAFE);
    }

    @Test
    void deviceRegistersJustBelow4GibibytesAreMappedToThemselves() {
        memory.map(0xFFFF_F000L, 0x1000, new MmioDevice() {
            @Override
            public long read(long offset, int size) {
                return offset;
            }

            @Override
            public void write(long offset, int size, long value) {}
        });
        Elf64Loader.enter(cpu, Elf64Loader.load(image(0x20_0000, 4), memory), 0);
        cpu.mmu.alone = true;
        assertThat(cpu.mmu.load(0xFFFF_FFF0L, 4)).isEqualTo(0xFF0);
    }

    @ParameterizedTest
    @ValueSource(longs = {0x1FFF, 0x7FFE, 0xFFFF, 0x6_FFFD, 0x7_6FFF})
    void imagesThatOverlapTheTablesOfTheStartAreRefused(long address) {
        assertRefused(image(address, 4), "overlaps");
    }

    @ParameterizedTest
    @ValueSource(longs = {0x2000, 0x7FFC, 0x1_0000, 0x6_FFFC, 0x7_7000})
    void imagesBesideTheTablesOfTheStartAreLoaded(long address) {
        Elf64Loader.load(image(address, 4), memory);
        assertThat(memory.read(address, 4)).isEqualTo(0x0302_01F4);
    }

    @Test
    void imagesOutsideRamAreRefused() {
        assertRefused(image(0xFF_FFFD, 4), "segment FFFFFDH-1000000H lies outside RAM");
        assertRefused(image(0x20_0000, 1L << 40), "outside RAM");
    }

    @Test
    void imagesOf32BitsAreRefused() {
        assertRefused(
                Elf.parse(ElfFile.elf32()
                        .entry(0x20_0000)
                        .segment(0x20_0000, CODE, 4)
                        .build()),
                "has 32 bits");
    }

    @Test
    void tooLittleRamForTheStartIsNamed() {
        assertThatExceptionOfType(ImageException.class)
                .isThrownBy(() -> Elf64Loader.load(image(0x2000, 4), new PhysicalMemory(0x7_6000)))
                .withMessageContaining("needs RAM at 70000H-76FFFH");
    }

    @Test
    void cpuNumbersBeyondTheStacksAreRefused() {
        LoadedImage image = Elf64Loader.load(image(0x20_0000, 4), memory);
        assertThatIllegalArgumentException().isThrownBy(() -> Elf64Loader.enter(cpu, image, 8));
        assertThatIllegalArgumentException().isThrownBy(() -> Elf64Loader.enter(cpu, image, -1));
    }
}

package dev.vtxray.core.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.IoSpace;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.core.state.Snapshot;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MultibootLoaderTests {
    private static final int MAGIC = 0x1BAD_B002;

    private final PhysicalMemory memory = new PhysicalMemory(128 << 20);
    private final Cpu cpu = new Cpu(0, memory, new IoSpace());

    private static byte[] header(int flags) {
        ByteBuffer header = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        return header.putInt(MAGIC).putInt(flags).putInt(-MAGIC - flags).array();
    }

    private static Elf image(long address, byte[] content, long memorySize) {
        return Elf.parse(ElfFile.elf32()
                .entry(address + 12)
                .segment(address, content, memorySize)
                .build());
    }

    private static Elf image() {
        return image(0x40_0000, header(0), 0x1_0010);
    }

    private LoadedImage load(String commandLine, BootModule... modules) {
        return MultibootLoader.load(image(), commandLine, List.of(modules), memory);
    }

    private void assertRefused(Elf elf, List<BootModule> modules, String message) {
        Snapshot before = Snapshot.of(memory);
        assertThatExceptionOfType(ImageException.class)
                .isThrownBy(() -> MultibootLoader.load(elf, "", modules, memory))
                .withMessageContaining(message);
        assertThat(Snapshot.of(memory)).isEqualTo(before);
    }

    private long field(LoadedImage image, int offset) {
        return memory.read(image.info() + offset, 4);
    }

    private String text(long hpa) {
        StringBuilder text = new StringBuilder();
        for (long at = hpa; memory.read(at, 1) != 0; at++) {
            text.append((char) memory.read(at, 1));
        }
        return text.toString();
    }

    @Test
    void theCpuEntersFlat32BitProtectedModeWithTheInformationInEbx() {
        cpu.cr4 = 0x20;
        LoadedImage image = load("");
        MultibootLoader.enter(cpu, image);
        assertThat(cpu.codeSize).isEqualTo(4);
        assertThat(cpu.rip).isEqualTo(0x40_000C);
        assertThat(cpu.r[Cpu.RAX]).isEqualTo(0x2BAD_B002L);
        assertThat(cpu.r[Cpu.RBX]).isEqualTo(image.info()).isEqualTo(0x9500);
        assertThat(cpu.cr0).isEqualTo(0x11);
        assertThat(cpu.cr4).isZero();
        assertThat(cpu.efer).isZero();
        assertThat(cpu.flags.get()).isEqualTo(2);
        assertThat(cpu.seg[SegmentRegister.CS].selector).isEqualTo(8);
        assertThat(cpu.seg[SegmentRegister.DS].selector).isEqualTo(0x10);
        for (SegmentRegister segment : cpu.seg) {
            assertThat(segment.base).isZero();
            assertThat(segment.limit).isEqualTo(-1);
        }
    }

    @Test
    void segmentsAreLoadedByTheirProgramHeadersAndZeroFilled() {
        memory.write(0x41_0008, 8, -1);
        load("");
        assertThat(memory.read(0x40_0000, 4)).isEqualTo(MAGIC);
        assertThat(memory.read(0x41_0008, 8)).isZero();
    }

    @Test
    void theCommandLineIsTerminatedEvenIfEmpty() {
        assertThat(text(field(load(""), 16))).isEmpty();
        assertThat(text(field(load("image one two"), 16))).isEqualTo("image one two");
    }

    @Test
    void memorySizesAreInKilobytes() {
        LoadedImage image = load("");
        assertThat(field(image, 4)).isEqualTo(0x27F);
        assertThat(field(image, 8)).isEqualTo(127 << 10);
    }

    @Test
    void everythingThatTheFlagsPromiseIsThere() {
        LoadedImage image = load("x");
        assertThat(field(image, 0)).isEqualTo(0b10_0100_1101);
        assertThat(text(field(image, 64))).isEqualTo("VTXray");
        assertThat(field(image, 20)).isZero();
    }

    @Test
    void modulesLiePageAlignedBehindTheImageWithTheirTexts() {
        byte[] first = "NR_CPUS=2\n".getBytes(StandardCharsets.US_ASCII);
        byte[] second = new byte[5000];
        second[4999] = 42;
        LoadedImage image = load("x", new BootModule("env", first), new BootModule("initrd a=b", second));
        assertThat(field(image, 20)).isEqualTo(2);
        long list = field(image, 24);
        assertThat(memory.read(list, 4)).isEqualTo(0x41_1000);
        assertThat(memory.read(list + 4, 4)).isEqualTo(0x41_1000 + first.length);
        assertThat(text(memory.read(list + 8, 4))).isEqualTo("env");
        assertThat(memory.read(list + 12, 4)).isZero();
        assertThat(memory.readBytes(0x41_1000, first.length)).isEqualTo(first);
        assertThat(memory.read(list + 16, 4)).isEqualTo(0x41_2000);
        assertThat(text(memory.read(list + 24, 4))).isEqualTo("initrd a=b");
        assertThat(memory.readBytes(0x41_2000, 5000)).isEqualTo(second);
    }

    private record Entry(long size, long first, long length, long type) {}

    private List<Entry> memoryMap(PhysicalMemory ram) {
        LoadedImage image = MultibootLoader.load(image(), "", List.of(), ram);
        long at = ram.read(image.info() + 48, 4);
        long end = at + ram.read(image.info() + 44, 4);
        List<Entry> entries = new ArrayList<>();
        while (at < end) {
            Entry entry = new Entry(ram.read(at, 4), ram.read(at + 4, 8), ram.read(at + 12, 8), ram.read(at + 20, 4));
            entries.add(entry);
            at += entry.size + 4;
        }
        assertThat(at).isEqualTo(end);
        return entries;
    }

    @Test
    void theMemoryMapShowsRamBelowAndAboveTheHoleOfThePc() {
        assertThat(memoryMap(memory))
                .containsExactly(
                        new Entry(20, 0, 0x9_FC00, 1),
                        new Entry(20, 0x9_FC00, 0x400, 2),
                        new Entry(20, 0xF_0000, 0x1_0000, 2),
                        new Entry(20, 0x10_0000, 127 << 20, 1),
                        new Entry(20, 0xFE00_0000L, 0x200_0000, 2));
    }

    @Test
    void ramAbove4GibibytesIsAnEntryOfItsOwnAndDeviceAddressesAreReserved() {
        assertThat(memoryMap(new PhysicalMemory(5L << 30)))
                .endsWith(
                        new Entry(20, 0x10_0000, 0xFDF0_0000L, 1),
                        new Entry(20, 0xFE00_0000L, 0x200_0000, 2),
                        new Entry(20, 0x1_0000_0000L, 1 << 30, 1));
    }

    @Test
    void theInformationGivesWayToAnImageInLowMemory() {
        LoadedImage image = MultibootLoader.load(image(0x8000, header(0), 0x2000), "low", List.of(), memory);
        assertThat(image.info()).isEqualTo(0xA500);
        assertThat(text(field(image, 16))).isEqualTo("low");
        assertThat(memory.read(0x8000, 4)).isEqualTo(MAGIC);
    }

    @Test
    void filesWithoutAMultibootHeaderAreRefused() {
        assertThat(MultibootLoader.hasHeader(image().file())).isTrue();
        assertThat(MultibootLoader.hasHeader(new byte[4])).isFalse();
        assertRefused(image(0x40_0000, new byte[16], 16), List.of(), "no multiboot header");
        byte[] wrongSum = header(0);
        wrongSum[8]++;
        assertRefused(image(0x40_0000, wrongSum, 16), List.of(), "no multiboot header");
        byte[] late = new byte[8192 + 16];
        System.arraycopy(header(0), 0, late, 8192, 12);
        assertRefused(image(0x40_0000, late, late.length), List.of(), "no multiboot header");
    }

    @Test
    void demandsThatAreNotMetAreRefused() {
        assertRefused(image(0x40_0000, header(4), 16), List.of(), "demands features 4H");
        assertRefused(image(0x40_0000, header(1 << 16), 16), List.of(), "address fields");
        assertThat(MultibootLoader.load(image(0x40_0000, header(3), 16), "", List.of(), memory))
                .isNotNull();
    }

    @Test
    void imagesOf64BitsAreRefused() {
        Elf elf = Elf.parse(ElfFile.elf64()
                .entry(0x40_0000)
                .segment(0x40_0000, header(0), 16)
                .build());
        assertRefused(elf, List.of(), "has 64 bits");
    }

    @Test
    void imagesAndModulesOutsideRamAreRefused() {
        assertRefused(image(0x7FF_FFF8, header(0), 16), List.of(), "outside RAM");
        BootModule module = new BootModule("large.bin", new byte[0x1001]);
        assertRefused(image(0x7FF_E000, header(0), 16), List.of(module), "module large.bin does not fit into RAM");
    }

    @Test
    void anImageThatFillsLowMemoryLeavesNoRoomForTheInformation() {
        assertRefused(image(0x9000, header(0), 0x9_7000), List.of(), "no room for");
    }

    @Test
    void anEmptyModuleIsRefused() {
        assertThatExceptionOfType(ImageException.class)
                .isThrownBy(() -> new BootModule("env", new byte[0]))
                .withMessageContaining("env is empty");
    }

    @Test
    void aCommandLineWithANulCharacterIsAMistakeOfTheCaller() {
        assertThatIllegalArgumentException().isThrownBy(() -> load("a\0b"));
    }
}

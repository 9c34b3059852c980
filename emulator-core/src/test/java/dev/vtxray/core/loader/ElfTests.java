package dev.vtxray.core.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ElfTests {
    private static final byte[] CODE = {(byte) 0xF4, 1, 2, 3};

    private static ElfFile valid() {
        return ElfFile.elf64().entry(0x20_0002).segment(0x20_0000, CODE, 0x3000);
    }

    private static void assertRefused(byte[] file, String message) {
        assertThatExceptionOfType(ImageException.class)
                .isThrownBy(() -> Elf.parse(file))
                .withMessageContaining(message)
                .matches(e -> e.getMessage().lines().count() == 1, "one line");
    }

    private static byte[] changed(Consumer<byte[]> change) {
        byte[] file = valid().build();
        change.accept(file);
        return file;
    }

    @Test
    void aFileOf64BitsIsRead() {
        Elf elf = Elf.parse(valid().build());
        assertThat(elf.bits()).isEqualTo(64);
        assertThat(elf.entry()).isEqualTo(0x20_0002);
        assertThat(elf.segments()).containsExactly(new Segment(0x20_0000, 0x20_0000, 0x3000, 64 + 56, 4));
    }

    @Test
    void aFileOf32BitsIsRead() {
        Elf elf = Elf.parse(ElfFile.elf32()
                .entry(0x8004)
                .segment(0xFFFF_F000L, CODE, 4)
                .segment(0x8000, CODE, 8)
                .build());
        assertThat(elf.bits()).isEqualTo(32);
        assertThat(elf.entry()).isEqualTo(0x8004);
        assertThat(elf.segments())
                .containsExactly(
                        new Segment(0x8000, 0x8000, 8, 52 + 64 + 4, 4),
                        new Segment(0xFFFF_F000L, 0xFFFF_F000L, 4, 52 + 64, 4));
    }

    @Test
    void theEntryPointOfAnImageLinkedElsewhereIsTranslated() {
        Elf elf = Elf.parse(ElfFile.elf64()
                .entry(0xFFFF_FFFF_8010_0001L)
                .segment(0xFFFF_FFFF_8010_0000L, 0x10_0000, CODE, 4)
                .build());
        assertThat(elf.entry()).isEqualTo(0x10_0001);
    }

    @Test
    void whatIsNoElfFileIsRefused() {
        assertRefused(new byte[0], "not an ELF file");
        assertRefused("#!/bin/sh\nexit 0 # long enough".getBytes(StandardCharsets.US_ASCII), "not an ELF");
        assertRefused(changed(file -> file[0] = 0), "not an ELF file");
    }

    @Test
    void aFileThatEndsInItsHeaderIsTruncated() {
        assertRefused(Arrays.copyOf(valid().build(), 63), "truncated: the ELF header has 64 bytes, the file 63");
    }

    @Test
    void otherClassesEncodingsVersionsTypesAndMachinesAreRefused() {
        assertRefused(changed(file -> file[4] = 3), "class 3");
        assertRefused(changed(file -> file[5] = 2), "little-endian");
        assertRefused(changed(file -> file[20] = 9), "version 9");
        assertRefused(valid().type(3).build(), "type 3");
        assertRefused(valid().machine(183).build(), "machine 183");
        assertRefused(valid().machine(3).build(), "machine 3 is not 62");
    }

    @Test
    void programHeadersMustExistAndLieInTheFile() {
        assertRefused(ElfFile.elf64().build(), "no program headers");
        assertRefused(changed(file -> file[54] = 55), "program headers have 55 bytes");
        assertRefused(changed(file -> file[57] = (byte) 0xFF), "65281 program headers");
        assertRefused(
                changed(file -> file[39] = (byte) 0x80), "truncated: 1 program headers at offset 8000000000000040H");
        assertRefused(changed(file -> file[64] = 6), "no loadable segment");
    }

    @Test
    void aSegmentBehindTheEndOfTheFileIsTruncated() {
        byte[] file = valid().build();
        assertRefused(Arrays.copyOf(file, file.length - 1), "truncated: segment 0 has 4H bytes at offset 78H");
        assertRefused(changed(bytes -> bytes[64 + 15] = 0x7F), "truncated");
        assertRefused(changed(bytes -> Arrays.fill(bytes, 64 + 8, 64 + 16, (byte) 0xFF)), "truncated");
    }

    @Test
    void aSegmentWithLessMemoryThanFileIsRefused() {
        assertRefused(ElfFile.elf64().segment(0, CODE, 3).build(), "4H bytes in the file but only 3H in memory");
    }

    @Test
    void segmentsThatOverlapAreRefused() {
        assertRefused(
                valid().segment(0x20_2FFF, CODE, 4).build(), "segments 200000H-202FFFH and 202FFFH-203002H overlap");
        assertThat(Elf.parse(valid().segment(0x20_3000, CODE, 4).build()).segments())
                .hasSize(2);
    }

    @Test
    void segmentsThatWrapAroundTheAddressSpaceAreRefused() {
        assertRefused(
                ElfFile.elf64().segment(0x7FFF_FFFF_FFFF_F000L, CODE, 0x2000).build(), "outside the physical address");
        assertRefused(ElfFile.elf64().segment(-4096, CODE, 4).build(), "outside the physical address");
        assertRefused(ElfFile.elf64().segment(0, CODE, -1).build(), "outside the physical address");
    }

    @Test
    void anEntryPointOutsideAllSegmentsIsRefused() {
        assertRefused(valid().entry(0x20_3000).build(), "entry point 203000H lies in no segment");
    }

    @Test
    void segmentsWithoutMemoryAreIgnored() {
        assertThat(Elf.parse(valid().segment(0x20_0001, new byte[0], 0).build()).segments())
                .hasSize(1);
    }

    @Test
    void aFileWithoutSymbolsHasNoSymbol() {
        assertThat(Elf.parse(valid().build()).symbol("main")).isEmpty();
    }
}

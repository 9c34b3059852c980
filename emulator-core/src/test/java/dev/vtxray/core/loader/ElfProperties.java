package dev.vtxray.core.loader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.memory.PhysicalMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class ElfProperties {
    private static final long RAM = 4 << 20;
    /** Where the headers end: most of what can go wrong stands before. */
    private static final int HEADERS = 180;

    record Mutation(int position, byte value) {}

    private static byte[] image(boolean wide) {
        ByteBuffer code = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        code.putInt(0x1BAD_B002).putInt(0).putInt(-0x1BAD_B002);
        return (wide ? ElfFile.elf64() : ElfFile.elf32())
                .entry(0x10_0010)
                .segment(0x10_0000, code.array(), 0x2000)
                .segment(0x20_0000, new byte[] {1, 2, 3}, 16)
                .build();
    }

    /** Bytes at their borders are more likely to hurt than others. */
    @Provide
    Arbitrary<Mutation> mutations() {
        return Combinators.combine(
                        Arbitraries.integers().between(4, HEADERS),
                        Arbitraries.oneOf(
                                Arbitraries.bytes(), Arbitraries.of((byte) 0, (byte) 1, (byte) 0x7F, (byte) -1)))
                .as(Mutation::new);
    }

    @Property
    void aDamagedFileIsLoadedOrRefusedButNeverHalfLoaded(
            @ForAll boolean wide, @ForAll @Size(min = 1, max = 4) List<@From("mutations") Mutation> mutations) {
        byte[] file = image(wide);
        for (Mutation mutation : mutations) {
            file[mutation.position] = mutation.value;
        }
        loadOrRefuse(file);
    }

    @Property(tries = 300)
    void aTruncatedFileIsRefused(@ForAll boolean wide, @ForAll @IntRange(max = 1000) int length) {
        byte[] file = image(wide);
        if (length < file.length) {
            assertThat(loadOrRefuse(Arrays.copyOf(file, length))).isFalse();
        } else {
            assertThat(loadOrRefuse(Arrays.copyOf(file, length)))
                    .as("bytes behind the end do no harm")
                    .isTrue();
        }
    }

    @Property(tries = 300)
    void arbitraryBytesBehindTheMagicNumberAreNoDanger(@ForAll @Size(max = 300) byte[] bytes) {
        byte[] file = bytes.clone();
        byte[] magic = {0x7F, 'E', 'L', 'F', 2, 1, 1};
        System.arraycopy(magic, 0, file, 0, Math.min(file.length, magic.length));
        loadOrRefuse(file);
    }

    /** Any exception but the loader's own fails the property. */
    private static boolean loadOrRefuse(byte[] file) {
        PhysicalMemory memory = new PhysicalMemory(RAM);
        try {
            Elf elf = Elf.parse(file);
            elf.symbol("main");
            if (elf.bits() == 64) {
                Elf64Loader.load(elf, memory);
            } else {
                MultibootLoader.load(elf, "", List.of(), memory);
            }
            return true;
        } catch (ImageException e) {
            assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
            memory.forEachBlock((address, bytes) -> {
                throw new AssertionError("a refused image was written to " + Long.toHexString(address));
            });
            return false;
        }
    }
}

package dev.vtxray.core.state;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.memory.PhysicalMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class DigestTests {
    @Test
    void theDigestIsSha256OfKindPathLengthAndContent() throws Exception {
        Described component = visitor -> {
            visitor.value("a", () -> 7, value -> {});
            visitor.section("s", () -> visitor.bytes("b", new byte[] {1, 2}));
        };
        ByteBuffer expected = ByteBuffer.allocate(100).order(ByteOrder.LITTLE_ENDIAN);
        expected.put((byte) 'v').putLong(1).put((byte) 'a').putLong(1).putLong(7);
        expected.put((byte) 'b').putLong(3).put("s.b".getBytes(StandardCharsets.US_ASCII));
        expected.putLong(2).put((byte) 1).put((byte) 2);
        byte[] sha = MessageDigest.getInstance("SHA-256").digest(Arrays.copyOf(expected.array(), expected.position()));
        assertThat(Digest.of(component)).isEqualTo(HexFormat.of().formatHex(sha));
    }

    @Test
    void everyItemCounts() {
        String before = Digest.of(new SampleState());
        SampleState scalar = new SampleState();
        scalar.scalar++;
        SampleState longs = new SampleState();
        longs.longs[0]++;
        SampleState bytes = new SampleState();
        bytes.bytes[3]++;
        SampleState inner = new SampleState();
        inner.inner++;
        assertThat(new String[] {before, Digest.of(scalar), Digest.of(longs), Digest.of(bytes), Digest.of(inner)})
                .doesNotHaveDuplicates();
        assertThat(Digest.of(new SampleState())).isEqualTo(before);
    }

    @Test
    void memoryThatWasTouchedButIsZeroCountsAsUntouched() {
        PhysicalMemory touched = new PhysicalMemory(1 << 20);
        touched.write(0x3000, 8, 1);
        String one = Digest.of(touched);
        touched.write(0x3000, 8, 0);
        assertThat(Digest.of(touched))
                .isEqualTo(Digest.of(new PhysicalMemory(1 << 20)))
                .isNotEqualTo(one);
    }

    @Test
    void thePlaceInMemoryCounts() {
        PhysicalMemory first = new PhysicalMemory(1 << 20);
        first.write(0x3000, 8, 1);
        PhysicalMemory second = new PhysicalMemory(1 << 20);
        second.write(0x4000, 8, 1);
        assertThat(Digest.of(first)).isNotEqualTo(Digest.of(second));
    }
}

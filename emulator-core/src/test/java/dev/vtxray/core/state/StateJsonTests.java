package dev.vtxray.core.state;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.memory.PhysicalMemory;
import org.junit.jupiter.api.Test;

class StateJsonTests {
    @Test
    void sectionsAreObjectsAndNumbersAreHexadecimalStrings() {
        assertThat(StateJson.of(new SampleState()))
                .isEqualTo(
                        """
                {
                  "scalar": "0x1",
                  "longs": ["0x2", "0x3"],
                  "section": {
                    "inner": "0x8",
                    "bytes": "04050607"
                  }
                }
                """);
    }

    @Test
    void memoryIsAnObjectOfItsPages() {
        PhysicalMemory memory = new PhysicalMemory(1 << 20);
        assertThat(StateJson.of(memory)).isEqualTo("{\n  \"ram\": {}\n}\n");
        memory.write(0x3000, 1, 0xAB);
        assertThat(StateJson.of(memory)).startsWith("{\n  \"ram\": {\n    \"3000\": \"ab000000");
    }

    @Test
    void quotesInNamesAreEscaped() {
        assertThat(StateJson.of(visitor -> visitor.value("a\"b\\", () -> 0, value -> {})))
                .contains("\"a\\\"b\\\\\": \"0x0\"");
    }
}

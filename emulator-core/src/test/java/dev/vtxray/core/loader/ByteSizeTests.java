package dev.vtxray.core.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTests {
    @ParameterizedTest
    @CsvSource({
        "4096, 4096",
        "64k, 65536",
        "512M, 536870912",
        " 16G , 17179869184",
        "1T, 1099511627776",
        "8388607T, 9223370937343148032"
    })
    void sizesAreNumbersWithUnits(String text, long bytes) {
        assertThat(ByteSize.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "M", "-1M", "1.5G", "512MB", "1 G", "0x100", "12Q", "1234567890123456789"})
    void otherTextsAreRefusedWithAnExample(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ByteSize.parse(text))
                .withMessageContaining('"' + text + '"')
                .withMessageContaining("such as 512M");
    }

    @Test
    void zeroIsNoSize() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ByteSize.parse("0G"))
                .withMessageContaining("is zero");
    }

    @Test
    void sizesBeyond63BitsAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ByteSize.parse("8388608T"))
                .withMessageContaining("larger than any memory");
    }
}

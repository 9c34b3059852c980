package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class MultiplyDivideProperties {
    @Property(tries = 20_000)
    void quotientOf128BitsIsThatOfBigNumbers(@ForAll long high, @ForAll long low, @ForAll long divisor) {
        Assume.that(Long.compareUnsigned(high, divisor) < 0);
        BigInteger dividend = unsigned(high).shiftLeft(64).add(unsigned(low));
        assertThat(MultiplyDivide.quotient(high, low, divisor))
                .isEqualTo(dividend.divide(unsigned(divisor)).longValue());
    }

    @Property
    void upperHalfOfAProductIsThatOfBigNumbers(@ForAll long a, @ForAll long b) {
        assertThat(MultiplyDivide.unsignedHigh(a, b))
                .isEqualTo(unsigned(a).multiply(unsigned(b)).shiftRight(64).longValue());
    }

    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }
}

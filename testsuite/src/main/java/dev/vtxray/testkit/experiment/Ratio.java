package dev.vtxray.testkit.experiment;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/**
 * An exact quotient in lowest terms, such as exits per IPI.
 *
 * @param numerator any
 * @param denominator at least 1
 */
public record Ratio(long numerator, long denominator) implements Comparable<Ratio> {
    private static final int DECIMALS = 6;

    public Ratio {
        if (denominator < 1) {
            throw new IllegalArgumentException("a ratio has a denominator of at least 1, not " + denominator);
        }
        long divisor = BigInteger.valueOf(numerator)
                .gcd(BigInteger.valueOf(denominator))
                .longValueExact();
        numerator /= divisor;
        denominator /= divisor;
    }

    public static Ratio of(long integer) {
        return new Ratio(integer, 1);
    }

    public boolean isInteger() {
        return denominator == 1;
    }

    /** The nearest double. */
    public double asDouble() {
        return (double) numerator / denominator;
    }

    /** How much less this is than another, in percent of the other. */
    public double reductionPercentFrom(Ratio other) {
        return 100 * (1 - asDouble() / other.asDouble());
    }

    /** An integer when it is one, else a decimal fraction of at most six digits. */
    public BigDecimal asDecimal() {
        if (isInteger()) {
            return BigDecimal.valueOf(numerator);
        }
        BigDecimal quotient = BigDecimal.valueOf(numerator)
                .divide(BigDecimal.valueOf(denominator), DECIMALS, RoundingMode.HALF_EVEN)
                .stripTrailingZeros();
        return quotient.scale() < 0 ? quotient.setScale(0) : quotient;
    }

    @Override
    public int compareTo(Ratio other) {
        return BigInteger.valueOf(numerator)
                .multiply(BigInteger.valueOf(other.denominator))
                .compareTo(BigInteger.valueOf(other.numerator).multiply(BigInteger.valueOf(denominator)));
    }

    @Override
    public String toString() {
        return asDecimal().toPlainString();
    }
}

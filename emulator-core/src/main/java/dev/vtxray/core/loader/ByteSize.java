package dev.vtxray.core.loader;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes of memory as people write them. */
public final class ByteSize {
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,18})([KMGT]?)");

    private ByteSize() {}

    /**
     * Reads a decimal number of bytes with an optional unit K, M, G or T (powers of 1024, any case), for example 512M.
     *
     * @throws IllegalArgumentException if the text is something else, zero, or more than a {@code long} holds
     */
    public static long parse(String text) {
        Matcher matcher = SIZE.matcher(text.strip().toUpperCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "size \"" + text + "\" is not a number with an optional unit K, M, G or T, such as 512M");
        }
        long number = Long.parseLong(matcher.group(1));
        if (number == 0) {
            throw new IllegalArgumentException("size \"" + text + "\" is zero");
        }
        int shift = matcher.group(2).isEmpty() ? 0 : 10 * ("KMGT".indexOf(matcher.group(2)) + 1);
        if (number > Long.MAX_VALUE >> shift) {
            throw new IllegalArgumentException("size \"" + text + "\" is larger than any memory");
        }
        return number << shift;
    }
}

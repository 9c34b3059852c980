package dev.vtxray.core.state;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/** SHA-256 of a described state: names and values of all items, in their order. */
public final class Digest {
    private Digest() {}

    /** The digest of a component's state, 64 hexadecimal digits. */
    public static String of(Described component) {
        Hasher hasher = new Hasher();
        component.describe(hasher);
        return HexFormat.of().formatHex(hasher.sha.digest());
    }

    private static final class Hasher extends PathVisitor {
        final MessageDigest sha = sha256();
        private final byte[] number = new byte[Long.BYTES];

        @Override
        public void value(String name, LongSupplier get, LongConsumer set) {
            item('v', name, 1);
            add(get.getAsLong());
        }

        @Override
        public void longs(String name, long[] array) {
            item('l', name, array.length);
            for (long value : array) {
                add(value);
            }
        }

        @Override
        public void bytes(String name, byte[] array) {
            item('b', name, array.length);
            sha.update(array);
        }

        /** Kind and length stand before the content, so that no two states give the same bytes. */
        private void item(char kind, String name, int length) {
            byte[] path = path(name).getBytes(StandardCharsets.UTF_8);
            sha.update((byte) kind);
            add(path.length);
            sha.update(path);
            add(length);
        }

        private void add(long value) {
            for (int i = 0; i < number.length; i++) {
                number[i] = (byte) (value >>> 8 * i);
            }
            sha.update(number);
        }

        private static MessageDigest sha256() {
            try {
                return MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java platform has SHA-256", e);
            }
        }
    }
}

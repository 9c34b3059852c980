package dev.vtxray.core.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Little-endian access to byte arrays. */
public final class Bytes {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final byte[] ZERO_PAGE = new byte[RamPage.SIZE];

    private Bytes() {}

    /** All ones in the low {@code size} (1-8) bytes. */
    public static long mask(int size) {
        return -1L >>> 64 - 8 * size;
    }

    public static long load8(byte[] bytes, int offset) {
        return bytes[offset] & 0xFFL;
    }

    public static long load16(byte[] bytes, int offset) {
        return (short) SHORT.get(bytes, offset) & 0xFFFFL;
    }

    public static long load32(byte[] bytes, int offset) {
        return (int) INT.get(bytes, offset) & 0xFFFF_FFFFL;
    }

    public static long load64(byte[] bytes, int offset) {
        return (long) LONG.get(bytes, offset);
    }

    public static void store8(byte[] bytes, int offset, long value) {
        bytes[offset] = (byte) value;
    }

    public static void store16(byte[] bytes, int offset, long value) {
        SHORT.set(bytes, offset, (short) value);
    }

    public static void store32(byte[] bytes, int offset, long value) {
        INT.set(bytes, offset, (int) value);
    }

    public static void store64(byte[] bytes, int offset, long value) {
        LONG.set(bytes, offset, value);
    }

    /** Loads 1 to 8 bytes, zero-extended. */
    public static long load(byte[] bytes, int offset, int size) {
        switch (size) {
            case 8:
                return load64(bytes, offset);
            case 4:
                return load32(bytes, offset);
            case 2:
                return load16(bytes, offset);
            case 1:
                return load8(bytes, offset);
            default:
                long value = 0;
                for (int i = 0; i < size; i++) {
                    value |= load8(bytes, offset + i) << 8 * i;
                }
                return value;
        }
    }

    /** Stores the low 1 to 8 bytes of a value. */
    public static void store(byte[] bytes, int offset, int size, long value) {
        switch (size) {
            case 8 -> store64(bytes, offset, value);
            case 4 -> store32(bytes, offset, value);
            case 2 -> store16(bytes, offset, value);
            case 1 -> store8(bytes, offset, value);
            default -> {
                for (int i = 0; i < size; i++) {
                    store8(bytes, offset + i, value >>> 8 * i);
                }
            }
        }
    }

    static boolean isZero(byte[] page) {
        return Arrays.equals(page, ZERO_PAGE);
    }
}

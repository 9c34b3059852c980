package dev.vtxray.core.state;

/** A small component with every kind of item but sparse ones. */
final class SampleState implements Described {
    long scalar = 1;
    final long[] longs = {2, 3};
    final byte[] bytes = {4, 5, 6, 7};
    long inner = 8;
    int restoredCalls;

    @Override
    public void describe(StateVisitor visitor) {
        visitor.value("scalar", () -> scalar, value -> scalar = value);
        visitor.longs("longs", longs);
        visitor.section("section", () -> {
            visitor.value("inner", () -> inner, value -> inner = value);
            visitor.bytes("bytes", bytes);
        });
    }

    @Override
    public void restored() {
        restoredCalls++;
    }
}

package dev.vtxray.testkit.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.vtxray.core.device.ByteSink;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;

/** Prints what a guest sends to its serial port, taken as UTF-8, line by line. */
final class SerialText implements ByteSink {
    private final PrintWriter out;
    private final CharsetDecoder decoder = UTF_8.newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final ByteBuffer bytes = ByteBuffer.allocate(512);
    private final CharBuffer chars = CharBuffer.allocate(512);

    SerialText(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void accept(int value) {
        bytes.put((byte) value);
        if (value == '\n' || !bytes.hasRemaining()) {
            print();
        }
    }

    /** Prints a line that is not at its end yet. */
    void print() {
        bytes.flip();
        decoder.decode(bytes, chars, false);
        bytes.compact();
        out.append(chars.flip());
        chars.clear();
        out.flush();
    }
}

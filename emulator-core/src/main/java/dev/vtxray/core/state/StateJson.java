package dev.vtxray.core.state;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * A described state as one JSON object: sections are objects, numbers are strings of hexadecimal digits with 0x in
 * front (JSON's own numbers lose the low bits of 64), byte arrays are strings of two hexadecimal digits per byte.
 */
public final class StateJson {
    private StateJson() {}

    /** The state of a component, in the order of its description. */
    public static String of(Described component) {
        Writer writer = new Writer();
        component.describe(writer);
        return writer.json.append("\n}\n").toString();
    }

    private static final class Writer implements StateVisitor {
        final StringBuilder json = new StringBuilder("{");
        private String indent = "  ";
        private boolean first = true;

        @Override
        public void value(String name, LongSupplier get, LongConsumer set) {
            key(name).append(number(get.getAsLong()));
        }

        @Override
        public void longs(String name, long[] array) {
            key(name).append(Arrays.stream(array).mapToObj(Writer::number).collect(Collectors.joining(", ", "[", "]")));
        }

        @Override
        public void bytes(String name, byte[] array) {
            key(name).append('"').append(HexFormat.of().formatHex(array)).append('"');
        }

        @Override
        public void section(String name, Runnable body) {
            key(name).append('{');
            String outer = indent;
            indent = outer + "  ";
            first = true;
            body.run();
            indent = outer;
            json.append(first ? "}" : "\n" + indent + "}");
            first = false;
        }

        private StringBuilder key(String name) {
            json.append(first ? "\n" : ",\n").append(indent);
            first = false;
            return json.append('"').append(escape(name)).append("\": ");
        }

        private static String number(long value) {
            return "\"0x" + Long.toHexString(value) + '"';
        }

        private static String escape(String name) {
            return name.replace("\\", "\\\\").replace("\"", "\\\"");
        }
    }
}

package dev.vtxray.testkit.report;

import java.math.BigDecimal;

/** Writes JSON in the order of the calls, one member or element per line. Misuse gives wrong JSON, not an exception. */
final class JsonWriter {
    private final StringBuilder json = new StringBuilder();
    private int depth;
    private boolean first = true;
    private boolean afterKey;

    JsonWriter beginObject() {
        return begin('{');
    }

    JsonWriter endObject() {
        return end('}');
    }

    JsonWriter beginArray() {
        return begin('[');
    }

    JsonWriter endArray() {
        return end(']');
    }

    JsonWriter key(String name) {
        string(name);
        json.append(": ");
        afterKey = true;
        return this;
    }

    JsonWriter value(String text) {
        return string(text);
    }

    JsonWriter value(boolean truth) {
        next();
        json.append(truth);
        return this;
    }

    JsonWriter value(long number) {
        next();
        json.append(number);
        return this;
    }

    /** A number without an exponent. */
    JsonWriter value(BigDecimal number) {
        next();
        json.append(number.toPlainString());
        return this;
    }

    private JsonWriter begin(char bracket) {
        next();
        json.append(bracket);
        depth++;
        first = true;
        return this;
    }

    private JsonWriter end(char bracket) {
        depth--;
        if (!first) {
            newLine();
        }
        json.append(bracket);
        first = false;
        return this;
    }

    private JsonWriter string(String text) {
        next();
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> json.append("\\\"");
                case '\\' -> json.append("\\\\");
                case '\n' -> json.append("\\n");
                case '\t' -> json.append("\\t");
                case '\r' -> json.append("\\r");
                default -> {
                    if (c < ' ' || Character.isSurrogate(c)) {
                        json.append("\\u%04x".formatted((int) c));
                    } else {
                        json.append(c);
                    }
                }
            }
        }
        json.append('"');
        return this;
    }

    private void next() {
        if (afterKey) {
            afterKey = false;
            return;
        }
        if (depth > 0) {
            if (!first) {
                json.append(',');
            }
            newLine();
        }
        first = false;
    }

    private void newLine() {
        json.append('\n').append("  ".repeat(depth));
    }

    @Override
    public String toString() {
        return json + "\n";
    }
}

package dev.vtxray.testkit.report;

import java.util.Locale;

/** Builds markup line by line; every text passes through {@link #escape}. */
final class Html {
    private final StringBuilder markup = new StringBuilder();

    /** Markup as it stands, with a line break. */
    Html raw(String line) {
        markup.append(line).append('\n');
        return this;
    }

    /** Markup with a format in which all strings must have been escaped. */
    Html raw(String format, Object... arguments) {
        return raw(String.format(Locale.ROOT, format, arguments));
    }

    /** A paragraph of plain text. */
    Html paragraph(String text) {
        return raw("<p>%s</p>", escape(text));
    }

    Html heading(String id, String text) {
        return raw("<h2 id=\"%s\">%s</h2>", id, escape(text));
    }

    /** Text as markup; a percent sign stays on the line of its number. */
    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;")
                .replace(" %", "&nbsp;%");
    }

    @Override
    public String toString() {
        return markup.toString();
    }
}

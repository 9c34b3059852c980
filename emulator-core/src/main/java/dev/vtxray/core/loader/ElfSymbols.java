package dev.vtxray.core.loader;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalLong;

/** The symbol table of an ELF file, if it has one that makes sense. It is a help for tests, so damage is no error. */
final class ElfSymbols {
    private static final int SECTION_HEADER_32 = 40;
    private static final int SECTION_HEADER_64 = 64;
    private static final int SYMBOL_32 = 16;
    private static final int SYMBOL_64 = 24;
    private static final int SHT_SYMTAB = 2;
    private static final int SHN_UNDEF = 0;

    private final byte[] file;
    private final boolean wide;
    private final long headers;
    private final int headerSize;
    private final int headerCount;

    /** Where a section lies in the file. */
    private record Section(int offset, int length) {
        static final Section EMPTY = new Section(0, 0);
    }

    ElfSymbols(byte[] file, boolean wide, long headers, int headerSize, int headerCount) {
        this.file = file;
        this.wide = wide;
        this.headers = headers;
        this.headerSize = headerSize;
        this.headerCount = headerCount;
    }

    /** Value of the first defined symbol with this name. */
    OptionalLong value(String name) {
        if (!headersInFile()) {
            return OptionalLong.empty();
        }
        byte[] bytes = (name + '\0').getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < headerCount; i++) {
            ElfFields header = header(i);
            header.word();
            if (header.word() == SHT_SYMTAB) {
                Section table = section(i);
                Section names = section(link(i));
                return search(table, names, bytes);
            }
        }
        return OptionalLong.empty();
    }

    private OptionalLong search(Section table, Section names, byte[] name) {
        int size = wide ? SYMBOL_64 : SYMBOL_32;
        for (int at = 0; at + size <= table.length; at += size) {
            ElfFields symbol = new ElfFields(file, wide, table.offset + at);
            long nameOffset = symbol.word();
            long value = wide ? 0 : symbol.word();
            if (!wide) {
                symbol.word();
            }
            symbol.skip(2);
            int definedIn = symbol.half();
            if (definedIn != SHN_UNDEF && matches(names, nameOffset, name)) {
                return OptionalLong.of(wide ? symbol.address() : value);
            }
        }
        return OptionalLong.empty();
    }

    private boolean matches(Section names, long nameOffset, byte[] name) {
        if (nameOffset + name.length > names.length) {
            return false;
        }
        int from = names.offset + (int) nameOffset;
        return Arrays.equals(file, from, from + name.length, name, 0, name.length);
    }

    private boolean headersInFile() {
        int expected = wide ? SECTION_HEADER_64 : SECTION_HEADER_32;
        long length = (long) headerSize * headerCount;
        return headerSize == expected && headers >= 0 && length <= file.length && headers <= file.length - length;
    }

    private ElfFields header(int index) {
        return new ElfFields(file, wide, (int) headers + index * headerSize);
    }

    private long link(int index) {
        ElfFields header = header(index);
        header.skip(wide ? 40 : 24);
        return header.word();
    }

    private Section section(long index) {
        if (index >= headerCount) {
            return Section.EMPTY;
        }
        ElfFields header = header((int) index);
        header.skip(wide ? 24 : 16);
        long offset = header.address();
        long length = header.address();
        boolean inFile = offset >= 0 && length >= 0 && length <= file.length && offset <= file.length - length;
        return inFile ? new Section((int) offset, (int) length) : Section.EMPTY;
    }
}

package dev.vtxray.core.isa;

import java.util.Arrays;
import java.util.List;

/** Rows by opcode map and opcode, those that demand more first. Immutable, so that all machines share one. */
public final class OpcodeMaps {
    private static final int MAPS = 4;
    private static final int OPCODES = 256;
    private static final Row[] NO_ROWS = {};

    private final Row[][][] maps;

    private OpcodeMaps(Row[][][] maps) {
        this.maps = maps;
    }

    /** The maps that these rows fill. */
    public static OpcodeMaps of(List<Row> rows) {
        Row[][][] empty = new Row[MAPS][OPCODES][];
        for (Row[][] map : empty) {
            Arrays.fill(map, NO_ROWS);
        }
        return new OpcodeMaps(empty).with(rows);
    }

    /** These maps and more rows; among rows that demand as much, the later ones come later. */
    public OpcodeMaps with(List<Row> more) {
        Row[][][] copy = new Row[MAPS][][];
        Arrays.setAll(copy, map -> maps[map].clone());
        for (Row row : more) {
            Row.Encoding encoding = row.encoding();
            Row[][] map = copy[encoding.map()];
            for (int low = 0; low < (encoding.inOpcode() ? 8 : 1); low++) {
                int opcode = encoding.opcode() + low;
                map[opcode] = insert(map[opcode], row);
            }
        }
        return new OpcodeMaps(copy);
    }

    /** The rows with this opcode, in the order in which they are to be tried. */
    Row[] rows(int map, int opcode) {
        return maps[map][opcode];
    }

    private static Row[] insert(Row[] rows, Row row) {
        int at = rows.length;
        while (at > 0 && demands(rows[at - 1]) < demands(row)) {
            at--;
        }
        Row[] longer = Arrays.copyOf(rows, rows.length + 1);
        System.arraycopy(rows, at, longer, at + 1, rows.length - at);
        longer[at] = row;
        return longer;
    }

    /** A whole ModRM byte, a mandatory prefix, an extension, a whole opcode: each outweighs what follows. */
    private static int demands(Row row) {
        Row.Encoding encoding = row.encoding();
        return (encoding.modRm() >= 0 ? 8 : 0)
                + (encoding.prefix() > 1 ? 4 : 0)
                + (encoding.extension() >= 0 ? 2 : 0)
                + (encoding.inOpcode() ? 0 : 1);
    }
}

package dev.vtxray.core.semantics;

import dev.vtxray.core.isa.OpcodeMaps;
import dev.vtxray.core.isa.Row;
import dev.vtxray.core.isa.Rows;
import java.util.List;

/** The instruction set of the base architecture: the rows of all groups. */
public final class BaseInstructions {
    private static final List<Row> ROWS = allRows();
    private static final OpcodeMaps MAPS = OpcodeMaps.of(ROWS);

    private BaseInstructions() {}

    /** All rows, group by group. */
    public static List<Row> rows() {
        return ROWS;
    }

    /** All rows by opcode. */
    public static OpcodeMaps maps() {
        return MAPS;
    }

    private static List<Row> allRows() {
        Rows rows = new Rows();
        Alu.rows(rows);
        Moves.rows(rows);
        Stack.rows(rows);
        Branches.rows(rows);
        ShiftRotate.rows(rows);
        MultiplyDivide.rows(rows);
        BitOperations.rows(rows);
        Atomics.rows(rows);
        Strings.rows(rows);
        Decimal.rows(rows);
        FlagOperations.rows(rows);
        Hints.rows(rows);
        FarTransfers.rows(rows);
        FarReturns.rows(rows);
        FastCalls.rows(rows);
        Interrupts.rows(rows);
        SegmentMoves.rows(rows);
        DescriptorTables.rows(rows);
        ControlRegisters.rows(rows);
        MsrAndTime.rows(rows);
        PortIo.rows(rows);
        CacheAndTlb.rows(rows);
        return rows.toList();
    }
}

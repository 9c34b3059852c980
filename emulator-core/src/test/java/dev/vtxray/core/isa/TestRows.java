package dev.vtxray.core.isa;

import java.util.List;

/** Enough rows, without semantics, to test how instructions are read and written. */
final class TestRows {
    static final List<Row> ROWS = rows();

    private TestRows() {}

    private static List<Row> rows() {
        Rows rows = new Rows();
        // @formatter:off
        add(rows.row("ADD",    "00",       "Eb,Gb").lock());
        add(rows.row("ADD",    "01",       "Ev,Gv").lock());
        add(rows.row("ADD",    "02",       "Gb,Eb"));
        add(rows.row("ADD",    "03",       "Gv,Ev"));
        add(rows.row("ADD",    "05",       "rAX,Iz"));
        add(rows.row("ADD",    "81 /0",    "Ev,Iz").lock());
        add(rows.row("ADD",    "83 /0",    "Ev,Ib").lock());
        add(rows.row("INC",    "40+r",     "Zv").i64());
        add(rows.row("DEC",    "48+r",     "Zv").i64());
        add(rows.row("INC",    "FF /0",    "Ev").lock());
        add(rows.row("MOV",    "88",       "Eb,Gb"));
        add(rows.row("MOV",    "89",       "Ev,Gv"));
        add(rows.row("MOV",    "8A",       "Gb,Eb"));
        add(rows.row("MOV",    "8B",       "Gv,Ev"));
        add(rows.row("MOV",    "8C",       "Ev,Sw"));
        add(rows.row("MOV",    "8E",       "Sw,Ew"));
        add(rows.row("MOV",    "A0",       "AL,Ob"));
        add(rows.row("MOV",    "A1",       "rAX,Ov"));
        add(rows.row("MOV",    "A2",       "Ob,AL"));
        add(rows.row("MOV",    "A3",       "Ov,rAX"));
        add(rows.row("MOV",    "B8+r",     "Zv,Iv"));
        add(rows.row("MOV",    "C7 /0",    "Ev,Iz"));
        add(rows.row("MOV",    "0F 20",    "Ry,Cy"));
        add(rows.row("MOV",    "0F 22",    "Cy,Ry"));
        add(rows.row("MOV",    "0F 23",    "Dy,Ry"));
        add(rows.row("XCHG",   "87",       "Ev,Gv").lock());
        add(rows.row("XCHG",   "90+r",     "Zv,rAX"));
        add(rows.row("NOP",    "90",       ""));
        add(rows.row("PAUSE",  "F3 90",    ""));
        add(rows.row("CBW",    "98",       ""));
        add(rows.row("CWD",    "99",       ""));
        add(rows.row("PUSH",   "68",       "Iz").d64());
        add(rows.row("PUSH",   "6A",       "Ib").d64());
        add(rows.row("PUSH",   "0F A0",    "FS").d64());
        add(rows.row("ENTER",  "C8",       "Iw,Ib").d64());
        add(rows.row("RET",    "C2",       "Iw").f64());
        add(rows.row("IRET",   "CF",       ""));
        add(rows.row("MOVS",   "A4",       "Yb,Xb"));
        add(rows.row("MOVS",   "A5",       "Yv,Xv"));
        add(rows.row("STOS",   "AB",       "Yv,rAX"));
        add(rows.row("SCAS",   "AE",       "AL,Yb"));
        add(rows.row("JZ",     "74",       "Jb").f64());
        add(rows.row("JZ",     "0F 84",    "Jz").f64());
        add(rows.row("JNZ",    "75",       "Jb").f64());
        add(rows.row("JNZ",    "0F 85",    "Jz").f64());
        add(rows.row("LOOP",   "E2",       "Jb").f64());
        add(rows.row("JRCXZ",  "E3",       "Jb").f64());
        add(rows.row("CALL",   "E8",       "Jz").f64());
        add(rows.row("JMP",    "E9",       "Jz").f64());
        add(rows.row("JMP",    "EB",       "Jb").f64());
        add(rows.row("JMP",    "EA",       "Ap").i64());
        add(rows.row("JMP",    "FF /4",    "Ev").f64());
        add(rows.row("JMP",    "FF /5",    "Mp"));
        add(rows.row("POPCNT", "F3 0F B8", "Gv,Ev").needs(CpuidFeature.POPCNT));
        // @formatter:on
        return rows.toList();
    }

    private static void add(Rows.Line line) {
        line.does((cpu, insn) -> {});
    }
}

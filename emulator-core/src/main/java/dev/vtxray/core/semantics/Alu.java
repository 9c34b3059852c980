package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Form;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;
import dev.vtxray.core.isa.Semantic;

/**
 * Integer addition, subtraction and logic.
 */
final class Alu {
    private Alu() {}

    static void rows(Rows rows) {
        // @formatter:off
        binary(rows, "ADD", 0, true,  Alu::add, AluForms.ADD);
        binary(rows, "OR",  1, true,  Alu::or, AluForms.OR);
        binary(rows, "ADC", 2, true,  Alu::adc, AluForms.ADC);
        binary(rows, "SBB", 3, true,  Alu::sbb, AluForms.SBB);
        binary(rows, "AND", 4, true,  Alu::and, AluForms.AND);
        binary(rows, "SUB", 5, true,  Alu::sub, AluForms.SUB);
        binary(rows, "XOR", 6, true,  Alu::xor, AluForms.XOR);
        binary(rows, "CMP", 7, false, Alu::cmp, AluForms.CMP);

        rows.row("TEST", "84",    "Eb,Gb" ).flags("OSZPC").undefined("A").forms(AluForms.TEST).does(Alu::test);
        rows.row("TEST", "85",    "Ev,Gv" ).flags("OSZPC").undefined("A").forms(AluForms.TEST).does(Alu::test);
        rows.row("TEST", "A8",    "AL,Ib" ).flags("OSZPC").undefined("A").forms(AluForms.TEST).does(Alu::test);
        rows.row("TEST", "A9",    "rAX,Iz").flags("OSZPC").undefined("A").forms(AluForms.TEST).does(Alu::test);
        rows.row("TEST", "F6 /0", "Eb,Ib" ).flags("OSZPC").undefined("A").forms(AluForms.TEST).does(Alu::test);
        rows.row("TEST", "F6 /1", "Eb,Ib" ).flags("OSZPC").undefined("A").forms(AluForms.TEST).does(Alu::test);
        rows.row("TEST", "F7 /0", "Ev,Iz" ).flags("OSZPC").undefined("A").forms(AluForms.TEST).does(Alu::test);
        rows.row("TEST", "F7 /1", "Ev,Iz" ).flags("OSZPC").undefined("A").forms(AluForms.TEST).does(Alu::test);

        rows.row("INC",  "40+r",  "Zv"    ).i64().flags("OSZAP").forms(AluForms.INC).does(Alu::inc);
        rows.row("DEC",  "48+r",  "Zv"    ).i64().flags("OSZAP").forms(AluForms.DEC).does(Alu::dec);
        rows.row("INC",  "FE /0", "Eb"    ).lock().flags("OSZAP").forms(AluForms.INC).does(Alu::inc);
        rows.row("DEC",  "FE /1", "Eb"    ).lock().flags("OSZAP").forms(AluForms.DEC).does(Alu::dec);
        rows.row("INC",  "FF /0", "Ev"    ).lock().flags("OSZAP").forms(AluForms.INC).does(Alu::inc);
        rows.row("DEC",  "FF /1", "Ev"    ).lock().flags("OSZAP").forms(AluForms.DEC).does(Alu::dec);
        rows.row("NOT",  "F6 /2", "Eb"    ).lock().forms(AluForms.NOT).does(Alu::not);
        rows.row("NOT",  "F7 /2", "Ev"    ).lock().forms(AluForms.NOT).does(Alu::not);
        rows.row("NEG",  "F6 /3", "Eb"    ).lock().flags("OSZAPC").forms(AluForms.NEG).does(Alu::neg);
        rows.row("NEG",  "F7 /3", "Ev"    ).lock().flags("OSZAPC").forms(AluForms.NEG).does(Alu::neg);
        // @formatter:on
    }

    /** The nine encodings that the eight two-operand instructions share; {@code number} is their opcode extension. */
    private static void binary(
            Rows rows, String mnemonic, int number, boolean writes, Semantic semantic, Form... quicker) {
        String[][] forms = {
            {"%02X", "Eb,Gb", "0"},
            {"%02X", "Ev,Gv", "1"},
            {"%02X", "Gb,Eb", "2"},
            {"%02X", "Gv,Ev", "3"},
            {"%02X", "AL,Ib", "4"},
            {"%02X", "rAX,Iz", "5"},
            {"80 /%d", "Eb,Ib", ""},
            {"81 /%d", "Ev,Iz", ""},
            {"83 /%d", "Ev,Ib", ""},
            {"82 /%d", "Eb,Ib", ""},
        };
        boolean logic = mnemonic.equals("OR") || mnemonic.equals("AND") || mnemonic.equals("XOR");
        for (String[] form : forms) {
            boolean direct = !form[2].isEmpty();
            int opcode = direct ? number * 8 + Integer.parseInt(form[2]) : number;
            Rows.Line line =
                    rows.row(mnemonic, form[0].formatted(opcode), form[1]).flags(logic ? "OSZPC" : "OSZAPC");
            if (logic) {
                line.undefined("A");
            }
            if (writes && form[1].startsWith("E")) {
                line.lock();
            }
            if (form[0].startsWith("82")) {
                line.i64();
            }
            line.forms(quicker).does(semantic);
        }
    }

    static void add(Cpu c, Insn i) {
        long a = i.loadDstForUpdate(c);
        long b = i.loadSrc(c);
        i.storeDst(c, a + b);
        c.flags.setSum(i.align, a, b, 0);
    }

    static void adc(Cpu c, Insn i) {
        long a = i.loadDstForUpdate(c);
        long b = i.loadSrc(c);
        long carry = c.flags.carry();
        i.storeDst(c, a + b + carry);
        c.flags.setSum(i.align, a, b, carry);
    }

    static void sub(Cpu c, Insn i) {
        long a = i.loadDstForUpdate(c);
        long b = i.loadSrc(c);
        i.storeDst(c, a - b);
        c.flags.setDifference(i.align, a, b, 0);
    }

    static void sbb(Cpu c, Insn i) {
        long a = i.loadDstForUpdate(c);
        long b = i.loadSrc(c);
        long borrow = c.flags.carry();
        i.storeDst(c, a - b - borrow);
        c.flags.setDifference(i.align, a, b, borrow);
    }

    static void cmp(Cpu c, Insn i) {
        c.flags.setDifference(i.align, i.loadDst(c), i.loadSrc(c), 0);
    }

    static void and(Cpu c, Insn i) {
        long value = i.loadDstForUpdate(c) & i.loadSrc(c);
        i.storeDst(c, value);
        c.flags.setLogic(i.align, value);
    }

    static void or(Cpu c, Insn i) {
        long value = i.loadDstForUpdate(c) | i.loadSrc(c);
        i.storeDst(c, value);
        c.flags.setLogic(i.align, value);
    }

    static void xor(Cpu c, Insn i) {
        long value = i.loadDstForUpdate(c) ^ i.loadSrc(c);
        i.storeDst(c, value);
        c.flags.setLogic(i.align, value);
    }

    static void test(Cpu c, Insn i) {
        c.flags.setLogic(i.align, i.loadDst(c) & i.loadSrc(c));
    }

    static void inc(Cpu c, Insn i) {
        long value = i.loadDstForUpdate(c);
        boolean carry = c.flags.cf();
        i.storeDst(c, value + 1);
        c.flags.setSum(i.align, value, 1, 0);
        c.flags.setCarry(carry);
    }

    static void dec(Cpu c, Insn i) {
        long value = i.loadDstForUpdate(c);
        boolean carry = c.flags.cf();
        i.storeDst(c, value - 1);
        c.flags.setDifference(i.align, value, 1, 0);
        c.flags.setCarry(carry);
    }

    static void not(Cpu c, Insn i) {
        i.storeDst(c, ~i.loadDstForUpdate(c));
    }

    static void neg(Cpu c, Insn i) {
        long value = i.loadDstForUpdate(c);
        i.storeDst(c, -value);
        c.flags.setDifference(i.align, 0, value, 0);
    }
}

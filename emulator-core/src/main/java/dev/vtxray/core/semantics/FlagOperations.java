package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;

/** Carry and direction flag (SDM, Instruction Set Reference, "CLC", "CMC", "STC", "CLD", "STD"). */
final class FlagOperations {
    private FlagOperations() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("CMC", "F5", "").flags("C").does(FlagOperations::cmc);
        rows.row("CLC", "F8", "").flags("C").does(FlagOperations::clc);
        rows.row("STC", "F9", "").flags("C").does(FlagOperations::stc);
        rows.row("CLD", "FC", "").flags("D").does(FlagOperations::cld);
        rows.row("STD", "FD", "").flags("D").does(FlagOperations::std);
        // @formatter:on
    }

    static void cmc(Cpu c, Insn i) {
        c.flags.setCarry(!c.flags.cf());
    }

    static void clc(Cpu c, Insn i) {
        c.flags.setCarry(false);
    }

    static void stc(Cpu c, Insn i) {
        c.flags.setCarry(true);
    }

    static void cld(Cpu c, Insn i) {
        c.flags.system &= ~Flags.DF;
    }

    static void std(Cpu c, Insn i) {
        c.flags.system |= Flags.DF;
    }
}

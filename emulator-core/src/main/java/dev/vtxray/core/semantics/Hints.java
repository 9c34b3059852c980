package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.isa.CpuidFeature;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;
import java.util.Locale;

/** Instructions that change nothing: no-operations, prefetches, fences; and those that are undefined by definition. */
final class Hints {
    private Hints() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("NOP",         "90",          "")                                   .does(Hints::nop);
        rows.row("NOP",         "0F 1F",       "Ev")                                 .does(Hints::nop);
        rows.row("ENDBR64",     "F3 0F 1E FA", "")                                   .does(Hints::nop);
        rows.row("ENDBR32",     "F3 0F 1E FB", "")                                   .does(Hints::nop);
        rows.row("PREFETCHNTA", "0F 18 /0",    "Mb")                                 .does(Hints::nop);
        rows.row("PREFETCHT0",  "0F 18 /1",    "Mb")                                 .does(Hints::nop);
        rows.row("PREFETCHT1",  "0F 18 /2",    "Mb")                                 .does(Hints::nop);
        rows.row("PREFETCHT2",  "0F 18 /3",    "Mb")                                 .does(Hints::nop);
        rows.row("PREFETCHW",   "0F 0D /1",    "Mb")                                 .does(Hints::nop);
        // Reserved for hints to come; no-operations until then (SDM, Opcode Map, two-byte table).
        rows.row("NOP",         "0F 0D",       "Ev")                                 .does(Hints::nop);
        rows.row("NOP",         "0F 18",       "Ev")                                 .does(Hints::nop);
        rows.row("NOP",         "0F 19",       "Ev")                                 .does(Hints::nop);
        rows.row("NOP",         "0F 1A",       "Ev")                                 .does(Hints::nop);
        rows.row("NOP",         "0F 1B",       "Ev")                                 .does(Hints::nop);
        rows.row("NOP",         "0F 1C",       "Ev")                                 .does(Hints::nop);
        rows.row("NOP",         "0F 1D",       "Ev")                                 .does(Hints::nop);
        rows.row("NOP",         "0F 1E",       "Ev")                                 .does(Hints::nop);
        fence(rows, "LFENCE",   0xE8);
        fence(rows, "MFENCE",   0xF0);
        fence(rows, "SFENCE",   0xF8);
        rows.row("CLFLUSH",     "NP 0F AE /7", "Mb")   .needs(CpuidFeature.CLFSH)    .does(Hints::clflush);
        rows.row("UD2",         "0F 0B",       "")     .ends()                       .does(Hints::undefined);
        rows.row("UD1",         "0F B9",       "Gd,Ed").ends()                       .does(Hints::undefined);
        rows.row("UD0",         "0F FF",       "Gd,Ed").ends()                       .does(Hints::undefined);
        // @formatter:on
    }

    /** The r/m field of a fence is ignored: eight ModRM bytes mean the same. */
    private static void fence(Rows rows, String mnemonic, int modRm) {
        for (int rm = 0; rm < 8; rm++) {
            String opcode = "NP 0F AE " + Integer.toHexString(modRm | rm).toUpperCase(Locale.ROOT);
            rows.row(mnemonic, opcode, "").needs(CpuidFeature.SSE2).does(Hints::nop);
        }
    }

    static void nop(Cpu c, Insn i) {}

    /** Subject to the checks of a load. */
    static void clflush(Cpu c, Insn i) {
        c.mmu.probeLoad(c.linear(i.seg, i.offset(c), 1, false), 1);
    }

    static void undefined(Cpu c, Insn i) {
        throw GuestFault.undefinedOpcode();
    }
}

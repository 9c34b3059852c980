package dev.vtxray.testkit.pc;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Disassembler;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.port.Probe;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A probe that remembers the instructions which its CPU retired last. */
public final class LastInstructions implements Probe {
    private final long[] addresses;
    private final @Nullable Insn[] insns;
    private long count;

    /** Remembers this many instructions, at least 1. */
    public LastInstructions(int capacity) {
        addresses = new long[capacity];
        insns = new Insn[capacity];
    }

    @Override
    public void retired(Cpu cpu, long rip, Insn insn) {
        int at = (int) (count++ % addresses.length);
        addresses[at] = rip;
        insns[at] = insn;
    }

    /** One line for each: RIP and the instruction in Intel syntax, the oldest first. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (long i = Math.max(0, count - addresses.length); i < count; i++) {
            int at = (int) (i % addresses.length);
            Insn insn = insns[at];
            if (insn != null) {
                lines.add(line(addresses[at], insn));
            }
        }
        return lines;
    }

    static String line(long rip, Insn insn) {
        return String.format(Locale.ROOT, "%16X  %s", rip, Disassembler.text(insn, rip));
    }
}

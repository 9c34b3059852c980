package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Form;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Shape;

/** Quicker forms of {@link Stack} for 64-bit registers. */
final class StackForms {
    static final Form PUSH = new Form(Shape.REGISTER_64) {
        @Override
        public void execute(Cpu c, Insn i) {
            c.push(c.r[i.dst], 8);
        }
    };

    static final Form POP = new Form(Shape.REGISTER_64) {
        @Override
        public void execute(Cpu c, Insn i) {
            long value = c.loadStack(0, 8);
            c.r[Cpu.RSP] += 8;
            c.r[i.dst] = value;
        }
    };

    private StackForms() {}
}

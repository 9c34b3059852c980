package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Form;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Shape;

/** Quicker forms of {@link Branches} for 64-bit code. */
final class BranchForms {
    static final Form JMP = new Form(Shape.CODE_64) {
        @Override
        public void execute(Cpu c, Insn i) {
            branch(c, i, true);
        }
    };

    static final Form CALL = new Form(Shape.CODE_64) {
        @Override
        public void execute(Cpu c, Insn i) {
            long next = c.r[Insn.BLOCK] + i.end;
            long target = next + i.imm;
            Branches.checkTarget(c, target);
            c.push(next, 8);
            c.rip = target;
        }
    };

    static final Form RET = new Form(Shape.CODE_64) {
        @Override
        public void execute(Cpu c, Insn i) {
            long target = c.loadStack(0, 8);
            Branches.checkTarget(c, target);
            c.r[Cpu.RSP] += 8 + (i.imm & 0xFFFF);
            c.rip = target;
        }
    };

    /** Jcc in the order of the encoding. */
    static final Form[] JCC = {
        // @formatter:off
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, c.flags.of()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, !c.flags.of()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, c.flags.cf()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, !c.flags.cf()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, c.flags.zf()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, !c.flags.zf()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, c.flags.cf() || c.flags.zf()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, !c.flags.cf() && !c.flags.zf()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, c.flags.sf()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, !c.flags.sf()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, c.flags.pf()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, !c.flags.pf()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, c.flags.sf() != c.flags.of()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, c.flags.sf() == c.flags.of()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, c.flags.zf() || c.flags.sf() != c.flags.of()); } },
        new Form(Shape.CODE_64) { @Override public void execute(Cpu c, Insn i) { branch(c, i, !c.flags.zf() && c.flags.sf() == c.flags.of()); } },
        // @formatter:on
    };

    private static void branch(Cpu c, Insn i, boolean holds) {
        long next = c.r[Insn.BLOCK] + i.end;
        c.rip = holds ? next + i.imm : next;
    }

    private BranchForms() {}
}

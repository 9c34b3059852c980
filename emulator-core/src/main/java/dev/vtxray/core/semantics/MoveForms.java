package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Form;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Shape;

/** Quicker forms of {@link Moves} for wide registers and flat memory. */
final class MoveForms {
    static final Form[] MOV = {
        new Form(Shape.REGISTERS) {
            @Override
            public void execute(Cpu c, Insn i) {
                c.r[i.dst] = c.r[i.src] + i.srcAdd & i.dstMask;
            }
        },
        new Form(Shape.FROM_MEMORY_64) {
            @Override
            public void execute(Cpu c, Insn i) {
                c.r[i.dst] = c.mmu.load64(i.flatAddress(c));
            }
        },
        new Form(Shape.FROM_MEMORY_32) {
            @Override
            public void execute(Cpu c, Insn i) {
                c.r[i.dst] = c.mmu.load32(i.flatAddress(c));
            }
        },
        new Form(Shape.TO_MEMORY_64) {
            @Override
            public void execute(Cpu c, Insn i) {
                c.mmu.store(i.flatAddress(c), 8, c.r[i.src] + i.srcAdd);
            }
        },
        new Form(Shape.TO_MEMORY_32) {
            @Override
            public void execute(Cpu c, Insn i) {
                c.mmu.store(i.flatAddress(c), 4, c.r[i.src] + i.srcAdd);
            }
        },
        new Form(Shape.TO_MEMORY) {
            @Override
            public void execute(Cpu c, Insn i) {
                c.mmu.store(i.flatAddress(c), i.dstSize, (c.r[i.src] >>> i.srcShift) + i.srcAdd);
            }
        },
    };

    static final Form LEA = new Form(Shape.ADDRESS) {
        @Override
        public void execute(Cpu c, Insn i) {
            c.r[i.dst] = i.flatAddress(c) & i.dstMask;
        }
    };

    static final Form[] MOVZX = {
        new Form(Shape.FROM_NARROW_REGISTER) {
            @Override
            public void execute(Cpu c, Insn i) {
                c.r[i.dst] = i.srcRegister(c);
            }
        },
        new Form(Shape.FROM_MEMORY) {
            @Override
            public void execute(Cpu c, Insn i) {
                c.r[i.dst] = c.mmu.load(i.flatAddress(c), i.srcSize);
            }
        },
    };

    static final Form[] MOVSX = {
        new Form(Shape.FROM_NARROW_REGISTER) {
            @Override
            public void execute(Cpu c, Insn i) {
                int shift = 64 - 8 * i.srcSize;
                c.r[i.dst] = c.r[i.src] >>> i.srcShift << shift >> shift & i.dstMask;
            }
        },
        new Form(Shape.FROM_MEMORY) {
            @Override
            public void execute(Cpu c, Insn i) {
                int shift = 64 - 8 * i.srcSize;
                c.r[i.dst] = c.mmu.load(i.flatAddress(c), i.srcSize) << shift >> shift & i.dstMask;
            }
        },
    };

    /** CMOVcc in the order of the encoding. */
    static final Form[] CMOV = {
        // @formatter:off
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, c.flags.of()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, !c.flags.of()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, c.flags.cf()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, !c.flags.cf()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, c.flags.zf()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, !c.flags.zf()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, c.flags.cf() || c.flags.zf()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, !c.flags.cf() && !c.flags.zf()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, c.flags.sf()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, !c.flags.sf()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, c.flags.pf()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, !c.flags.pf()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, c.flags.sf() != c.flags.of()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, c.flags.sf() == c.flags.of()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, c.flags.zf() || c.flags.sf() != c.flags.of()); } },
        new Form(Shape.REGISTERS) { @Override public void execute(Cpu c, Insn i) { moveIf(c, i, !c.flags.zf() && c.flags.sf() == c.flags.of()); } },
        // @formatter:on
    };

    /** The upper half of a 32-bit destination is cleared whether the condition holds or not. */
    private static void moveIf(Cpu c, Insn i, boolean holds) {
        c.r[i.dst] = c.r[holds ? i.src : i.dst] & i.dstMask;
    }

    private MoveForms() {}
}

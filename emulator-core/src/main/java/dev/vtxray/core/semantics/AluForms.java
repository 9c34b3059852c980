package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Form;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Shape;

/** Quicker forms of {@link Alu} for wide registers. */
final class AluForms {
    static final Form[] ADD = {
        new Form(Shape.REGISTERS) {
            @Override
            public void execute(Cpu c, Insn i) {
                long a = c.r[i.dst];
                long b = c.r[i.src] + i.srcAdd;
                c.r[i.dst] = a + b & i.dstMask;
                c.flags.setSum(i.align, a, b, 0);
            }
        },
        new Form(Shape.FROM_MEMORY) {
            @Override
            public void execute(Cpu c, Insn i) {
                long a = c.r[i.dst];
                long b = c.mmu.load(i.flatAddress(c), i.srcSize);
                c.r[i.dst] = a + b & i.dstMask;
                c.flags.setSum(i.align, a, b, 0);
            }
        },
    };

    static final Form[] OR = {
        new Form(Shape.REGISTERS) {
            @Override
            public void execute(Cpu c, Insn i) {
                long value = c.r[i.dst] | (c.r[i.src] + i.srcAdd);
                c.r[i.dst] = value & i.dstMask;
                c.flags.setLogic(i.align, value);
            }
        },
        new Form(Shape.FROM_MEMORY) {
            @Override
            public void execute(Cpu c, Insn i) {
                long value = c.r[i.dst] | c.mmu.load(i.flatAddress(c), i.srcSize);
                c.r[i.dst] = value & i.dstMask;
                c.flags.setLogic(i.align, value);
            }
        },
    };

    static final Form ADC = new Form(Shape.REGISTERS) {
        @Override
        public void execute(Cpu c, Insn i) {
            long a = c.r[i.dst];
            long b = c.r[i.src] + i.srcAdd;
            long carry = c.flags.carry();
            c.r[i.dst] = a + b + carry & i.dstMask;
            c.flags.setSum(i.align, a, b, carry);
        }
    };

    static final Form SBB = new Form(Shape.REGISTERS) {
        @Override
        public void execute(Cpu c, Insn i) {
            long a = c.r[i.dst];
            long b = c.r[i.src] + i.srcAdd;
            long carry = c.flags.carry();
            c.r[i.dst] = a - b - carry & i.dstMask;
            c.flags.setDifference(i.align, a, b, carry);
        }
    };

    static final Form[] AND = {
        new Form(Shape.REGISTERS) {
            @Override
            public void execute(Cpu c, Insn i) {
                long value = c.r[i.dst] & (c.r[i.src] + i.srcAdd);
                c.r[i.dst] = value & i.dstMask;
                c.flags.setLogic(i.align, value);
            }
        },
        new Form(Shape.FROM_MEMORY) {
            @Override
            public void execute(Cpu c, Insn i) {
                long value = c.r[i.dst] & c.mmu.load(i.flatAddress(c), i.srcSize);
                c.r[i.dst] = value & i.dstMask;
                c.flags.setLogic(i.align, value);
            }
        },
    };

    static final Form[] SUB = {
        new Form(Shape.REGISTERS) {
            @Override
            public void execute(Cpu c, Insn i) {
                long a = c.r[i.dst];
                long b = c.r[i.src] + i.srcAdd;
                c.r[i.dst] = a - b & i.dstMask;
                c.flags.setDifference(i.align, a, b, 0);
            }
        },
        new Form(Shape.FROM_MEMORY) {
            @Override
            public void execute(Cpu c, Insn i) {
                long a = c.r[i.dst];
                long b = c.mmu.load(i.flatAddress(c), i.srcSize);
                c.r[i.dst] = a - b & i.dstMask;
                c.flags.setDifference(i.align, a, b, 0);
            }
        },
    };

    static final Form[] XOR = {
        new Form(Shape.REGISTERS) {
            @Override
            public void execute(Cpu c, Insn i) {
                long value = c.r[i.dst] ^ (c.r[i.src] + i.srcAdd);
                c.r[i.dst] = value & i.dstMask;
                c.flags.setLogic(i.align, value);
            }
        },
        new Form(Shape.FROM_MEMORY) {
            @Override
            public void execute(Cpu c, Insn i) {
                long value = c.r[i.dst] ^ c.mmu.load(i.flatAddress(c), i.srcSize);
                c.r[i.dst] = value & i.dstMask;
                c.flags.setLogic(i.align, value);
            }
        },
    };

    static final Form[] CMP = {
        new Form(Shape.ANY_REGISTERS) {
            @Override
            public void execute(Cpu c, Insn i) {
                long b = (c.r[i.src] >>> i.srcShift) + i.srcAdd;
                c.flags.setDifference(i.align, c.r[i.dst] >>> i.dstShift, b, 0);
            }
        },
        new Form(Shape.FROM_MEMORY) {
            @Override
            public void execute(Cpu c, Insn i) {
                c.flags.setDifference(i.align, c.r[i.dst], c.mmu.load(i.flatAddress(c), i.srcSize), 0);
            }
        },
        new Form(Shape.TO_MEMORY) {
            @Override
            public void execute(Cpu c, Insn i) {
                long b = (c.r[i.src] >>> i.srcShift) + i.srcAdd;
                c.flags.setDifference(i.align, c.mmu.load(i.flatAddress(c), i.dstSize), b, 0);
            }
        },
    };

    static final Form TEST = new Form(Shape.ANY_REGISTERS) {
        @Override
        public void execute(Cpu c, Insn i) {
            long b = (c.r[i.src] >>> i.srcShift) + i.srcAdd;
            c.flags.setLogic(i.align, c.r[i.dst] >>> i.dstShift & b);
        }
    };

    static final Form INC = new Form(Shape.WIDE_REGISTER) {
        @Override
        public void execute(Cpu c, Insn i) {
            long value = c.r[i.dst];
            boolean carry = c.flags.cf();
            c.r[i.dst] = value + 1 & i.dstMask;
            c.flags.setSum(i.align, value, 1, 0);
            c.flags.setCarry(carry);
        }
    };

    static final Form DEC = new Form(Shape.WIDE_REGISTER) {
        @Override
        public void execute(Cpu c, Insn i) {
            long value = c.r[i.dst];
            boolean carry = c.flags.cf();
            c.r[i.dst] = value - 1 & i.dstMask;
            c.flags.setDifference(i.align, value, 1, 0);
            c.flags.setCarry(carry);
        }
    };

    static final Form NOT = new Form(Shape.WIDE_REGISTER) {
        @Override
        public void execute(Cpu c, Insn i) {
            c.r[i.dst] = ~c.r[i.dst] & i.dstMask;
        }
    };

    static final Form NEG = new Form(Shape.WIDE_REGISTER) {
        @Override
        public void execute(Cpu c, Insn i) {
            long value = c.r[i.dst];
            c.r[i.dst] = -value & i.dstMask;
            c.flags.setDifference(i.align, 0, value, 0);
        }
    };

    private AluForms() {}
}

package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Form;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Shape;

/** Quicker forms of {@link ShiftRotate} for wide registers. */
final class ShiftForms {
    static final Form SHL = new Form(Shape.REGISTER_BY_COUNT) {
        @Override
        public void execute(Cpu c, Insn i) {
            int count = ShiftRotate.count(i, c.r[i.src] + i.srcAdd);
            long value = c.r[i.dst] & i.dstMask;
            c.r[i.dst] = value << count & i.dstMask;
            ShiftRotate.setShlFlags(c.flags, i, value, count);
        }
    };

    static final Form SHR = new Form(Shape.REGISTER_BY_COUNT) {
        @Override
        public void execute(Cpu c, Insn i) {
            int count = ShiftRotate.count(i, c.r[i.src] + i.srcAdd);
            long value = c.r[i.dst] & i.dstMask;
            c.r[i.dst] = value >>> count;
            ShiftRotate.setShrFlags(c.flags, i, value, count);
        }
    };

    static final Form SAR = new Form(Shape.REGISTER_BY_COUNT) {
        @Override
        public void execute(Cpu c, Insn i) {
            int count = ShiftRotate.count(i, c.r[i.src] + i.srcAdd);
            long value = c.r[i.dst] << i.align >> i.align;
            c.r[i.dst] = value >> count & i.dstMask;
            ShiftRotate.setSarFlags(c.flags, i, value, count);
        }
    };

    static final Form ROL = new Form(Shape.REGISTER_BY_COUNT) {
        @Override
        public void execute(Cpu c, Insn i) {
            int count = ShiftRotate.count(i, c.r[i.src] + i.srcAdd);
            long result = ShiftRotate.rotateLeft(i, c.r[i.dst] & i.dstMask, count);
            c.r[i.dst] = result & i.dstMask;
            ShiftRotate.setRolFlags(c.flags, i, result, count);
        }
    };

    static final Form ROR = new Form(Shape.REGISTER_BY_COUNT) {
        @Override
        public void execute(Cpu c, Insn i) {
            int count = ShiftRotate.count(i, c.r[i.src] + i.srcAdd);
            long result = ShiftRotate.rotateLeft(i, c.r[i.dst] & i.dstMask, -count);
            c.r[i.dst] = result & i.dstMask;
            ShiftRotate.setRorFlags(c.flags, i, result, count);
        }
    };

    private ShiftForms() {}
}

package dev.vtxray.core.isa;

import dev.vtxray.core.cpu.Cpu;

/**
 * A quicker way to do what a row's {@link Semantic} does, for operands of one {@link Shape}. It is chosen when the
 * instruction is decoded. The row's semantic stays the definition: a form does the same, down to the last flag.
 *
 * <p>A class and not an interface because the engine's dispatch is the hottest call of all, and a call through a class's
 * method table costs less than one through an interface.
 */
public abstract class Form {
    /** Does what the row's semantic does, for all operands that no form of the row fits. */
    static final Form DEFINITION = new Form(Shape.ANY) {
        @Override
        public void execute(Cpu cpu, Insn insn) {
            insn.semantic.execute(cpu, insn);
        }
    };

    private final Shape shape;

    protected Form(Shape shape) {
        this.shape = shape;
    }

    /** Operands for which this form stands. */
    public final Shape shape() {
        return shape;
    }

    /** Does what the row's {@link Semantic#execute} does, for an instruction of this shape. */
    public abstract void execute(Cpu cpu, Insn insn);
}

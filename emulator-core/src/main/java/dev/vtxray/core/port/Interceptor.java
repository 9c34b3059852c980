package dev.vtxray.core.port;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Insn;

/**
 * Decides whether a sensitive operation is taken over. An instruction asks at the one place in its body that the manual
 * gives the question: after the faults that come before it, before those that come after it and before any effect.
 */
@FunctionalInterface
public interface Interceptor {
    /**
     * Takes the operation over, or lets it happen.
     *
     * @param operand what the decision and its report need besides the instruction: the value or port of the operation,
     *                see the caller
     * @return true if the operation was taken: the CPU state is already that of whoever took it, and the instruction
     *         must return at once without an effect of its own
     */
    boolean taken(Cpu cpu, SensitiveOp op, Insn insn, long operand);

    /** Whether the running software finds this instruction undefined, although the processor has it. */
    default boolean isUndefined(SensitiveOp op) {
        return false;
    }
}

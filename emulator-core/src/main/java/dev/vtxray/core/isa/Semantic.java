package dev.vtxray.core.isa;

import dev.vtxray.core.cpu.Cpu;

/** What an instruction does: one readable method per row. */
@FunctionalInterface
public interface Semantic {
    /**
     * Executes the instruction.
     *
     * <p>Registers and flags are written only after the last access that can fault. An instruction that does not end a
     * block leaves RIP alone; one that does sets RIP itself ({@link Cpu#advance} if it just goes on).
     *
     * @throws dev.vtxray.core.cpu.GuestFault if the instruction faults; then nothing has changed
     */
    void execute(Cpu cpu, Insn insn);
}

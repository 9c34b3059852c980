package dev.vtxray.core.isa;

/** An operand of an instruction, as {@link Assembler#emit} takes it and as a row's operand kinds describe it. */
public sealed interface Operand permits Reg, Imm, Mem, LabelRef, FarPointer {}

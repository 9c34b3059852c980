/**
 * Instructions as data: the rows of the instruction table, and the decoder, assembler and disassembler that all come
 * from them. What an instruction does is in {@code dev.vtxray.core.semantics}.
 */
package dev.vtxray.core.isa;

package dev.vtxray.core.semantics;

import dev.vtxray.core.isa.Row;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * One instruction and the state it meets, for the emulated and the real processor alike.
 *
 * @param row       row that the instruction was made from
 * @param mode      8 for 64-bit code, 4 for 32-bit code
 * @param code      16 bytes: the instruction, then breakpoints
 * @param length    bytes of the instruction
 * @param registers the 16 general registers
 * @param flags     RFLAGS
 * @param memory    256 bytes at {@link #WINDOW}
 */
record NativeCase(Row row, int mode, byte[] code, int length, long[] registers, int flags, byte[] memory) {
    /** Where the instruction stands. */
    static final long START = 0x1000_0800L;
    /** First of two pages of data. */
    static final long DATA = 0x2000_0000L;
    /** The bytes that a case sees: half of them in the first page, half in the second. */
    static final long WINDOW = DATA + 0xF80;

    static final int MEMORY_SIZE = 256;
    static final int INPUT_SIZE = 8 + 16 + 16 * 8 + 8 + MEMORY_SIZE;
    static final int OUTPUT_SIZE = 8 + 8 + 16 * 8 + 8 + MEMORY_SIZE;
    /** The flags that user code can change and that the oracle reports: OF DF SF ZF AF PF CF. */
    static final int FLAGS = 0xCD5;
    /** {@link Outcome#vector} of an instruction that did not fault. */
    static final int EXECUTED = 3;

    /**
     * What became of it.
     *
     * @param vector {@link #EXECUTED}, or the vector of the fault
     * @param rip    relative to the instruction
     */
    record Outcome(int vector, long rip, long[] registers, int flags, byte[] memory) {
        static Outcome read(ByteBuffer in) {
            int vector = (int) in.getLong();
            long rip = in.getLong();
            long[] registers = new long[16];
            for (int i = 0; i < 16; i++) {
                registers[i] = in.getLong();
            }
            int flags = (int) in.getLong();
            byte[] memory = new byte[MEMORY_SIZE];
            in.get(memory);
            return new Outcome(vector, rip, registers, flags, memory);
        }

        /** The outcome as far as it is defined: in 32-bit code the lower halves of eight registers. */
        String show(int mode, int definedFlags) {
            StringBuilder text =
                    new StringBuilder("vector %d rip %+d flags %03X".formatted(vector, rip, flags & definedFlags));
            for (int i = 0; i < 2 * mode; i++) {
                text.append(i % 4 == 0 ? "\n  " : " ")
                        .append(mode == 8 ? "%016X".formatted(registers[i]) : "%08X".formatted((int) registers[i]));
            }
            return text.append("\n  ").append(HexFormat.of().formatHex(memory)).toString();
        }
    }

    void write(ByteBuffer out) {
        out.putLong(mode).put(code);
        for (long register : registers) {
            out.putLong(register);
        }
        out.putLong(flags).put(memory);
    }

    @Override
    public String toString() {
        return "%s in %d-bit code, %s%nbefore: %s"
                .formatted(
                        row,
                        8 * mode,
                        HexFormat.of().formatHex(code, 0, length),
                        new Outcome(EXECUTED, 0, registers, flags, memory).show(mode, FLAGS));
    }
}

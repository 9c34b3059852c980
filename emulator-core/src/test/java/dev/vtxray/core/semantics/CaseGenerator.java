package dev.vtxray.core.semantics;

import dev.vtxray.core.isa.OperandKind;
import dev.vtxray.core.isa.Row;
import dev.vtxray.core.isa.Row.OperandSize;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;

/**
 * Makes random instructions out of rows, and states in which they have something to do: addresses lie in the window of
 * memory (now and then outside all of it), branches stay in the page of the code.
 */
final class CaseGenerator {
    private static final int RAX = 0;
    private static final int RCX = 1;
    private static final int RDX = 2;
    private static final int RBX = 3;
    private static final int RSP = 4;
    private static final int RBP = 5;
    private static final int RSI = 6;
    private static final int RDI = 7;
    private static final Set<String> STRINGS = Set.of("MOVS", "CMPS", "STOS", "LODS", "SCAS");
    private static final Set<String> BIT_STRINGS = Set.of("BT", "BTS", "BTR", "BTC");
    private static final long UNMAPPED = 0x3000_0000L;
    private static final long NON_CANONICAL = 0x1234_0000_0000_0000L;

    private final Random random;

    // The case under construction.
    private Row row;
    private boolean is64Bit;
    private final ByteBuffer code = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
    private final long[] registers = new long[16];
    private final byte[] memory = new byte[NativeCase.MEMORY_SIZE];
    private int flags;
    private boolean narrow;
    private boolean narrowAddress;
    private int rex;
    private int ripRelativeAt;
    private long ripRelativeTarget;

    CaseGenerator(long seed, Row first) {
        random = new Random(seed);
        row = first;
    }

    NativeCase next(Row newRow, int mode) {
        row = newRow;
        is64Bit = mode == 8;
        code.clear();
        rex = 0;
        ripRelativeAt = -1;
        state();
        prefixes();
        opcode();
        if (row.usesModRm() && row.encoding().modRm() < 0) {
            modRm();
        }
        row.operands().forEach(this::immediate);
        if (ripRelativeAt >= 0) {
            code.putInt(ripRelativeAt, (int) (ripRelativeTarget - NativeCase.START - code.position()));
        }
        byte[] bytes = new byte[16];
        Arrays.fill(bytes, (byte) 0xCC);
        System.arraycopy(code.array(), 0, bytes, 0, code.position());
        return new NativeCase(row, mode, bytes, code.position(), registers.clone(), flags, memory.clone());
    }

    // state

    private void state() {
        for (int i = 0; i < 16; i++) {
            registers[i] = value();
        }
        random.nextBytes(memory);
        if (oneIn(2)) {
            for (int i = 0; i < memory.length; i++) {
                memory[i] &= 1; // strings that are alike for a while
            }
        }
        flags = random.nextInt() & NativeCase.FLAGS & (oneIn(3) ? -1 : ~0x400);
        registers[RSP] = inWindow();
        switch (row.mnemonic()) {
            case "MOVS", "CMPS", "STOS", "LODS", "SCAS" -> stringState();
            case "DIV", "IDIV" -> dividendState();
            case "CMPXCHG", "CMPXCHG8B" -> comparandState();
            case "ENTER", "LEAVE" -> registers[RBP] = inWindow();
            case "XLAT" -> {
                registers[RBX] = NativeCase.WINDOW;
                registers[RAX] &= ~0x80L;
            }
            case "RET" -> putMemory(registers[RSP], nearby());
            case "POPF" -> putMemory(registers[RSP], random.nextInt() & NativeCase.FLAGS | 0x202);
            default -> {}
        }
    }

    private void stringState() {
        registers[RSI] = NativeCase.WINDOW + 96 + random.nextInt(64);
        registers[RDI] = oneIn(2) ? registers[RSI] + random.nextInt(12) : NativeCase.WINDOW + 96 + random.nextInt(64);
        registers[RCX] = random.nextInt(12);
        if (oneIn(16)) {
            registers[oneIn(2) ? RSI : RDI] = UNMAPPED;
        }
    }

    /** Mostly quotients that fit. */
    private void dividendState() {
        switch (random.nextInt(4)) {
            case 0 -> registers[RDX] = 0;
            case 1 -> registers[RDX] = registers[RAX] >> 63;
            case 2 -> registers[RDX] = random.nextInt(8);
            default -> {}
        }
        if (oneIn(2)) {
            registers[RAX] &= ~0xFE00L;
        }
    }

    /** A comparison that succeeds half of the time: all memory alike, and the accumulator like it. */
    private void comparandState() {
        if (oneIn(2)) {
            Arrays.fill(memory, (byte) 0x5A);
            registers[RAX] = 0x5A5A_5A5A_5A5A_5A5AL;
            registers[RDX] = registers[RAX];
            registers[RSI] = registers[RAX];
        }
    }

    private long value() {
        long bits = random.nextLong();
        return switch (random.nextInt(8)) {
            case 0 -> random.nextInt(5) - 2;
            case 1 -> 1L << (bits & 63);
            case 2 -> (1L << (bits & 63)) - 1;
            case 3 -> bits & 0xFFFF;
            case 4 -> (int) bits;
            default -> bits;
        };
    }

    private long inWindow() {
        return NativeCase.WINDOW + 64 + random.nextInt(128);
    }

    /** An address in the page of the code, where nothing but breakpoints is. */
    private long nearby() {
        return NativeCase.START + displacement();
    }

    /** Off the instruction itself, wherever it is counted from. */
    private int displacement() {
        return oneIn(2) ? 16 + random.nextInt(100) : -16 - random.nextInt(100);
    }

    private void putMemory(long address, long value) {
        ByteBuffer.wrap(memory).order(ByteOrder.LITTLE_ENDIAN).putLong((int) (address - NativeCase.WINDOW), value);
    }

    private boolean oneIn(int n) {
        return random.nextInt(n) == 0;
    }

    // prefixes and opcode

    private void prefixes() {
        // Intel's processors ignore 66H before a near branch in 64-bit mode, AMD's obey it.
        boolean fixed =
                row.operandSize() == OperandSize.FORCED_64 || row.encoding().prefix() == 1;
        narrow = oneIn(4) && !fixed && !row.mnemonic().equals("BSWAP");
        narrowAddress = is64Bit && oneIn(8);
        if (narrow) {
            code.put((byte) 0x66);
        }
        if (narrowAddress) {
            code.put((byte) 0x67);
        }
        if (oneIn(16)) {
            code.put((byte) (oneIn(2) ? 0x36 : 0x3E));
        }
        if (oneIn(row.lockable() ? 6 : 64)) {
            code.put((byte) 0xF0);
        }
        if (STRINGS.contains(row.mnemonic()) && !oneIn(4)) {
            code.put((byte) (oneIn(2) ? 0xF2 : 0xF3));
        }
        if (row.encoding().prefix() > 1) {
            code.put((byte) row.encoding().prefix());
        }
        boolean isNop = row.encoding().map() == 0
                && row.encoding().opcode() == 0x90
                && !row.encoding().inOpcode();
        if (is64Bit && oneIn(2) && !isNop) {
            rex = 0x40 | random.nextInt(16);
            code.put((byte) rex);
        }
    }

    private void opcode() {
        Row.Encoding encoding = row.encoding();
        if (encoding.map() > 0) {
            code.put((byte) 0x0F);
        }
        if (encoding.map() > 1) {
            code.put((byte) (encoding.map() == 2 ? 0x38 : 0x3A));
        }
        int low = encoding.inOpcode() ? random.nextInt(8) : 0;
        code.put((byte) (encoding.opcode() + low));
        if (encoding.modRm() >= 0) {
            code.put((byte) encoding.modRm());
        }
    }

    // ModRM

    private void modRm() {
        int extension = row.encoding().extension();
        int reg = extension >= 0 ? extension : random.nextInt(8);
        boolean isMemory = row.memoryOnly() || !row.registerOnly() && oneIn(2);
        if (isMemory) {
            memoryOperand(reg);
        } else {
            int rm = random.nextInt(8);
            code.put((byte) (0xC0 | reg << 3 | rm));
            if (isIndirectBranch()) {
                registers[rm | (rex & 1) << 3] = nearby();
            }
        }
    }

    private boolean isIndirectBranch() {
        return row.encoding().opcode() == 0xFF && row.operandSize() == OperandSize.FORCED_64;
    }

    private void memoryOperand(int reg) {
        long target = inWindow();
        if (row.mnemonic().equals("CMPXCHG8B")) {
            target &= oneIn(4) ? -1L : -16L;
        }
        if (isIndirectBranch()) {
            putMemory(target, nearby());
        } else if (oneIn(32)) {
            target = UNMAPPED + random.nextInt(64);
        } else if (oneIn(32) && is64Bit && !narrowAddress) {
            target += NON_CANONICAL;
        }
        int register = reg | (rex & 4) << 1;
        boolean bitString =
                BIT_STRINGS.contains(row.mnemonic()) && row.operands().contains(OperandKind.Gv);
        if (bitString) {
            registers[register] = random.nextInt(256) - 128;
        }
        if (oneIn(8) && target >>> 32 == 0) {
            absolute(reg, target);
        } else {
            based(reg, target, bitString ? register : -1);
        }
    }

    /** Without registers: disp32, in 64-bit code mostly relative to RIP. */
    private void absolute(int reg, long target) {
        boolean relative = is64Bit && oneIn(2);
        if (relative || !is64Bit) {
            code.put((byte) (reg << 3 | 5));
        } else {
            code.put((byte) (reg << 3 | 4)).put((byte) 0x25);
            rex &= ~2;
            clearRexIndex();
        }
        if (relative) {
            ripRelativeAt = code.position();
            ripRelativeTarget = target;
        }
        code.putInt((int) target);
    }

    /** REX.X would make R12 the index of a SIB byte that means to have none. */
    private void clearRexIndex() {
        for (int i = 0; i < code.position(); i++) {
            if ((code.get(i) & 0xF0) == 0x40 && is64Bit) {
                code.put(i, (byte) (code.get(i) & ~2));
                return;
            }
        }
    }

    private void based(int reg, long target, int reserved) {
        int base;
        do {
            base = random.nextInt(8) | (rex & 1) << 3;
        } while (base == reserved);
        int index = random.nextInt(8) | (rex & 2) << 2;
        boolean sib = (base & 7) == 4 || oneIn(3);
        boolean indexed = sib && index != 4 && index != base;
        if (sib && !indexed && index != 4) {
            index = 4;
            if ((rex & 2) != 0) {
                clearRexIndex();
                rex &= ~2;
            }
        }
        int scale = random.nextInt(4);
        int mod = (base & 7) == 5 ? 1 + random.nextInt(2) : random.nextInt(3);
        long displacement = mod == 0 ? 0 : mod == 1 ? (byte) random.nextInt() : random.nextInt();
        code.put((byte) (mod << 6 | reg << 3 | (sib ? 4 : base & 7)));
        if (sib) {
            code.put((byte) (scale << 6 | (index & 7) << 3 | base & 7));
        }
        if (mod == 1) {
            code.put((byte) displacement);
        } else if (mod == 2) {
            code.putInt((int) displacement);
        }
        if (indexed && index == RSP) {
            throw new IllegalStateException("RSP is no index");
        }
        long value = target - displacement - (indexed ? registers[index] << scale : 0);
        if (!is64Bit || narrowAddress) {
            value &= 0xFFFF_FFFFL;
        }
        registers[base] = value;
    }

    // immediates

    private int operandSize() {
        if (!is64Bit) {
            return narrow ? 2 : 4;
        }
        return (rex & 8) != 0 ? 8 : narrow ? 2 : row.operandSize() == OperandSize.NORMAL ? 4 : 8;
    }

    private void immediate(OperandKind kind) {
        if (row.mnemonic().equals("ENTER")) {
            number(random.nextInt(4) * (kind == OperandKind.Iw ? 8 : 1), kind == OperandKind.Iw ? 2 : 1);
            return;
        }
        if (row.mnemonic().equals("RET")) {
            number(random.nextInt(32), 2);
            return;
        }
        switch (kind) {
            case Ib -> number(oneIn(2) ? random.nextInt(8) : random.nextInt(), 1);
            case Iw -> number(value(), 2);
            case Iz -> number(value(), Math.min(operandSize(), 4));
            case Iv -> number(value(), operandSize());
            case Jb -> number(displacement(), 1);
            case Jz -> number(displacement(), 4);
            case Ob, Ov -> number(inWindow(), is64Bit && !narrowAddress ? 8 : 4);
            default -> {}
        }
    }

    private void number(long value, int size) {
        for (int i = 0; i < size; i++) {
            code.put((byte) (value >> 8 * i));
        }
    }
}

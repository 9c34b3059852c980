package dev.vtxray.core.isa;

import dev.vtxray.core.isa.Encoder.Fixup;
import dev.vtxray.core.memory.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes machine code by the rows of an instruction set: the inverse of {@link Decoder}.
 *
 * <p>Of all rows and operand sizes that fit the operands, the shortest encoding is taken, and among equally short ones
 * the first in the order of the rows. Branches back to a label are short where that reaches; branches forward are near,
 * or short where no near form exists.
 *
 * <pre>{@code
 * Assembler asm = new Assembler(rows, 8, 0x1000);
 * asm.label("loop");
 * asm.emit("DEC", Reg.RCX);
 * asm.emit("JNZ", LabelRef.of("loop"));
 * asm.lock().emit("INC", Mem.qword("counter"));
 * asm.emit("HLT");
 * asm.align(8);
 * asm.label("counter");
 * asm.data64(0);
 * byte[] code = asm.bytes();
 * }</pre>
 */
public final class Assembler {
    private final Map<String, List<Row>> rowsByName = new HashMap<>();
    private final int codeSize;
    private final long origin;

    private byte[] code = new byte[256];
    private int position;
    private final Map<String, Long> labels = new HashMap<>();
    private final List<Fixup> fixups = new ArrayList<>();
    private final List<Integer> prefixes = new ArrayList<>();

    /**
     * An assembler that has written nothing yet.
     *
     * @param codeSize 2, 4 or 8: 16-bit, 32-bit or 64-bit code
     * @param origin   address of the first byte
     */
    public Assembler(List<Row> rows, int codeSize, long origin) {
        if (codeSize != 2 && codeSize != 4 && codeSize != 8) {
            throw new IllegalArgumentException("code size " + codeSize + "; 2, 4 and 8 bytes exist");
        }
        this.codeSize = codeSize;
        this.origin = origin;
        for (Row row : rows) {
            if (codeSize == 8 ? row.valid64() : row.validLegacy()) {
                rowsByName
                        .computeIfAbsent(Mnemonics.family(row.mnemonic()), name -> new ArrayList<>())
                        .add(row);
            }
        }
    }

    /** LOCK for the next instruction. */
    public Assembler lock() {
        prefixes.add(0xF0);
        return this;
    }

    /** REP or REPE (F3H) for the next instruction. */
    public Assembler rep() {
        prefixes.add(Insn.REP);
        return this;
    }

    /** REPNE (F2H) for the next instruction. */
    public Assembler repne() {
        prefixes.add(Insn.REPNE);
        return this;
    }

    /**
     * Writes an instruction.
     *
     * @param mnemonic the manual's mnemonic or a synonym, in any case; string instructions may be named with their size
     *                 (MOVSB) and then need no operands
     * @param operands destination first; a branch takes a {@link LabelRef} or the absolute address of its target
     * @throws IllegalArgumentException if no row of that name takes the operands in this code; says what would fit
     */
    public Assembler emit(String mnemonic, Operand... operands) {
        List<Operand> list = List.of(operands);
        List<Row> rows = rowsByName.get(Mnemonics.family(mnemonic));
        if (rows == null) {
            throw new IllegalArgumentException("no row for " + mnemonic + " in " + 8 * codeSize + "-bit code");
        }
        checkRegisters(mnemonic, list);
        addressSizePrefix(mnemonic);
        Choice choice = new Choice(Mnemonics.size(mnemonic), list);
        choice.tryAll(rows, false);
        boolean hasNear = rows.stream().anyMatch(row -> row.operands().contains(OperandKind.Jz));
        if (choice.best == null && !hasNear) {
            choice.tryAll(rows, true);
        }
        Encoder best = choice.best;
        if (best == null) {
            throw refusal(mnemonic, list, rows, choice.problem);
        }
        prefixes.clear();
        best.fixups().forEach(fixup -> fixups.add(fixup.shifted(position)));
        return data(best.bytes());
    }

    /** JCXZ, JECXZ and JRCXZ differ in the address size only. */
    private void addressSizePrefix(String mnemonic) {
        int size = Mnemonics.addressSize(mnemonic);
        if (size == 0 || size == codeSize) {
            return;
        }
        if (size != (codeSize == 8 ? 4 : 6 - codeSize)) {
            throw new IllegalArgumentException(mnemonic + " does not exist in " + 8 * codeSize + "-bit code");
        }
        prefixes.add(0x67);
    }

    /** The search for the shortest encoding. */
    private final class Choice {
        private final int namedSize;
        private final List<Operand> operands;
        private @Nullable Encoder best;
        private @Nullable String problem;

        Choice(int namedSize, List<Operand> operands) {
            this.namedSize = namedSize;
            this.operands = operands;
        }

        void tryAll(List<Row> rows, boolean lenient) {
            for (Row row : rows) {
                for (int size : sizes(row, codeSize, namedSize != 0)) {
                    tryOne(new OperandFit(row, operands, size, codeSize, lenient));
                }
            }
        }

        private void tryOne(OperandFit fit) {
            if (!fit.fits() || namedSize != 0 && fit.elementSize() != namedSize) {
                return;
            }
            if (prefixes.contains(0xF0) && !(fit.row().lockable() && operands.get(0) instanceof Mem)) {
                problem = "LOCK is not legal here";
                return;
            }
            Encoder candidate = new Encoder(fit, address(), labels::get).encode(prefixes);
            if (candidate.problem() != null) {
                problem = candidate.problem();
            } else if (best == null || candidate.bytes().length < best.bytes().length) {
                best = candidate;
            }
        }
    }

    /**
     * The effective operand sizes to try: only the default one if nothing would show the difference.
     *
     * @param named whether the mnemonic tells operand sizes apart
     */
    static int[] sizes(Row row, int codeSize, boolean named) {
        boolean is64Bit = codeSize == 8;
        if (is64Bit && row.operandSize() == Row.OperandSize.FORCED_64) {
            return new int[] {8};
        }
        boolean default64 = row.operandSize() == Row.OperandSize.DEFAULT_64;
        int byDefault = !is64Bit ? codeSize : default64 ? 8 : 4;
        boolean shows = named || row.operands().stream().anyMatch(Assembler::showsSize);
        if (!shows) {
            return new int[] {byDefault};
        }
        if (row.encoding().prefix() == 0x66) {
            return is64Bit ? new int[] {4, 8} : new int[] {codeSize};
        }
        return !is64Bit ? new int[] {codeSize, 6 - codeSize} : default64 ? new int[] {8, 2} : new int[] {4, 2, 8};
    }

    private static boolean showsSize(OperandKind kind) {
        if (kind.isFixed()) {
            return kind == OperandKind.eAX || kind == OperandKind.rAX;
        }
        String width = kind.name().substring(1);
        boolean variable = width.equals("v") || width.equals("z") || width.equals("y") || width.equals("p");
        return variable && "IJ".indexOf(kind.method()) < 0;
    }

    private void checkRegisters(String mnemonic, List<Operand> operands) {
        for (Operand operand : operands) {
            Reg[] registers = operand instanceof Reg register
                    ? new Reg[] {register}
                    : operand instanceof Mem mem ? new Reg[] {mem.base(), mem.index()} : new Reg[0];
            for (Reg register : registers) {
                if (register != null && codeSize != 8 && register.isOnlyIn64Bit()) {
                    throw new IllegalArgumentException(text(mnemonic, operands) + ": " + register
                            + " exists in 64-bit code only, this is " + 8 * codeSize + "-bit code");
                }
            }
            if (operand instanceof Mem mem && mem.base() != null && mem.base().size() == 2 && codeSize == 8) {
                throw new IllegalArgumentException(text(mnemonic, operands) + ": 64-bit code has no 16-bit addresses");
            }
        }
    }

    private IllegalArgumentException refusal(
            String mnemonic, List<Operand> operands, List<Row> rows, @Nullable String problem) {
        String reason = problem != null ? problem : "the operands fit no row (is the width of memory said?)";
        String choices = rows.stream().map(Row::toString).collect(Collectors.joining("; "));
        return new IllegalArgumentException(
                text(mnemonic, operands) + ": " + reason + "; in " + 8 * codeSize + "-bit code there are: " + choices);
    }

    private static String text(String mnemonic, List<Operand> operands) {
        return mnemonic + operands.stream().map(Object::toString).collect(Collectors.joining(", ", " ", ""));
    }

    /**
     * Defines a label at the current address.
     *
     * @throws IllegalArgumentException if it is defined already
     */
    public Assembler label(String name) {
        if (labels.putIfAbsent(name, address()) != null) {
            throw new IllegalArgumentException("label " + name + " is defined twice");
        }
        return this;
    }

    /** Address of the next byte. */
    public long address() {
        return origin + position;
    }

    /**
     * Address of a label.
     *
     * @throws IllegalArgumentException if it is not defined yet
     */
    public long address(String label) {
        Long address = labels.get(label);
        if (address == null) {
            throw new IllegalArgumentException("label " + label + " is not defined");
        }
        return address;
    }

    public Assembler data8(int... values) {
        return dataOf(1, Arrays.stream(values).asLongStream().toArray());
    }

    public Assembler data16(int... values) {
        return dataOf(2, Arrays.stream(values).asLongStream().toArray());
    }

    public Assembler data32(long... values) {
        return dataOf(4, values);
    }

    public Assembler data64(long... values) {
        return dataOf(8, values);
    }

    private Assembler dataOf(int size, long... values) {
        for (long value : values) {
            byte[] bytes = new byte[size];
            Bytes.store(bytes, 0, size, value);
            data(bytes);
        }
        return this;
    }

    /** The address of a label, as data of 2, 4 or 8 bytes. */
    public Assembler dataAddress(int size, String label) {
        fixups.add(new Fixup(position, size, label, 0, -1));
        return data(new byte[size]);
    }

    /** Bytes as they are. */
    public Assembler data(byte... bytes) {
        if (position + bytes.length > code.length) {
            code = Arrays.copyOf(code, Math.max(2 * code.length, position + bytes.length));
        }
        System.arraycopy(bytes, 0, code, position, bytes.length);
        position += bytes.length;
        return this;
    }

    /** Text in ASCII, without an end mark. */
    public Assembler ascii(String text) {
        return data(text.getBytes(StandardCharsets.US_ASCII));
    }

    /**
     * Fills with NOP up to an address that is a multiple.
     *
     * @param multiple a power of two
     */
    public Assembler align(int multiple) {
        if (Integer.bitCount(multiple) != 1) {
            throw new IllegalArgumentException("alignment to " + multiple + " bytes; a power of two is needed");
        }
        byte[] padding = new byte[(int) (-address() & multiple - 1)];
        Arrays.fill(padding, (byte) 0x90);
        return data(padding);
    }

    /**
     * Everything written so far, with all labels filled in.
     *
     * @throws IllegalStateException if a label is not defined or too far away for the instruction that names it
     */
    public byte[] bytes() {
        byte[] bytes = Arrays.copyOf(code, position);
        for (Fixup fixup : fixups) {
            Long address = labels.get(fixup.label());
            if (address == null) {
                throw new IllegalStateException("label " + fixup.label() + " is used but not defined");
            }
            boolean relative = fixup.end() >= 0;
            long value = address + fixup.addend() - (relative ? origin + fixup.end() : 0);
            boolean signed = value == Decoder.signExtend(value, fixup.size());
            boolean signExtends = relative || codeSize == 8 && fixup.size() == 4;
            if (!signed && (signExtends || fixup.size() < 8 && value >>> 8 * fixup.size() != 0)) {
                throw new IllegalStateException("label " + fixup.label() + " at 0x" + Long.toHexString(address)
                        + " does not fit the " + fixup.size() + " bytes at 0x"
                        + Long.toHexString(origin + fixup.position()));
            }
            Bytes.store(bytes, fixup.position(), fixup.size(), value);
        }
        return bytes;
    }
}

package dev.vtxray.core.isa;

import dev.vtxray.core.isa.Insn.Draft;
import dev.vtxray.core.isa.Insn.Place;
import dev.vtxray.core.isa.Row.OperandSize;
import dev.vtxray.core.memory.Bytes;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Turns bytes into instructions by the rows of an instruction set. Takes bytes only: it neither fetches nor faults, and
 * bytes that are no instruction become one that faults when it is executed.
 */
public final class Decoder {
    /** Longest instruction (SDM, Instruction Format). */
    public static final int MAX_LENGTH = 15;

    private final OpcodeMaps maps;
    private final boolean[] offered = new boolean[CpuidFeature.values().length];

    // Used again for every instruction, so that the decoded instructions of a block lie side by side in the heap.
    private final Reader in = new Reader();
    private final Draft draft = new Draft();
    private final Pass pass = new Pass();

    /**
     * A decoder for these rows.
     *
     * @param offered tells which CPUID features the CPU has; rows of others do not exist for it
     */
    public Decoder(List<Row> rows, Predicate<CpuidFeature> offered) {
        this(OpcodeMaps.of(rows), offered);
    }

    /**
     * A decoder for the rows of these maps.
     *
     * @param offered tells which CPUID features the CPU has; rows of others do not exist for it
     */
    public Decoder(OpcodeMaps maps, Predicate<CpuidFeature> offered) {
        this.maps = maps;
        for (CpuidFeature feature : CpuidFeature.values()) {
            this.offered[feature.ordinal()] = feature == CpuidFeature.BASE || offered.test(feature);
        }
    }

    /**
     * Decodes one instruction.
     *
     * @param code     bytes to decode from
     * @param offset   where the instruction starts in {@code code}
     * @param limit    end of the bytes that are there
     * @param codeSize 2, 4 or 8: 16-bit, 32-bit or 64-bit code
     * @param start    offset of the instruction from the start of its block, for {@link Insn#start}
     * @return the instruction, or null if more bytes than there are would be needed to tell
     */
    public @Nullable Insn decode(byte[] code, int offset, int limit, int codeSize, int start) {
        in.begin(code, offset, Math.min(limit, offset + MAX_LENGTH));
        draft.begin(codeSize, start);
        try {
            pass.begin();
            pass.run();
        } catch (Truncated truncated) {
            if (limit - offset < MAX_LENGTH) {
                return null;
            }
            draft.row = Undefined.TOO_LONG;
            draft.semantic = Undefined.TOO_LONG.semantic();
        }
        draft.length = in.position - offset;
        return new Insn(draft);
    }

    /** More bytes are needed. */
    private static final class Truncated extends RuntimeException {
        private static final long serialVersionUID = 1L;
        static final Truncated SIGNAL = new Truncated();

        private Truncated() {
            super("truncated instruction", null, false, false);
        }
    }

    private static final class Reader {
        private byte[] code = {};
        private int limit;
        private int position;

        void begin(byte[] newCode, int newPosition, int newLimit) {
            code = newCode;
            position = newPosition;
            limit = newLimit;
        }

        int peek() {
            if (position >= limit) {
                throw Truncated.SIGNAL;
            }
            return code[position] & 0xFF;
        }

        int next() {
            int value = peek();
            position++;
            return value;
        }

        /** A little-endian value of 1 to 8 bytes, zero-extended. */
        long next(int size) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (long) next() << 8 * i;
            }
            return value;
        }
    }

    static long signExtend(long value, int size) {
        int shift = 64 - 8 * size;
        return value << shift >> shift;
    }

    /** The decoding of one instruction, in the order of its bytes. */
    private final class Pass {
        private boolean is64Bit;
        private boolean has66;
        private boolean has67;
        private boolean hasLock;
        private int repeat;
        private int rex;
        private int segment;
        private int opcode;

        void begin() {
            is64Bit = draft.codeSize == 8;
            has66 = false;
            has67 = false;
            hasLock = false;
            repeat = 0;
            rex = 0;
            segment = -1;
        }

        void run() {
            prefixes();
            int map = opcodeMap();
            opcode = in.next();
            draft.addressSize = addressSize();
            Row row = select(map);
            if (row == null) {
                return;
            }
            draft.row = row;
            draft.semantic = row.semantic();
            draft.size = operandSize(row);
            draft.rep = row.encoding().prefix() == repeat ? Insn.NO_REP : repeat;
            if (row.usesModRm()) {
                modRm();
            }
            operands(row);
            draft.lock = hasLock;
            boolean lockIsIllegal = hasLock && !(row.lockable() && draft.dst.memory);
            if (lockIsIllegal || row.operands().contains(OperandKind.Sw) && draft.reg >= 6) {
                draft.row = Undefined.ROW;
                draft.semantic = Undefined.ROW.semantic();
            }
        }

        private void prefixes() {
            while (true) {
                int value = in.peek();
                switch (value) {
                    case 0x66 -> has66 = true;
                    case 0x67 -> has67 = true;
                    case 0xF0 -> hasLock = true;
                    case 0xF2, 0xF3 -> repeat = value;
                    // Null prefixes in 64-bit mode: an FS or GS before them stays.
                    case 0x26, 0x2E, 0x36, 0x3E -> segment = is64Bit ? segment : value >> 3 & 3;
                    case 0x64, 0x65 -> segment = value & 7;
                    default -> {
                        if (is64Bit && (value & 0xF0) == 0x40) {
                            in.next();
                            rex = value;
                            if (isPrefix(in.peek())) {
                                rex = 0; // REX counts only right before the opcode
                                continue;
                            }
                        }
                        return;
                    }
                }
                in.next();
            }
        }

        private boolean isPrefix(int value) {
            return switch (value) {
                case 0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65 -> true;
                default -> (value & 0xF0) == 0x40;
            };
        }

        private int opcodeMap() {
            if (in.peek() != 0x0F) {
                return 0;
            }
            in.next();
            int second = in.peek();
            if (second == 0x38 || second == 0x3A) {
                in.next();
                return second == 0x38 ? 2 : 3;
            }
            return 1;
        }

        private @Nullable Row select(int map) {
            for (Row row : maps.rows(map, opcode)) {
                if (offered[row.feature().ordinal()] && fits(row)) {
                    return row;
                }
            }
            return null;
        }

        private boolean fits(Row row) {
            if (!(is64Bit ? row.valid64() : row.validLegacy())) {
                return false;
            }
            Row.Encoding encoding = row.encoding();
            if (encoding.opcode() == 0x90 && encoding.map() == 0 && !encoding.inOpcode() && (rex & 1) != 0) {
                return false; // 90H is NOP and PAUSE only while it names rAX; with REX.B it is XCHG r8,rAX
            }
            boolean prefixFits =
                    switch (encoding.prefix()) {
                        case 0 -> true;
                        case 1 -> !has66 && repeat == 0;
                        case 0x66 -> has66 && repeat == 0;
                        default -> repeat == encoding.prefix();
                    };
            if (!prefixFits) {
                return false;
            }
            if (encoding.modRm() >= 0) {
                return in.peek() == encoding.modRm();
            }
            if (encoding.extension() >= 0 && (in.peek() >> 3 & 7) != encoding.extension()) {
                return false;
            }
            if (row.memoryOnly()) {
                return in.peek() < 0xC0;
            }
            return !row.registerOnly() || isRegisterForm(row);
        }

        private boolean isRegisterForm(Row row) {
            // MOV to and from control and debug registers ignore the mod field.
            return in.peek() >= 0xC0
                    || row.operands().contains(OperandKind.Cy)
                    || row.operands().contains(OperandKind.Dy);
        }

        private int addressSize() {
            if (is64Bit) {
                return has67 ? 4 : 8;
            }
            return has67 ? 6 - draft.codeSize : draft.codeSize;
        }

        private int operandSize(Row row) {
            boolean narrow = has66 && row.encoding().prefix() != 0x66;
            if (!is64Bit) {
                return narrow ? 6 - draft.codeSize : draft.codeSize;
            }
            if ((rex & 8) != 0 || row.operandSize() == OperandSize.FORCED_64) {
                return 8;
            }
            if (narrow) {
                return 2;
            }
            return row.operandSize() == OperandSize.DEFAULT_64 ? 8 : 4;
        }

        private void modRm() {
            int value = in.next();
            draft.modRm = value;
            draft.reg = value >> 3 & 7 | (rex & 4) << 1;
            boolean ignoresMod = draft.row.operands().contains(OperandKind.Cy)
                    || draft.row.operands().contains(OperandKind.Dy);
            if (value < 0xC0 && !ignoresMod) {
                draft.hasMem = true;
                if (draft.addressSize == 2) {
                    address16(value);
                } else {
                    address(value);
                }
            }
        }

        private void address16(int value) {
            int mod = value >> 6;
            int rm = value & 7;
            boolean stack = rm == 2 || rm == 3 || rm == 6 && mod != 0;
            if (mod == 0 && rm == 6) {
                draft.disp = in.next(2);
            } else {
                // BX+SI BX+DI BP+SI BP+DI SI DI BP BX
                draft.base = "33556753".charAt(rm) - '0';
                draft.index = rm < 4 ? 6 + (rm & 1) : Insn.ZERO;
                if (mod == 1) {
                    draft.disp = signExtend(in.next(), 1);
                } else if (mod == 2) {
                    draft.disp = signExtend(in.next(2), 2);
                }
            }
            setSegment(stack ? 2 : 3);
        }

        private void address(int value) {
            int mod = value >> 6;
            int rm = value & 7;
            boolean stack = false;
            if (rm == 4) {
                stack = scaleIndexBase(mod);
            } else if (mod == 0 && rm == 5) {
                draft.disp = signExtend(in.next(4), 4);
                if (is64Bit) {
                    draft.ripRelative = true;
                    draft.base = Insn.BLOCK;
                }
            } else {
                draft.base = rm | (rex & 1) << 3;
                stack = draft.base == 5;
            }
            if (mod == 1) {
                draft.disp = signExtend(in.next(), 1);
            } else if (mod == 2) {
                draft.disp = signExtend(in.next(4), 4);
            }
            setSegment(stack ? 2 : 3);
        }

        private boolean scaleIndexBase(int mod) {
            int sib = in.next();
            int index = sib >> 3 & 7 | (rex & 2) << 2;
            draft.scale = sib >> 6;
            draft.index = index == 4 ? Insn.ZERO : index;
            if ((sib & 7) == 5 && mod == 0) {
                draft.disp = signExtend(in.next(4), 4);
                return false;
            }
            draft.base = sib & 7 | (rex & 1) << 3;
            return draft.base == 4 || draft.base == 5;
        }

        private void setSegment(int byDefault) {
            draft.seg = segment < 0 ? byDefault : segment;
        }

        private void operands(Row row) {
            if (!draft.hasMem) {
                setSegment(3);
            }
            List<OperandKind> kinds = row.operands();
            for (int i = 0; i < kinds.size(); i++) {
                Place place = i == 0 ? draft.dst : i == 1 ? draft.src : draft.other;
                resolve(kinds.get(i), place);
            }
            if (!kinds.isEmpty() && draft.dst.size == 1 && isByteOperation(kinds)) {
                draft.size = 1;
            }
            if (draft.src.size == 0) {
                draft.src.size = draft.size;
            }
        }

        /** The effective operand size of an instruction on bytes is one byte whatever the prefixes say. */
        private boolean isByteOperation(List<OperandKind> kinds) {
            return switch (kinds.get(0)) {
                case Eb, Gb, Mb, Xb, Yb, Ob, Zb, AL -> true;
                default -> false;
            };
        }

        private void resolve(OperandKind kind, Place place) {
            place.size = kind.size(draft.size, is64Bit);
            place.mask = place.size == 0 || place.size > 8 ? -1L : Bytes.mask(place.size);
            if (kind.isFixed()) {
                resolveFixed(kind, place);
                return;
            }
            switch (kind.method()) {
                case 'E', 'M', 'R' -> {
                    if (draft.hasMem) {
                        place.memory = true;
                    } else {
                        register(draft.modRm & 7 | (rex & 1) << 3, place);
                    }
                }
                case 'G' -> register(draft.reg, place);
                case 'Z' -> register(opcode & 7 | (rex & 1) << 3, place);
                case 'I' -> immediate(kind, place);
                case 'J' -> {
                    int size = kind == OperandKind.Jb ? 1 : Math.min(draft.size, 4);
                    draft.imm = signExtend(in.next(size), size);
                }
                case 'A' -> {
                    draft.imm = in.next(draft.size);
                    draft.imm2 = (int) in.next(2);
                }
                case 'O' -> {
                    place.memory = true;
                    draft.hasMem = true;
                    draft.disp = in.next(draft.addressSize);
                }
                case 'X', 'Y' -> place.memory = true;
                default -> {} // control, debug and segment registers: Insn.reg
            }
        }

        private void resolveFixed(OperandKind kind, Place place) {
            switch (kind) {
                case AL, AX, eAX, rAX -> place.register = 0;
                case CL -> place.register = 1;
                case DX -> place.register = 2;
                case ONE -> {
                    place.constant = 1;
                    draft.imm = 1;
                }
                default -> draft.reg = kind.ordinal() - OperandKind.ES.ordinal();
            }
        }

        private void register(int number, Place place) {
            if (place.size == 1 && rex == 0 && number >= 4 && number < 8) {
                place.register = number - 4;
                place.shift = 8;
            } else {
                place.register = number;
            }
        }

        private void immediate(OperandKind kind, Place place) {
            boolean second = draft.row.operands().get(0) == OperandKind.Iw && place != draft.dst;
            int size =
                    switch (kind) {
                        case Ib -> 1;
                        case Iw -> 2;
                        case Iz -> Math.min(draft.size, 4);
                        default -> draft.size;
                    };
            long value = in.next(size);
            if (kind != OperandKind.Iw) {
                value = signExtend(value, size);
            }
            if (second) {
                draft.imm2 = (int) value & 0xFF;
                return;
            }
            draft.imm = value;
            // As a source an immediate has the width of the destination.
            int width = place == draft.src && draft.dst.size > 0 ? draft.dst.size : size;
            place.mask = Bytes.mask(Math.min(width, 8));
            place.size = width;
            place.constant = value & place.mask;
        }
    }
}

package dev.vtxray.core.isa;

import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.isa.Row.Encoding;
import dev.vtxray.core.isa.Row.OperandSize;
import dev.vtxray.core.port.SensitiveOp;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes rows of the instruction table, one line each:
 * {@code rows.row("ADD", "00", "Eb,Gb").lock().flags("OSZAPC").does(Alu::add)}.
 */
public final class Rows {
    private final List<Row> rows = new ArrayList<>();

    /** The rows written so far, in order. */
    public List<Row> toList() {
        return List.copyOf(rows);
    }

    /**
     * Begins a row.
     *
     * @param opcode   the manual's notation, see {@link Row#opcode()}
     * @param operands operand kinds separated by commas, {@code 1} for a constant one, empty for none
     */
    public Line row(String mnemonic, String opcode, String operands) {
        return new Line(mnemonic, opcode, operands);
    }

    /** A row under construction; {@link #does} finishes it. */
    public final class Line {
        private final String mnemonic;
        private final String opcode;
        private final List<OperandKind> operands = new ArrayList<>();
        private OperandSize operandSize = OperandSize.NORMAL;
        private boolean valid64 = true;
        private boolean validLegacy = true;
        private CpuidFeature feature = CpuidFeature.BASE;
        private boolean lockable;
        private int flagsWritten;
        private int flagsUndefined;
        private @Nullable SensitiveOp sensitivity;
        private boolean endsBlock;
        private Form[] forms = {};

        private Line(String mnemonic, String opcode, String operands) {
            this.mnemonic = mnemonic;
            this.opcode = opcode;
            for (String name : operands.isEmpty() ? new String[0] : operands.split(",")) {
                this.operands.add(name.equals("1") ? OperandKind.ONE : OperandKind.valueOf(name));
            }
        }

        /** In 64-bit mode the operand size defaults to 64 bits. */
        public Line d64() {
            operandSize = OperandSize.DEFAULT_64;
            return this;
        }

        /** In 64-bit mode the operand size is 64 bits. */
        public Line f64() {
            operandSize = OperandSize.FORCED_64;
            return this;
        }

        /** Invalid in 64-bit mode. */
        public Line i64() {
            valid64 = false;
            return this;
        }

        /** Only in 64-bit mode. */
        public Line o64() {
            validLegacy = false;
            return this;
        }

        /** Undefined without this CPUID flag. */
        public Line needs(CpuidFeature flag) {
            feature = flag;
            return this;
        }

        /** LOCK is legal with a memory destination. */
        public Line lock() {
            lockable = true;
            return this;
        }

        /** RFLAGS bits with a defined result, from the letters OSZAPC and DIN. */
        public Line flags(String letters) {
            flagsWritten = Flags.mask(letters);
            return this;
        }

        /** RFLAGS bits left undefined. */
        public Line undefined(String letters) {
            flagsUndefined = Flags.mask(letters);
            return this;
        }

        /** May be taken over; such an instruction ends its block. */
        public Line sensitive(SensitiveOp op) {
            sensitivity = op;
            endsBlock = true;
            return this;
        }

        /** Nothing behind it may be decoded with it; it sets RIP itself. */
        public Line ends() {
            endsBlock = true;
            return this;
        }

        /** Quicker ways to do it, for common shapes of operands. */
        public Line forms(Form... quicker) {
            forms = quicker;
            return this;
        }

        /** Finishes the row. */
        public void does(Semantic semantic) {
            rows.add(new Row(
                    mnemonic,
                    opcode,
                    encoding(opcode),
                    List.copyOf(operands),
                    operandSize,
                    valid64,
                    validLegacy,
                    feature,
                    lockable,
                    flagsWritten,
                    flagsUndefined,
                    sensitivity,
                    endsBlock,
                    semantic,
                    List.of(forms)));
        }
    }

    private static Encoding encoding(String text) {
        int map = 0;
        int prefix = 0;
        int extension = -1;
        int opcode = -1;
        int modRm = -1;
        boolean inOpcode = false;
        for (String part : text.split(" ")) {
            if (part.equals("NP")) {
                prefix = 1;
            } else if (part.startsWith("/")) {
                extension = part.charAt(1) - '0';
            } else {
                inOpcode |= part.endsWith("+r");
                int value = Integer.parseInt(part.replace("+r", ""), 16);
                if (opcode >= 0) {
                    modRm = value;
                } else if (map == 0 && value == 0x0F) {
                    map = 1;
                } else if (map == 1 && (value == 0x38 || value == 0x3A)) {
                    map = value == 0x38 ? 2 : 3;
                } else if (map == 0 && prefix == 0 && (value == 0x66 || value == 0xF2 || value == 0xF3)) {
                    prefix = value;
                } else {
                    opcode = value;
                }
            }
        }
        return new Encoding(map, opcode, prefix, extension, modRm, inOpcode);
    }
}

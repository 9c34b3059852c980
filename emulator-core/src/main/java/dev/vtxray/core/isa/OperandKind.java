package dev.vtxray.core.isa;

/**
 * Kinds of operands, in the letters of the manual's opcode map: the capital letter says where the operand is, the small
 * letters how wide it is (SDM, Opcode Map, "Codes for Addressing Method" and "Codes for Operand Type").
 */
public enum OperandKind {
    // @formatter:off
    Eb, Ew, Ed, Ev, Ey,              // ModRM r/m: register or memory
    Gb, Gw, Gd, Gv, Gy,              // ModRM reg: general register
    Ib, Iw, Iz, Iv,                  // immediate (Ib is sign-extended, Iz at most 32 bits, Iv the full width)
    M, Mb, Mw, Md, Mq, Mv, Mp, Ms, Mdq, // ModRM r/m: memory only
    Rd, Rv, Ry,                      // ModRM r/m: register only
    Jb, Jz,                          // branch displacement
    Ap,                              // far pointer in the instruction
    Ob, Ov,                          // address in the instruction
    Sw,                              // ModRM reg: segment register
    Cy, Dy,                          // ModRM reg: control, debug register
    Xb, Xv, Xz, Yb, Yv, Yz,          // memory at DS:rSI, ES:rDI
    Zb, Zv, Zy,                      // register in the low bits of the opcode
    AL, AX, eAX, rAX, CL, DX, ONE,   // fixed (eAX: 16 or 32 bits)
    ES, CS, SS, DS, FS, GS;          // fixed segment register
    // @formatter:on

    private final char method = name().charAt(0);
    private final String width = name().substring(1);

    /** The addressing-method letter; fixed operands answer with their first letter, see {@link #isFixed}. */
    public char method() {
        return method;
    }

    /** Whether the operand is named by the opcode alone. */
    public boolean isFixed() {
        return ordinal() >= AL.ordinal();
    }

    /** Whether the operand needs a ModRM byte. */
    public boolean usesModRm() {
        return !isFixed() && "EGMRSCD".indexOf(method) >= 0;
    }

    /** Whether the ModRM r/m field names it. */
    public boolean isRm() {
        return !isFixed() && "EMR".indexOf(method) >= 0;
    }

    /**
     * Width in bytes for an effective operand size; 0 where the width is not that of a plain value.
     *
     * @param operandSize 2, 4 or 8
     * @param is64Bit     whether the code is 64-bit code
     */
    public int size(int operandSize, boolean is64Bit) {
        if (isFixed()) {
            return switch (this) {
                case AL, CL, ONE -> 1;
                case AX, DX -> 2;
                case eAX -> Math.min(operandSize, 4);
                case rAX -> operandSize;
                default -> 2;
            };
        }
        return switch (width) {
            case "b" -> 1;
            case "w" -> 2;
            case "d" -> 4;
            case "q" -> 8;
            case "v" -> operandSize;
            case "z" -> Math.min(operandSize, 4);
            case "y" -> method == 'C' || method == 'D' || method == 'R' ? is64Bit ? 8 : 4 : Math.max(operandSize, 4);
            case "dq" -> 16;
            default -> 0;
        };
    }
}

package dev.vtxray.core.isa;

/** Registers that instructions name. */
public enum Reg implements Operand {
    // @formatter:off
    AL   (Kind.GENERAL, 1, 0), CL   (Kind.GENERAL, 1, 1), DL   (Kind.GENERAL, 1, 2), BL   (Kind.GENERAL, 1, 3),
    SPL  (Kind.GENERAL, 1, 4), BPL  (Kind.GENERAL, 1, 5), SIL  (Kind.GENERAL, 1, 6), DIL  (Kind.GENERAL, 1, 7),
    R8B  (Kind.GENERAL, 1, 8), R9B  (Kind.GENERAL, 1, 9), R10B (Kind.GENERAL, 1, 10), R11B (Kind.GENERAL, 1, 11),
    R12B (Kind.GENERAL, 1, 12), R13B (Kind.GENERAL, 1, 13), R14B (Kind.GENERAL, 1, 14), R15B (Kind.GENERAL, 1, 15),
    AH   (Kind.HIGH_BYTE, 1, 0), CH   (Kind.HIGH_BYTE, 1, 1), DH   (Kind.HIGH_BYTE, 1, 2), BH   (Kind.HIGH_BYTE, 1, 3),
    AX   (Kind.GENERAL, 2, 0), CX   (Kind.GENERAL, 2, 1), DX   (Kind.GENERAL, 2, 2), BX   (Kind.GENERAL, 2, 3),
    SP   (Kind.GENERAL, 2, 4), BP   (Kind.GENERAL, 2, 5), SI   (Kind.GENERAL, 2, 6), DI   (Kind.GENERAL, 2, 7),
    R8W  (Kind.GENERAL, 2, 8), R9W  (Kind.GENERAL, 2, 9), R10W (Kind.GENERAL, 2, 10), R11W (Kind.GENERAL, 2, 11),
    R12W (Kind.GENERAL, 2, 12), R13W (Kind.GENERAL, 2, 13), R14W (Kind.GENERAL, 2, 14), R15W (Kind.GENERAL, 2, 15),
    EAX  (Kind.GENERAL, 4, 0), ECX  (Kind.GENERAL, 4, 1), EDX  (Kind.GENERAL, 4, 2), EBX  (Kind.GENERAL, 4, 3),
    ESP  (Kind.GENERAL, 4, 4), EBP  (Kind.GENERAL, 4, 5), ESI  (Kind.GENERAL, 4, 6), EDI  (Kind.GENERAL, 4, 7),
    R8D  (Kind.GENERAL, 4, 8), R9D  (Kind.GENERAL, 4, 9), R10D (Kind.GENERAL, 4, 10), R11D (Kind.GENERAL, 4, 11),
    R12D (Kind.GENERAL, 4, 12), R13D (Kind.GENERAL, 4, 13), R14D (Kind.GENERAL, 4, 14), R15D (Kind.GENERAL, 4, 15),
    RAX  (Kind.GENERAL, 8, 0), RCX  (Kind.GENERAL, 8, 1), RDX  (Kind.GENERAL, 8, 2), RBX  (Kind.GENERAL, 8, 3),
    RSP  (Kind.GENERAL, 8, 4), RBP  (Kind.GENERAL, 8, 5), RSI  (Kind.GENERAL, 8, 6), RDI  (Kind.GENERAL, 8, 7),
    R8   (Kind.GENERAL, 8, 8), R9   (Kind.GENERAL, 8, 9), R10  (Kind.GENERAL, 8, 10), R11  (Kind.GENERAL, 8, 11),
    R12  (Kind.GENERAL, 8, 12), R13  (Kind.GENERAL, 8, 13), R14  (Kind.GENERAL, 8, 14), R15  (Kind.GENERAL, 8, 15),
    ES   (Kind.SEGMENT, 2, 0), CS   (Kind.SEGMENT, 2, 1), SS   (Kind.SEGMENT, 2, 2),
    DS   (Kind.SEGMENT, 2, 3), FS   (Kind.SEGMENT, 2, 4), GS   (Kind.SEGMENT, 2, 5),
    CR0  (Kind.CONTROL, 8, 0), CR1  (Kind.CONTROL, 8, 1), CR2  (Kind.CONTROL, 8, 2), CR3  (Kind.CONTROL, 8, 3),
    CR4  (Kind.CONTROL, 8, 4), CR5  (Kind.CONTROL, 8, 5), CR6  (Kind.CONTROL, 8, 6), CR7  (Kind.CONTROL, 8, 7),
    CR8  (Kind.CONTROL, 8, 8), CR9  (Kind.CONTROL, 8, 9), CR10 (Kind.CONTROL, 8, 10), CR11 (Kind.CONTROL, 8, 11),
    CR12 (Kind.CONTROL, 8, 12), CR13 (Kind.CONTROL, 8, 13), CR14 (Kind.CONTROL, 8, 14), CR15 (Kind.CONTROL, 8, 15),
    DR0  (Kind.DEBUG, 8, 0), DR1  (Kind.DEBUG, 8, 1), DR2  (Kind.DEBUG, 8, 2), DR3  (Kind.DEBUG, 8, 3),
    DR4  (Kind.DEBUG, 8, 4), DR5  (Kind.DEBUG, 8, 5), DR6  (Kind.DEBUG, 8, 6), DR7  (Kind.DEBUG, 8, 7),
    DR8  (Kind.DEBUG, 8, 8), DR9  (Kind.DEBUG, 8, 9), DR10 (Kind.DEBUG, 8, 10), DR11 (Kind.DEBUG, 8, 11),
    DR12 (Kind.DEBUG, 8, 12), DR13 (Kind.DEBUG, 8, 13), DR14 (Kind.DEBUG, 8, 14), DR15 (Kind.DEBUG, 8, 15),
    EIP  (Kind.POINTER, 4, 0), RIP  (Kind.POINTER, 8, 0);
    // @formatter:on

    /** What a register is for. */
    public enum Kind {
        GENERAL,
        /** AH, CH, DH, BH: bits 15:8 of a register, not to be had together with a REX prefix. */
        HIGH_BYTE,
        SEGMENT,
        CONTROL,
        DEBUG,
        /** EIP and RIP, as base of an address in 64-bit code. */
        POINTER
    }

    private static final Reg[] ALL = values();

    private final Kind kind;
    private final int size;
    private final int number;

    Reg(Kind kind, int size, int number) {
        this.kind = kind;
        this.size = size;
        this.number = number;
    }

    /**
     * The general register of this width and number.
     *
     * @param size   1, 2, 4 or 8 bytes
     * @param number 0 to 15; with 1 byte, 4 to 7 are SPL, BPL, SIL, DIL
     */
    public static Reg general(int size, int number) {
        Reg first =
                switch (size) {
                    case 1 -> AL;
                    case 2 -> AX;
                    case 4 -> EAX;
                    case 8 -> RAX;
                    default -> throw new IllegalArgumentException("no general register has " + size + " bytes");
                };
        return at(first, number, 16);
    }

    /** AH, CH, DH or BH, by the number (0-3) of the register it is part of. */
    public static Reg highByte(int number) {
        return at(AH, number, 4);
    }

    public static Reg segment(int number) {
        return at(ES, number, 6);
    }

    public static Reg control(int number) {
        return at(CR0, number, 16);
    }

    public static Reg debug(int number) {
        return at(DR0, number, 16);
    }

    private static Reg at(Reg first, int number, int count) {
        if (number < 0 || number >= count) {
            throw new IllegalArgumentException("no register has number " + number + " in the row of " + first);
        }
        return ALL[first.ordinal() + number];
    }

    public Kind kind() {
        return kind;
    }

    /** Width in bytes. */
    public int size() {
        return size;
    }

    /** Number by which instructions name it; for AH to BH, the one of the register it is part of. */
    public int number() {
        return number;
    }

    /** The number as it is encoded: AH to BH are 4 to 7. */
    int code() {
        return kind == Kind.HIGH_BYTE ? number + 4 : number;
    }

    boolean isGeneral() {
        return kind == Kind.GENERAL || kind == Kind.HIGH_BYTE;
    }

    /** SPL, BPL, SIL, DIL: byte registers that only a REX prefix reaches. */
    boolean demandsRex() {
        return kind == Kind.GENERAL && size == 1 && number >= 4;
    }

    /** Whether it exists in 64-bit code only. */
    boolean isOnlyIn64Bit() {
        return number >= 8 || demandsRex() || kind == Kind.POINTER || kind == Kind.GENERAL && size == 8;
    }
}

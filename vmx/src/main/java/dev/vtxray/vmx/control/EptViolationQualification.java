package dev.vtxray.vmx.control;

/**
 * Exit qualification of EPT violations: what was tried (bits 2:0), what the EPT entries allow (6:3), how the address
 * came about (11:7), and NMI unblocking (12). Bits are combined with {@code |}.
 *
 * <p>SDM, Exit Qualification for EPT Violations.
 */
public final class EptViolationQualification {
    // @formatter:off
    public static final long READ                       = 1 << 0;
    public static final long WRITE                      = 1 << 1;
    public static final long FETCH                      = 1 << 2;
    public static final long READABLE                   = 1 << 3;
    public static final long WRITABLE                   = 1 << 4;
    public static final long EXECUTABLE                 = 1 << 5;
    public static final long USER_EXECUTABLE            = 1 << 6;
    public static final long LINEAR_ADDRESS_VALID       = 1 << 7;
    public static final long FINAL_TRANSLATION          = 1 << 8;
    public static final long USER_MODE_ADDRESS          = 1 << 9;
    public static final long GUEST_WRITABLE             = 1 << 10;
    public static final long GUEST_EXECUTE_DISABLE      = 1 << 11;
    public static final long NMI_UNBLOCKING_DUE_TO_IRET = 1 << 12;
    // @formatter:on

    private static final int PERMISSION_SHIFT = 3;

    private EptViolationQualification() {}

    /**
     * Bits 6:3 from the permissions of the EPT entries used.
     *
     * @param permissions the AND of their bits 2:0; with mode-based execute control bit 3 for their bits 10
     */
    public static long allowed(int permissions) {
        return (permissions & 0xFL) << PERMISSION_SHIFT;
    }

    /** The AND of bits 2:0 of the EPT entries used, and in bit 3 of their bits 10. */
    public static int allowedBy(long qualification) {
        return (int) (qualification >> PERMISSION_SHIFT) & 0xF;
    }

    /** Whether bit or bits {@code which} are all set. */
    public static boolean has(long qualification, long which) {
        return (qualification & which) == which;
    }

    /** Whether the denied access read or changed a paging-structure entry, on the way to the final page. */
    public static boolean isPageWalk(long qualification) {
        return (qualification & (LINEAR_ADDRESS_VALID | FINAL_TRANSLATION)) == LINEAR_ADDRESS_VALID;
    }
}

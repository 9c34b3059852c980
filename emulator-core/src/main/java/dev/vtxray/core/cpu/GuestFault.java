package dev.vtxray.core.cpu;

/**
 * An exception of the guest, on its way from the place that found it to the place that delivers it.
 *
 * <p>It travels as a Java exception inside {@code run()} only and never leaves it. Nothing has been committed when it is
 * thrown, so nothing has to be undone.
 */
public final class GuestFault extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int NO_ERROR_CODE = -1;

    private final int vector;
    private final int errorCode;
    private final long linearAddress;
    private final boolean nonCanonical;

    private GuestFault(int vector, int errorCode, long linearAddress, boolean nonCanonical) {
        super(null, null, false, false);
        this.vector = vector;
        this.errorCode = errorCode;
        this.linearAddress = linearAddress;
        this.nonCanonical = nonCanonical;
    }

    /** A fault without error code. */
    public static GuestFault of(int vector) {
        return new GuestFault(vector, NO_ERROR_CODE, 0, false);
    }

    /** A fault with an error code (0-FFFFH). */
    public static GuestFault of(int vector, int errorCode) {
        return new GuestFault(vector, errorCode, 0, false);
    }

    /** #UD. */
    public static GuestFault undefinedOpcode() {
        return of(Vector.UD);
    }

    /** #GP(0). */
    public static GuestFault generalProtection() {
        return of(Vector.GP, 0);
    }

    /** #GP with an error code, usually a selector. */
    public static GuestFault generalProtection(int errorCode) {
        return of(Vector.GP, errorCode);
    }

    /** A data access to a non-canonical address: #GP(0), or #SS(0) if it was made through SS. */
    public static GuestFault nonCanonical(long linearAddress) {
        return new GuestFault(Vector.GP, 0, linearAddress, true);
    }

    /** #PF; the linear address goes to CR2 when it is delivered. */
    public static GuestFault pageFault(long linearAddress, int errorCode) {
        return new GuestFault(Vector.PF, errorCode, linearAddress, false);
    }

    /** #DB; the causes go to DR6 when it is delivered. */
    public static GuestFault debug(long dr6Causes) {
        return new GuestFault(Vector.DB, NO_ERROR_CODE, dr6Causes, false);
    }

    /** The exception's vector, 0-31. */
    public int vector() {
        return vector;
    }

    /** The error code, or -1 if this exception has none. */
    public int errorCode() {
        return errorCode;
    }

    /** Whether it was found by the canonicality check of a data access. */
    public boolean isNonCanonical() {
        return nonCanonical;
    }

    /** For #PF the linear address that faulted, for #DB the causes that go to DR6, otherwise 0. */
    public long linearAddress() {
        return linearAddress;
    }

    @Override
    public String getMessage() {
        return Vector.nameOf(vector) + (errorCode < 0 ? "" : "(" + Integer.toHexString(errorCode) + "H)");
    }
}

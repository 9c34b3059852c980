package dev.vtxray.core.port;

/** What may be written to CR0 and CR4, and what a read of them shows, beyond the rules of the base architecture. */
public interface ControlRegisterPolicy {
    /** Whether CR0 may take {@code value}; otherwise the write is a general-protection exception. */
    boolean allowsCr0(long value);

    /** Whether CR4 may take {@code value}; otherwise the write is a general-protection exception. */
    boolean allowsCr4(long value);

    /** What the running software reads from CR0. */
    long readCr0(long cr0);

    /** What the running software reads from CR4. */
    long readCr4(long cr4);

    /** The value that CR0 takes when the running software writes {@code written} while it holds {@code current}. */
    long mergeCr0(long current, long written);

    /** The value that CR4 takes when the running software writes {@code written} while it holds {@code current}. */
    long mergeCr4(long current, long written);
}

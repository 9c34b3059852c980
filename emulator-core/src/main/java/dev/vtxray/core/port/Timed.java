package dev.vtxray.core.port;

/**
 * Something that acts by itself at a moment in the future. Nobody polls it: the machine runs exactly up to the nearest
 * deadline and then tells it the time.
 */
public interface Timed {
    /** Answer of {@link #nextDeadline()} when nothing is planned. */
    long NEVER = Long.MAX_VALUE;

    /** The time, on the machine's {@link Clock}, at which it wants to act next, or {@link #NEVER}. */
    long nextDeadline();

    /** The time is now {@code now}: act on every deadline that is not after it. */
    void advanceTo(long now);
}

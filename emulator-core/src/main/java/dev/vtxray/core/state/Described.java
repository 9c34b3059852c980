package dev.vtxray.core.state;

/** A component whose whole state can be walked. */
public interface Described {
    /** Shows every item of state to the visitor, always in the same order. */
    void describe(StateVisitor visitor);

    /** Called after a visitor has written all items: derives anew what follows from them and is not state itself. */
    default void restored() {}
}

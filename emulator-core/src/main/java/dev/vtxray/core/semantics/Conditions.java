package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Flags;

/** The sixteen conditions of Jcc, SETcc and CMOVcc, in the order of their encoding. */
final class Conditions {
    /** Suffixes in the order of the encoding. */
    static final String[] NAMES = {
        "O", "NO", "B", "AE", "E", "NE", "BE", "A", "S", "NS", "P", "NP", "L", "GE", "LE", "G"
    };

    /** Flags that each pair of conditions reads. */
    static final String[] READS = {"O", "C", "Z", "CZ", "S", "P", "SO", "ZSO"};

    private Conditions() {}

    /** One condition. */
    @FunctionalInterface
    interface Condition {
        boolean holds(Flags flags);
    }

    /** The conditions in the order of their encoding. */
    static final Condition[] TESTS = {
        Flags::of,
        flags -> !flags.of(),
        Flags::cf,
        flags -> !flags.cf(),
        Flags::zf,
        flags -> !flags.zf(),
        flags -> flags.cf() || flags.zf(),
        flags -> !flags.cf() && !flags.zf(),
        Flags::sf,
        flags -> !flags.sf(),
        Flags::pf,
        flags -> !flags.pf(),
        flags -> flags.sf() != flags.of(),
        flags -> flags.sf() == flags.of(),
        flags -> flags.zf() || flags.sf() != flags.of(),
        flags -> !flags.zf() && flags.sf() == flags.of()
    };
}

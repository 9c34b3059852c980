package dev.vtxray.vmx.entry;

import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Something that is true or false of an {@link EntryState}: in words, as a predicate, and with the bits of the fields
 * that decide it. They must be complete, because a VM entry evaluates only what looks at a changed bit.
 */
final class Condition {
    static final Condition ALWAYS = new Condition("always", s -> true, Map.of(), false);

    private final String words;
    private final Test test;
    private final Map<VmcsField, Long> bits;
    private final boolean looksOutsideVmcs;

    /** A predicate over the state; it has no effect and allocates nothing. */
    interface Test {
        boolean holds(EntryState s);
    }

    private Condition(String words, Test test, Map<VmcsField, Long> bits, boolean looksOutsideVmcs) {
        this.words = words;
        this.test = test;
        this.bits = bits;
        this.looksOutsideVmcs = looksOutsideVmcs;
    }

    /** A condition on the named fields and constants of the processor, and on nothing else. */
    static Condition that(String words, Test test, VmcsField... fields) {
        Map<VmcsField, Long> bits = new LinkedHashMap<>();
        for (VmcsField field : fields) {
            bits.put(field, -1L);
        }
        return new Condition(words, test, bits, false);
    }

    /** A condition on some bits of one field. */
    static Condition that(String words, Test test, VmcsField field, long mask) {
        return new Condition(words, test, Map.of(field, mask), false);
    }

    /** This condition, looking also at memory or at what the processor is doing: never known from an earlier entry. */
    Condition lookingOutsideVmcs() {
        return new Condition(words, test, bits, true);
    }

    /** This condition, whose predicate looks also at bits of another field. */
    Condition lookingAlsoAt(VmcsField field, long mask) {
        Map<VmcsField, Long> more = new LinkedHashMap<>(bits);
        more.merge(field, mask, (a, b) -> a | b);
        return new Condition(words, test, more, looksOutsideVmcs);
    }

    /** This condition said in other words. */
    Condition as(String otherWords) {
        return new Condition(otherWords, test, bits, looksOutsideVmcs);
    }

    Condition and(Condition other) {
        Test first = test;
        Test second = other.test;
        return combined(words + " and " + other.words, s -> first.holds(s) && second.holds(s), other);
    }

    Condition or(Condition other) {
        Test first = test;
        Test second = other.test;
        return combined(words + " or " + other.words, s -> first.holds(s) || second.holds(s), other);
    }

    private Condition combined(String bothWords, Test both, Condition other) {
        Map<VmcsField, Long> union = new LinkedHashMap<>(bits);
        other.bits.forEach((field, mask) -> union.merge(field, mask, (a, b) -> a | b));
        return new Condition(bothWords, both, union, looksOutsideVmcs || other.looksOutsideVmcs);
    }

    boolean holds(EntryState s) {
        return test.holds(s);
    }

    String words() {
        return words;
    }

    /** The fields that decide, with the bits that do. */
    Map<VmcsField, Long> bits() {
        return Collections.unmodifiableMap(bits);
    }

    boolean looksOutsideVmcs() {
        return looksOutsideVmcs;
    }
}

package dev.vtxray.vmx.entry;

import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Something that is true or false of an {@link EntryState}: in words, as a predicate, and with the fields that decide it.
 * The fields must be complete, because a VM entry evaluates only what looks at a changed field.
 */
final class Condition {
    static final Condition ALWAYS = new Condition("always", s -> true, Set.of(), false);

    private final String words;
    private final Test test;
    private final Set<VmcsField> fields;
    private final boolean looksOutsideVmcs;

    /** A predicate over the state; it has no effect and allocates nothing. */
    interface Test {
        boolean holds(EntryState s);
    }

    private Condition(String words, Test test, Set<VmcsField> fields, boolean looksOutsideVmcs) {
        this.words = words;
        this.test = test;
        this.fields = fields;
        this.looksOutsideVmcs = looksOutsideVmcs;
    }

    /** A condition on the named fields and constants of the processor, and on nothing else. */
    static Condition that(String words, Test test, VmcsField... fields) {
        return new Condition(words, test, new LinkedHashSet<>(List.of(fields)), false);
    }

    /** This condition, looking also at memory or at what the processor is doing: never known from an earlier entry. */
    Condition lookingOutsideVmcs() {
        return new Condition(words, test, fields, true);
    }

    /** This condition said in other words. */
    Condition as(String otherWords) {
        return new Condition(otherWords, test, fields, looksOutsideVmcs);
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
        Set<VmcsField> union = new LinkedHashSet<>(fields);
        union.addAll(other.fields);
        return new Condition(bothWords, both, union, looksOutsideVmcs || other.looksOutsideVmcs);
    }

    boolean holds(EntryState s) {
        return test.holds(s);
    }

    String words() {
        return words;
    }

    Set<VmcsField> fields() {
        return Collections.unmodifiableSet(fields);
    }

    boolean looksOutsideVmcs() {
        return looksOutsideVmcs;
    }
}

package dev.vtxray.vmx.entry;

import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One check of a VM entry. */
public final class VmEntryCheck {
    private final String id;
    private final CheckSection section;
    private final EntryOutcome outcome;
    private final Condition when;
    private final Condition must;
    private final Map<VmcsField, Long> bits;

    VmEntryCheck(String id, CheckSection section, EntryOutcome outcome, Condition when, Condition must) {
        this.id = id;
        this.section = section;
        this.outcome = outcome;
        this.when = when;
        this.must = must;
        this.bits = new LinkedHashMap<>(must.bits());
        when.bits().forEach((field, mask) -> bits.merge(field, mask, (a, b) -> a | b));
    }

    /** The identifier, such as {@code "GUEST-RFL-02"}. */
    public String id() {
        return id;
    }

    /** The section of the manual that asks for it. */
    public CheckSection section() {
        return section;
    }

    /** What happens if the check fails. */
    public EntryOutcome outcome() {
        return outcome;
    }

    /** The rule in words. */
    public String rule() {
        return when == Condition.ALWAYS ? must.words() : "if %s: %s".formatted(when.words(), must.words());
    }

    /** The fields that decide it: first those that must have some value, then those that say whether they must. */
    public List<VmcsField> fields() {
        return List.copyOf(bits.keySet());
    }

    /** The bits of a field that take part in the decision; 0 for a field that does not. */
    long bitsOf(VmcsField field) {
        return bits.getOrDefault(field, 0L);
    }

    /** Whether memory or the processor's own state takes part in the decision. */
    public boolean looksOutsideVmcs() {
        return when.looksOutsideVmcs() || must.looksOutsideVmcs();
    }

    /**
     * Whether the row decides by itself. The rows of {@link CheckSection.Group#BASIC} and
     * {@link CheckSection.Group#MSR_LOAD} are carried out elsewhere and stand here to be named.
     */
    public boolean isEvaluated() {
        return section.group() != CheckSection.Group.BASIC && section.group() != CheckSection.Group.MSR_LOAD;
    }

    /** Whether the rule says anything about this state. */
    public boolean applies(EntryState state) {
        return when.holds(state);
    }

    /** Whether this state obeys the rule. */
    public boolean passes(EntryState state) {
        return !when.holds(state) || must.holds(state);
    }

    @Override
    public String toString() {
        return id;
    }
}

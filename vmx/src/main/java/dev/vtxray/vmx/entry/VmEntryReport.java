package dev.vtxray.vmx.entry;

import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.List;

/**
 * Why a VM entry failed: every rule violated, of which hardware would have stopped at the first, and the values seen.
 *
 * @param violations           the violated rules in order; empty if the entry passes
 * @param passedControlAndHost how many rules on controls and host state apply and hold
 * @param passedGuest          how many rules on guest state apply and hold
 */
public record VmEntryReport(List<Violation> violations, int passedControlAndHost, int passedGuest) {
    /** One violated rule, with what it looked at. */
    public record Violation(VmEntryCheck check, List<Seen> seen) {}

    /** The value of a field at the time of the entry. */
    public record Seen(VmcsField field, long value) {
        /** For example {@code "GUEST_RFLAGS (6820H) = 0000_0000_0000_0002"}. */
        public String text() {
            String digits = ("%0" + field.width().bits() / 4 + "X").formatted(value);
            return "%s (%04XH) = %s".formatted(field, field.encoding(), digits.replaceAll("(?<=.)(?=(....)+$)", "_"));
        }
    }

    static VmEntryReport of(List<VmEntryCheck> violated, int passedControlAndHost, int passedGuest, EntryState state) {
        List<Violation> violations = new ArrayList<>();
        for (VmEntryCheck check : violated) {
            List<Seen> seen = new ArrayList<>();
            for (VmcsField field : check.fields()) {
                seen.add(new Seen(field, state.get(field)));
            }
            violations.add(new Violation(check, List.copyOf(seen)));
        }
        return new VmEntryReport(List.copyOf(violations), passedControlAndHost, passedGuest);
    }

    /** Whether nothing is violated. */
    public boolean passes() {
        return violations.isEmpty();
    }

    /**
     * The report as text, several lines without a final line break.
     */
    public String render() {
        if (passes()) {
            return "VM entry passes all checks: " + passed();
        }
        StringBuilder text = new StringBuilder();
        VmEntryCheck decisive = violations.get(0).check();
        text.append("VM entry failed: ").append(decisive.outcome().text());
        append(text, violations.get(0));
        String others = violations.size() == 1 ? "none" : Integer.toString(violations.size() - 1);
        text.append("\n  also violated: %s        passed: %s".formatted(others, passed()));
        for (Violation violation : violations.subList(1, violations.size())) {
            append(text, violation);
        }
        return text.toString();
    }

    private String passed() {
        return "%d control and host checks, %d guest checks".formatted(passedControlAndHost, passedGuest);
    }

    private static void append(StringBuilder text, Violation violation) {
        VmEntryCheck check = violation.check();
        String rule = "rule  " + check.rule();
        text.append("\n  %s  %s".formatted(check.id(), check.section().title()));
        String lead = "\n     " + rule + "          saw  ";
        if (violation.seen().isEmpty()) {
            text.append("\n     ").append(rule);
        }
        for (Seen seen : violation.seen()) {
            text.append(lead).append(seen.text());
            lead = "\n     " + " ".repeat(rule.length()) + "               ";
        }
    }
}

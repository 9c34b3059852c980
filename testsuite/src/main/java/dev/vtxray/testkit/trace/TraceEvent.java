package dev.vtxray.testkit.trace;

import java.util.Arrays;
import java.util.List;

/**
 * One event of a trace. Two events are equal if everything about them is.
 *
 * @param kind         what happened
 * @param cpu          number of the CPU; 0 for output, which has none
 * @param instructions retired on that CPU before; 0 for output
 * @param values       what software could find out at this moment, in the order of the kind's names
 */
public record TraceEvent(Kind kind, int cpu, long instructions, List<Long> values) {
    /** What can happen, with the names of the values that describe it. */
    public enum Kind {
        /** A VM entry that succeeded: general registers and all fields of the VMCS. */
        ENTRY(GuestTrace.STATE_NAMES),
        /** A VM exit, or a VM entry that failed on guest state: general registers and all fields of the VMCS. */
        EXIT(GuestTrace.STATE_NAMES),
        /** A VM entry refused with an error number, 0 for VMfailInvalid. */
        REFUSAL(List.of("error")),
        /** A byte on the serial port. */
        OUTPUT(List.of("byte"));

        private final List<String> names;

        Kind(List<String> names) {
            this.names = names;
        }
    }

    static TraceEvent of(Kind kind, int cpu, long instructions, long[] values) {
        return new TraceEvent(
                kind, cpu, instructions, Arrays.stream(values).boxed().toList());
    }

    /** Where this event differs from another: one line for each value, empty if they are equal. */
    public String differences(TraceEvent other) {
        if (kind != other.kind || cpu != other.cpu) {
            return "%s on CPU %d, not %s on CPU %d".formatted(kind, cpu, other.kind, other.cpu);
        }
        StringBuilder text = new StringBuilder();
        difference(text, "instructions", instructions, other.instructions);
        for (int i = 0; i < values.size(); i++) {
            difference(text, kind.names.get(i), values.get(i), other.values.get(i));
        }
        return text.toString();
    }

    private static void difference(StringBuilder text, String name, long value, long other) {
        if (value != other) {
            text.append("%s: %XH, not %XH%n".formatted(name, value, other));
        }
    }

    @Override
    public String toString() {
        StringBuilder text =
                new StringBuilder("%s on CPU %d after %d instructions:".formatted(kind, cpu, instructions));
        for (int i = 0; i < values.size(); i++) {
            if (values.get(i) != 0) {
                text.append(" %s=%X".formatted(kind.names.get(i), values.get(i)));
            }
        }
        return text.toString();
    }
}

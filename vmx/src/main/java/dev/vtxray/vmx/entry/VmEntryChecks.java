package dev.vtxray.vmx.entry;

import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The table of all VM-entry checks, and the ways to ask it.
 *
 * <p>SDM, VM Entries. The order is the one the manual recommends: controls, host state, guest state, each in the order
 * of its sections; the first row that fails decides.
 */
public final class VmEntryChecks {
    private static final List<VmEntryCheck> ALL = Stream.of(
                    BasicChecks.ROWS,
                    ControlChecks.ROWS,
                    ExitControlChecks.ROWS,
                    EntryControlChecks.ROWS,
                    HostChecks.REGISTERS,
                    HostChecks.SEGMENTS,
                    HostChecks.ADDRESS_SPACE_SIZE,
                    GuestRegisterChecks.CONTROL_REGISTERS_AND_MSRS,
                    GuestSegmentChecks.ROWS,
                    GuestRegisterChecks.DESCRIPTOR_TABLES,
                    GuestRegisterChecks.RIP_AND_RFLAGS,
                    GuestNonRegisterChecks.ROWS,
                    GuestPdpteChecks.ROWS,
                    BasicChecks.MSR_LOADING)
            .flatMap(List::stream)
            .toList();

    private static final VmEntryCheck[] EVALUATED =
            ALL.stream().filter(VmEntryCheck::isEvaluated).toArray(VmEntryCheck[]::new);

    /** How many words a set of evaluated rows takes. */
    static final int ROW_WORDS = (EVALUATED.length + 63) / 64;

    /** For each field, by ordinal, what looks at it. */
    private static final Dependents[][] DEPENDENTS = dependents();

    private static final long[] ROWS_LOOKING_OUTSIDE = rowsLookingOutside();

    /** The rows that look at the same bits of a field. */
    private record Dependents(long bits, long[] rows) {}

    private VmEntryChecks() {}

    /** Every row in order, those that are carried out elsewhere included. */
    public static List<VmEntryCheck> all() {
        return ALL;
    }

    /**
     * The first check that fails, or null if all pass. Evaluates every row.
     *
     * @param state prepared for this entry
     */
    public static @Nullable VmEntryCheck firstViolation(EntryState state) {
        for (VmEntryCheck check : EVALUATED) {
            if (!check.passes(state)) {
                return check;
            }
        }
        return null;
    }

    /**
     * The first check that fails, or null if all pass: the same answer as {@link #firstViolation}, found by evaluating
     * only rows that look at a bit changed since the last entry that this state let through, or at something outside
     * the VMCS. If all pass, the VMCS remembers that.
     *
     * @param state prepared for this entry; always the same object for one virtual CPU
     */
    public static @Nullable VmEntryCheck firstViolationOfChanges(EntryState state) {
        Vmcs vmcs = state.vmcs();
        VmEntryCheck violation = vmcs.wasCheckedBy(state) ? firstViolationAmongChanged(state) : firstViolation(state);
        if (violation == null) {
            vmcs.markChecked(state);
        }
        return violation;
    }

    /** All checks that fail, not only the first, with what they saw. */
    public static VmEntryReport report(EntryState state) {
        List<VmEntryCheck> violated = new ArrayList<>();
        int passedControlAndHost = 0;
        int passedGuest = 0;
        for (VmEntryCheck check : EVALUATED) {
            if (!check.passes(state)) {
                violated.add(check);
            } else if (!check.applies(state)) {
                continue;
            } else if (check.section().group() == CheckSection.Group.GUEST) {
                passedGuest++;
            } else {
                passedControlAndHost++;
            }
        }
        return VmEntryReport.of(violated, passedControlAndHost, passedGuest, state);
    }

    /** The table as a Markdown page: a section per chapter of the manual, a row per check. */
    public static String toMarkdown() {
        StringBuilder page =
                new StringBuilder("# VM-entry checks\n\nGenerated from the table in `dev.vtxray.vmx.entry`.\n");
        CheckSection section = null;
        for (VmEntryCheck check : ALL) {
            if (check.section() != section) {
                section = check.section();
                page.append("\n## %s\n\n| id | rule | if violated |\n|---|---|---|\n".formatted(section.title()));
            }
            page.append("| %s | %s | %s |\n"
                    .formatted(check.id(), check.rule(), check.outcome().text()));
        }
        return page.toString();
    }

    private static @Nullable VmEntryCheck firstViolationAmongChanged(EntryState state) {
        long[] rows = state.rowsToEvaluate;
        System.arraycopy(ROWS_LOOKING_OUTSIDE, 0, rows, 0, ROW_WORDS);
        for (int word = 0; word < Vmcs.changeWords(); word++) {
            for (long left = state.vmcs().changedFields(word); left != 0; left &= left - 1) {
                addDependents(rows, word << 6 | Long.numberOfTrailingZeros(left), state.vmcs());
            }
        }
        return firstViolationIn(rows, state);
    }

    private static @Nullable VmEntryCheck firstViolationIn(long[] rows, EntryState state) {
        for (int word = 0; word < ROW_WORDS; word++) {
            for (long left = rows[word]; left != 0; left &= left - 1) {
                VmEntryCheck check = EVALUATED[word << 6 | Long.numberOfTrailingZeros(left)];
                if (!check.passes(state)) {
                    return check;
                }
            }
        }
        return null;
    }

    private static void addDependents(long[] rows, int field, Vmcs vmcs) {
        long changed = vmcs.changedBits(field);
        for (Dependents dependents : DEPENDENTS[field]) {
            if ((changed & dependents.bits) != 0) {
                for (int word = 0; word < ROW_WORDS; word++) {
                    rows[word] |= dependents.rows[word];
                }
            }
        }
    }

    private static Dependents[][] dependents() {
        Dependents[][] dependents = new Dependents[VmcsField.COUNT][];
        for (VmcsField field : VmcsField.values()) {
            Map<Long, long[]> rowsByBits = new LinkedHashMap<>();
            for (int i = 0; i < EVALUATED.length; i++) {
                long bits = EVALUATED[i].bitsOf(field);
                if (bits != 0) {
                    rowsByBits.computeIfAbsent(bits, b -> new long[ROW_WORDS])[i >> 6] |= 1L << i;
                }
            }
            dependents[field.ordinal()] = rowsByBits.entrySet().stream()
                    .map(entry -> new Dependents(entry.getKey(), entry.getValue()))
                    .toArray(Dependents[]::new);
        }
        return dependents;
    }

    private static long[] rowsLookingOutside() {
        long[] rows = new long[ROW_WORDS];
        for (int i = 0; i < EVALUATED.length; i++) {
            if (EVALUATED[i].looksOutsideVmcs()) {
                rows[i >> 6] |= 1L << i;
            }
        }
        return rows;
    }
}

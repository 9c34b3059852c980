package dev.vtxray.vmx.entry;

import dev.vtxray.vmx.SpecFile;
import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A row of vm-entry-checks.csv of tier 1 or 2, with its predicates parsed. */
record SpecificationRow(
        String id, String title, String outcome, PredicateParser.Parsed appliesIf, PredicateParser.Parsed mustHold) {
    private static final Map<String, ControlWord> WORDS = Map.of(
            "pin", ControlWord.PIN_BASED,
            "proc", ControlWord.PRIMARY_PROCESSOR_BASED,
            "proc2", ControlWord.SECONDARY_PROCESSOR_BASED,
            "exit", ControlWord.VM_EXIT,
            "entry", ControlWord.VM_ENTRY,
            "vmfunc", ControlWord.VM_FUNCTION);

    /** Rows on memory count only if these passed, which look at the address. */
    private static final Map<String, List<String>> FIRST = Map.of(
            "CTRL-TPR-02", List.of("CTRL-VAPIC-01a", "CTRL-VAPIC-01b"),
            "GUEST-LINK-03", List.of("GUEST-LINK-01", "GUEST-LINK-02"),
            "GUEST-LINK-04", List.of("GUEST-LINK-01", "GUEST-LINK-02"));

    /** All rows of tier 1 and 2, in the order of the file. */
    static final List<SpecificationRow> ALL = read();

    static final Map<String, SpecificationRow> BY_ID =
            ALL.stream().collect(Collectors.toMap(SpecificationRow::id, Function.identity()));

    private static List<SpecificationRow> read() {
        List<SpecificationRow> rows = new ArrayList<>();
        for (Map<String, String> row : SpecFile.rows("vm-entry-checks.csv")) {
            if (!row.get("tier").equals("3")) {
                rows.add(new SpecificationRow(
                        row.get("id"),
                        row.get("section_title"),
                        row.get("outcome"),
                        PredicateParser.parse(row.get("applies_if")),
                        PredicateParser.parse(row.get("must_hold"))));
            }
        }
        return rows;
    }

    boolean passes(PredicateEvaluator facts) {
        for (String first : FIRST.getOrDefault(id, List.of())) {
            if (!BY_ID.get(first).passes(facts)) {
                return true;
            }
        }
        return !appliesIf.holds(facts) || mustHold.holds(facts);
    }

    /** The fields that the predicates name, those behind effective control words included. */
    Set<VmcsField> fields() {
        Set<VmcsField> fields = EnumSet.noneOf(VmcsField.class);
        for (PredicateParser.Parsed part : List.of(appliesIf, mustHold)) {
            part.names().forEach(name -> addFields(name, fields));
        }
        return fields;
    }

    boolean looksOutsideVmcs() {
        return names().contains("cpu.EFER_LMA")
                || names().contains("cpu.in_SMM")
                || names().contains("cpu.current_vmcs")
                || id.equals("CTRL-TPR-02")
                || id.equals("GUEST-LINK-03")
                || id.equals("GUEST-LINK-04")
                || id.equals("GUEST-PDPTE-02");
    }

    private Set<String> names() {
        return Stream.of(appliesIf, mustHold)
                .flatMap(part -> part.names().stream())
                .collect(Collectors.toSet());
    }

    private static void addFields(String name, Set<VmcsField> fields) {
        String prefix = name.replaceAll("\\..*", "");
        if (WORDS.containsKey(prefix)) {
            fields.addAll(List.of(Conditions.fieldsOf(WORDS.get(prefix))));
        } else if (prefix.equals("inj")) {
            fields.add(VmcsField.VM_ENTRY_INTERRUPTION_INFO);
        } else if (prefix.equals("intr")) {
            fields.add(VmcsField.GUEST_INTERRUPTIBILITY_STATE);
        } else if (prefix.matches("[CSDEFG]S|LDTR|TR")) {
            fields.add(VmcsField.valueOf("GUEST_" + prefix + "_ACCESS_RIGHTS"));
        } else {
            for (VmcsField field : VmcsField.values()) {
                if (field.name().equals(prefix)) {
                    fields.add(field);
                }
            }
        }
    }
}

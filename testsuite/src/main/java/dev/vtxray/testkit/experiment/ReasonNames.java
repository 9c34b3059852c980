package dev.vtxray.testkit.experiment;

import dev.vtxray.vmx.control.ExitReason;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Exit reasons as people write them. */
public final class ReasonNames {
    /** Words of their names that are acronyms or instructions. */
    private static final Set<String> CAPITALS = Set.of(
            "NMI", "INIT", "IPI", "IO", "SMI", "CR", "DR", "TPR", "APIC", "EOI", "GDTR", "IDTR", "LDTR", "TR", "EPT",
            "PML", "MSR");

    private static final Map<String, String> WRITTEN = Map.of("IO", "I/O");

    private ReasonNames() {}

    /** Such as {@code APIC access}, or the mnemonic of an instruction. */
    public static String inWords(ExitReason reason) {
        if (!reason.name().contains("_")) {
            return reason.name();
        }
        return Arrays.stream(reason.name().split("_"))
                .map(word -> CAPITALS.contains(word) ? WRITTEN.getOrDefault(word, word) : word.toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(" "));
    }
}

package dev.vtxray.nested;

import dev.vtxray.vmx.control.ExitReason;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What each nested exit costs: the hardware exits from the one that began it to L1's VMRESUME that ended it, told apart by
 * what they were for. An episode belongs to the reason that L1 saw.
 */
public final class EpisodeLedger {
    /** What an exit inside an episode is for. */
    public enum Part {
        /** The exit of L2 that was reflected, or the external interrupt that brought L0 in. */
        TRIGGER,
        VMREAD,
        VMWRITE,
        /** L1's VMLAUNCH or VMRESUME. */
        ENTRY,
        /** L1's accesses to its own interrupt-command register. */
        OWN_IPI,
        /** L1's end-of-interrupt to its own local APIC. */
        OWN_EOI,
        /** L1's own HLT. */
        OWN_HLT,
        OTHER
    }

    /** Totals over all episodes of one reason. */
    public static final class Totals {
        private long episodes;
        private final long[] parts = new long[Part.values().length];

        /** Episodes that ended. */
        public long episodes() {
            return episodes;
        }

        /** Hardware exits of one kind in them. */
        public long exits(Part part) {
            return parts[part.ordinal()];
        }

        /** Hardware exits that the nested exit itself costs: E0 = 2 + R + W. */
        public long nestedCost() {
            return exits(Part.TRIGGER) + exits(Part.VMREAD) + exits(Part.VMWRITE) + exits(Part.ENTRY);
        }
    }

    private static final class Episode {
        private final ExitReason reason;
        private final long[] parts = new long[Part.values().length];

        Episode(ExitReason reason) {
            this.reason = reason;
        }
    }

    private final SortedMap<Integer, Episode> open = new TreeMap<>();
    private final Map<ExitReason, Totals> totals = new EnumMap<>(ExitReason.class);
    private boolean triggeredByHardware;

    /** L1 has been put in the place of L2. */
    void nestedExit(int cpu, ExitReason reason, boolean hardwareExitBefore) {
        Episode episode = new Episode(reason);
        if (hardwareExitBefore) {
            episode.parts[Part.TRIGGER.ordinal()]++;
        }
        open.put(cpu, episode);
    }

    /** An exit, while an episode is open on its CPU or not. */
    void hardwareExit(int cpu, ExitKey key) {
        triggeredByHardware = true;
        Episode episode = open.get(cpu);
        if (episode != null && key.level() == Level.L1) {
            episode.parts[partOf(key).ordinal()]++;
        }
    }

    /** Whether the last thing that happened was an exit of the hardware; asked once per exit. */
    boolean takeTrigger() {
        boolean result = triggeredByHardware;
        triggeredByHardware = false;
        return result;
    }

    /** A nested entry has succeeded. */
    void nestedEntry(int cpu) {
        Episode episode = open.remove(cpu);
        if (episode == null) {
            return;
        }
        Totals sum = totals.computeIfAbsent(episode.reason, unused -> new Totals());
        sum.episodes++;
        for (int i = 0; i < episode.parts.length; i++) {
            sum.parts[i] += episode.parts[i];
        }
    }

    /** Totals by the reason that L1 saw. */
    public Map<ExitReason, Totals> totals() {
        return Collections.unmodifiableMap(new EnumMap<>(totals));
    }

    /** Totals of one reason; zeros if there was none. */
    public Totals totals(ExitReason reason) {
        return totals.getOrDefault(reason, new Totals());
    }

    private static Part partOf(ExitKey key) {
        return switch (key.reason()) {
            case VMREAD -> Part.VMREAD;
            case VMWRITE -> Part.VMWRITE;
            case VMLAUNCH, VMRESUME -> Part.ENTRY;
            case HLT -> Part.OWN_HLT;
            case EPT_VIOLATION ->
                switch ((int) key.subKey() & 0xFFF) {
                    case 0x300, 0x310 -> Part.OWN_IPI;
                    case 0x0B0 -> Part.OWN_EOI;
                    default -> Part.OTHER;
                };
            case WRMSR ->
                switch ((int) key.subKey()) {
                    case 0x830 -> Part.OWN_IPI;
                    case 0x80B -> Part.OWN_EOI;
                    default -> Part.OTHER;
                };
            default -> Part.OTHER;
        };
    }
}

package dev.vtxray.testkit.experiment;

import dev.vtxray.nested.Level;
import dev.vtxray.vmx.control.ExitReason;
import java.util.List;

/**
 * What happened on every CPU while one IPI went from sender to receiver.
 *
 * @param title names the run, such as {@code APICv off}
 * @param from the first instruction shown, counted over all CPUs in the order in which they retired
 * @param to the last instruction shown
 * @param startLevels who runs on each CPU at the start
 * @param exits the hardware exits in the order in which they happened
 */
public record SwimLane(String title, long from, long to, List<Level> startLevels, List<Exit> exits) {
    public SwimLane {
        startLevels = List.copyOf(startLevels);
        exits = List.copyOf(exits);
        if (from > to) {
            throw new IllegalArgumentException("a picture from instruction %d to %d".formatted(from, to));
        }
        long last = from;
        for (Exit exit : exits) {
            if (exit.at() < last || exit.at() > to) {
                throw new IllegalArgumentException("%s is not in order inside %d to %d".formatted(exit, from, to));
            }
            if (exit.cpu() < 0 || exit.cpu() >= startLevels.size()) {
                throw new IllegalArgumentException("%s is on none of %d CPUs".formatted(exit, startLevels.size()));
            }
            last = exit.at();
        }
    }

    /**
     * One hardware exit and the entry after it.
     *
     * @param cpu where
     * @param at after how many retired instructions
     * @param from who ran
     * @param next whom L0 enters: L1 after an exit of L2 means a nested exit, L2 after an exit of L1 a nested entry
     * @param detail the APIC offset, VMCS field, MSR and so on, or nothing
     */
    public record Exit(int cpu, long at, Level from, Level next, ExitReason reason, String detail) {}
}

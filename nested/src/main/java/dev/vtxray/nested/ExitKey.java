package dev.vtxray.nested;

import dev.vtxray.vmx.control.ExitReason;
import java.util.Comparator;

/**
 * What exits are counted by: the level that was left, the basic exit reason, and a sub-key that depends on the reason.
 *
 * @param subKey CPUID leaf, I/O port, MSR index, APIC page offset or VMCS-field encoding; 0 where there is none
 */
public record ExitKey(Level level, ExitReason reason, long subKey) implements Comparable<ExitKey> {
    private static final Comparator<ExitKey> ORDER = Comparator.comparing(ExitKey::level)
            .thenComparingInt(key -> key.reason().number())
            .thenComparingLong(ExitKey::subKey);

    @Override
    public int compareTo(ExitKey other) {
        return ORDER.compare(this, other);
    }
}

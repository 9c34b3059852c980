package dev.vtxray.apic;

/**
 * What a model of the local APIC offers. CPUID must say the same.
 *
 * @param version                 bits 7:0 of the version register, 10H-15H
 * @param lvtEntries              number of entries of the local vector table, 4-7; with 7 there is LVT CMCI
 * @param eoiBroadcastSuppression whether SVR bit 12 can suppress EOI broadcasts
 * @param x2Apic                  whether there is x2APIC mode (CPUID.1:ECX[21])
 * @param tscDeadline             whether the timer has TSC-deadline mode (CPUID.1:ECX[24])
 * @param physicalAddressBits     MAXPHYADDR, 32-52: the width of the base address
 * @param cyclesPerTimerTick      clock cycles for one tick of the undivided timer, at least 1
 */
public record ApicFeatures(
        int version,
        int lvtEntries,
        boolean eoiBroadcastSuppression,
        boolean x2Apic,
        boolean tscDeadline,
        int physicalAddressBits,
        int cyclesPerTimerTick) {
    private static final int LVT_ENTRIES_WITH_CMCI = 7;

    /** @throws IllegalArgumentException if a component is out of its range */
    public ApicFeatures {
        checkRange("version", version, 0x10, 0x15);
        checkRange("lvtEntries", lvtEntries, 4, LVT_ENTRIES_WITH_CMCI);
        checkRange("physicalAddressBits", physicalAddressBits, 32, 52);
        checkRange("cyclesPerTimerTick", cyclesPerTimerTick, 1, Integer.MAX_VALUE);
    }

    /** Everything that this library can do, with 46 bits of physical address and a timer that ticks with the clock. */
    public static ApicFeatures all() {
        return new ApicFeatures(0x15, LVT_ENTRIES_WITH_CMCI, true, true, true, 46, 1);
    }

    boolean correctedMachineCheckInterrupt() {
        return lvtEntries >= LVT_ENTRIES_WITH_CMCI;
    }

    /** Contents of the version register. */
    int versionRegister() {
        return version | lvtEntries - 1 << 16 | (eoiBroadcastSuppression ? 1 << 24 : 0);
    }

    private static void checkRange(String component, int value, int low, int high) {
        if (value < low || value > high) {
            throw new IllegalArgumentException(
                    "ApicFeatures." + component + " is " + value + ", must be in " + low + ".." + high);
        }
    }
}

package dev.vtxray.apic;

/**
 * Whether a logical destination names a local APIC (SDM, Advanced Programmable Interrupt Controller (APIC), Logical
 * Destination Mode, and Logical Destination Mode in x2APIC Mode).
 */
final class LogicalDestination {
    private static final int FLAT = 0xF;
    private static final int CLUSTER = 0;
    private static final int ALL_CLUSTERS = 0xF;

    private LogicalDestination() {}

    /** The logical APIC ID that x2APIC mode derives from the APIC ID: bits 31:16 cluster, bits 15:0 one bit in it. */
    static int x2ApicLogicalId(int apicId) {
        return apicId >>> 4 << 16 | 1 << (apicId & 0xF);
    }

    /** x2APIC mode: same cluster and a common bit. */
    static boolean matchesX2Apic(int logicalId, int destination) {
        return logicalId >>> 16 == destination >>> 16 && (logicalId & destination & 0xFFFF) != 0;
    }

    /** xAPIC mode: the model (flat or cluster) is in bits 31:28 of the destination format register. */
    static boolean matchesXapic(int logicalDestinationRegister, int destinationFormatRegister, int destination) {
        if (destination >>> 8 != 0) {
            return false;
        }
        int logicalId = logicalDestinationRegister >>> 24;
        return switch (destinationFormatRegister >>> 28) {
            case FLAT -> (logicalId & destination) != 0;
            case CLUSTER -> matchesCluster(logicalId, destination);
            default -> false;
        };
    }

    private static boolean matchesCluster(int logicalId, int destination) {
        int cluster = destination >>> 4;
        return (cluster == ALL_CLUSTERS || cluster == logicalId >>> 4) && (logicalId & destination & 0xF) != 0;
    }
}

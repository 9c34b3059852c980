package dev.vtxray.vmx;

/**
 * Tags of cached translations (SDM, VMX Support for Address Translation, "Caching Translation Information"): VPID in bits
 * 15:0, above it the frame of the EPT root plus one, or 0 without EPT. Tag 0 is the host's.
 */
final class TranslationTags {
    /** Bits of a tag that hold the VPID. What a guest invalidates falls under every EPT root (same chapter). */
    static final long VPID = 0xFFFF;

    private static final long ADDRESS = 0x000F_FFFF_FFFF_F000L;

    private TranslationTags() {}

    static long of(int vpid, long eptp, boolean ept) {
        return vpid & 0xFFFF | (ept ? ((eptp & ADDRESS) >>> 12) + 1 << 16 : 0);
    }

    static int vpid(long tag) {
        return (int) tag & 0xFFFF;
    }

    /** Whether the translations were made under the tables that {@code eptp} points to. */
    static boolean belongsTo(long tag, long eptp) {
        return tag >>> 16 == ((eptp & ADDRESS) >>> 12) + 1;
    }

    static boolean usesEpt(long tag) {
        return tag >>> 16 != 0;
    }

    static boolean isUntagged(long tag) {
        return vpid(tag) == 0;
    }
}

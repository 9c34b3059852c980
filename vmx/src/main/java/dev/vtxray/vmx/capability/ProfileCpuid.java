package dev.vtxray.vmx.capability;

import dev.vtxray.core.port.CpuidSource;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.IntSupplier;

/**
 * CPUID as a profile answers it (SDM, CPUID). Leaves beyond the highest basic leaf read as zero, so that software sees an
 * absence rather than the data of another leaf.
 */
public final class ProfileCpuid implements CpuidSource {
    private static final int HIGHEST_BASIC_LEAF = 0xD;
    private static final int HIGHEST_EXTENDED_LEAF = 0x8000_0008;
    private static final int OSXSAVE = 1 << 27;
    private static final long CR4_OSXSAVE = 1 << 18;
    private static final int APIC_ON_CHIP = 1 << 9;
    private static final int CLFLUSH_LINE = 8 << 8;

    /** What the leaves show of the state of the processor that asks. */
    public interface State {
        /** Its APIC ID. */
        int apicId();

        /** Whether IA32_APIC_BASE[11] is 1. */
        boolean apicEnabled();

        long cr4();
    }

    private final CpuProfile profile;
    private final State state;
    private final IntSupplier cpuCount;
    private final byte[] brand;

    /** The answers of a profile for one processor of a machine. */
    public ProfileCpuid(CpuProfile profile, State state, IntSupplier cpuCount) {
        this.profile = profile;
        this.state = state;
        this.cpuCount = cpuCount;
        this.brand = Arrays.copyOf(profile.brand().getBytes(StandardCharsets.US_ASCII), 48);
    }

    @Override
    public int value(int leaf, int subleaf, int register) {
        return switch (leaf) {
            case 0 -> pick(register, HIGHEST_BASIC_LEAF, word("Genu"), word("ntel"), word("ineI"));
            case 1 -> leaf1(register);
            case 4 -> subleaf == 0 ? pick(register, 0x121, 0x1C0_003F, 63, 0) : 0;
            case 7 ->
                subleaf == 0
                        ? pick(register, 0, profile.cpuid(CpuidWord.LEAF_7_EBX), profile.cpuid(CpuidWord.LEAF_7_ECX), 0)
                        : 0;
            case 0xB -> topology(subleaf, register);
            case 0x8000_0000 -> pick(register, HIGHEST_EXTENDED_LEAF, 0, 0, 0);
            case 0x8000_0001 ->
                pick(
                        register,
                        0,
                        0,
                        profile.cpuid(CpuidWord.LEAF_80000001_ECX),
                        profile.cpuid(CpuidWord.LEAF_80000001_EDX));
            case 0x8000_0002, 0x8000_0003, 0x8000_0004 -> brand(leaf - 0x8000_0002, register);
            case 0x8000_0007 -> pick(register, 0, 0, 0, 1 << 8);
            case 0x8000_0008 ->
                pick(register, profile.physicalAddressWidth() | profile.linearAddressWidth() << 8, 0, 0, 0);
            default -> 0;
        };
    }

    private int leaf1(int register) {
        int count = Math.min(cpuCount.getAsInt(), 255);
        int ecx = profile.cpuid(CpuidWord.LEAF_1_ECX) | ((state.cr4() & CR4_OSXSAVE) != 0 ? OSXSAVE : 0);
        int edx = profile.cpuid(CpuidWord.LEAF_1_EDX) & (state.apicEnabled() ? -1 : ~APIC_ON_CHIP);
        return pick(register, profile.signature(), state.apicId() << 24 | count << 16 | CLFLUSH_LINE, ecx, edx);
    }

    private int topology(int subleaf, int register) {
        int shift = 32 - Integer.numberOfLeadingZeros(Math.max(1, cpuCount.getAsInt() - 1));
        return switch (subleaf) {
            case 0 -> pick(register, 0, 1, 1 << 8, state.apicId());
            case 1 -> pick(register, shift, cpuCount.getAsInt(), 2 << 8 | 1, state.apicId());
            default -> pick(register, 0, 0, subleaf & 0xFF, state.apicId());
        };
    }

    private int brand(int part, int register) {
        int at = part * 16 + register * 4;
        return brand[at] & 0xFF | (brand[at + 1] & 0xFF) << 8 | (brand[at + 2] & 0xFF) << 16 | brand[at + 3] << 24;
    }

    private static int word(String four) {
        return four.charAt(0) | four.charAt(1) << 8 | four.charAt(2) << 16 | four.charAt(3) << 24;
    }

    private static int pick(int register, int eax, int ebx, int ecx, int edx) {
        return switch (register) {
            case 0 -> eax;
            case 1 -> ebx;
            case 2 -> ecx;
            default -> edx;
        };
    }
}

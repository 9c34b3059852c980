package dev.vtxray.apic.virtual;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A virtual-APIC page in an array, with settings that a test changes as it likes. */
final class VirtualBench implements VirtualApicSettings {
    static final ApicVirtualization OFF = new ApicVirtualization(false, false, false);
    static final ApicVirtualization TPR_SHADOW = new ApicVirtualization(true, false, false);
    static final ApicVirtualization INTERRUPT_DELIVERY = new ApicVirtualization(true, false, true);
    static final ApicVirtualization REGISTERS = new ApicVirtualization(true, true, false);
    static final ApicVirtualization ALL = new ApicVirtualization(true, true, true);

    static final int VTPR = 0x080;
    static final int VPPR = 0x0A0;
    static final int VISR = 0x100;
    static final int VIRR = 0x200;

    final ArrayMemory memory = new ArrayMemory(0x1000);
    final VirtualInterruptState state = new VirtualInterruptState();
    final VirtualApic apic = new VirtualApic(new VirtualApicPage(memory), state, this);
    final ApicAccessPage accesses = new ApicAccessPage(apic);
    final VirtualX2Apic x2Apic = new VirtualX2Apic(apic);

    ApicVirtualization features;
    int threshold;
    boolean awaitsWindow;
    final Set<Integer> reportedEois = new HashSet<>();

    VirtualBench(ApicVirtualization features) {
        this.features = features;
    }

    /** Takes RVI and SVI as a guest's entry does. */
    void load(int requesting, int servicing) {
        state.loadGuestInterruptStatus(servicing << 8 | requesting);
        apic.pprVirtualization();
        apic.evaluatePendingInterrupts();
    }

    void request(int... vectors) {
        for (int vector : vectors) {
            setVector(VIRR, vector);
        }
    }

    void serve(int... vectors) {
        for (int vector : vectors) {
            setVector(VISR, vector);
        }
    }

    private void setVector(int set, int vector) {
        int offset = set + vector / 32 * 16;
        memory.write32(offset, memory.read32(offset) | 1 << vector % 32);
    }

    List<Integer> vectors(int set) {
        List<Integer> vectors = new ArrayList<>();
        for (int vector = 0; vector < 256; vector++) {
            if ((memory.read32(set + vector / 32 * 16) >> vector % 32 & 1) != 0) {
                vectors.add(vector);
            }
        }
        return vectors;
    }

    @Override
    public ApicVirtualization features() {
        return features;
    }

    @Override
    public int tprThreshold() {
        return threshold;
    }

    @Override
    public boolean reportsVirtualizedEoi(int vector) {
        return reportedEois.contains(vector);
    }

    @Override
    public boolean awaitsInterruptWindow() {
        return awaitsWindow;
    }

    /** Memory that refuses what is not an aligned access to 32 bits. */
    static final class ArrayMemory implements PageAccess {
        private final int[] words;

        ArrayMemory(int size) {
            words = new int[size / 4];
        }

        @Override
        public int read32(int offset) {
            return words[index(offset)];
        }

        @Override
        public void write32(int offset, int value) {
            words[index(offset)] = value;
        }

        private static int index(int offset) {
            if (offset % 4 != 0) {
                throw new AssertionError("access at offset " + Integer.toHexString(offset) + "H is not aligned");
            }
            return offset / 4;
        }
    }
}

package dev.vtxray.apic;

import java.util.ArrayList;
import java.util.List;

/** Local APICs on one bus with a clock of their own, and short ways to use their registers. */
final class ApicBench {
    static final int SOFTWARE_ENABLED = 0x1FF;
    static final int MASKED = 1 << 16;

    final ManualClock clock = new ManualClock();
    final ApicBus bus = new ApicBus();
    final List<LocalApic> apics = new ArrayList<>();
    final List<RecordedSignals> pins = new ArrayList<>();
    final List<Integer> endOfInterruptMessages = new ArrayList<>();
    final List<String> announcements = new ArrayList<>();
    /** What the time-stamp counter is ahead of the clock. */
    long tscOffset;

    /** APICs with these IDs in xAPIC mode, software-enabled; the first belongs to the BSP. */
    static ApicBench xApic(int... ids) {
        return new ApicBench(ApicFeatures.all(), ids);
    }

    /** APICs with these IDs in x2APIC mode, software-enabled. */
    static ApicBench x2Apic(int... ids) {
        ApicBench bench = new ApicBench(ApicFeatures.all(), ids);
        for (int i = 0; i < ids.length; i++) {
            bench.msrs(i).write(ApicMsrs.APIC_BASE, bench.msrs(i).read(ApicMsrs.APIC_BASE) | 1 << 10);
        }
        return bench;
    }

    ApicBench(ApicFeatures features, int... ids) {
        for (int id : ids) {
            LocalApic apic = new LocalApic(id, apics.isEmpty(), features, clock, () -> clock.now() + tscOffset);
            RecordedSignals signals = new RecordedSignals();
            bus.connect(apic, signals, new Announcements());
            apics.add(apic);
            pins.add(signals);
            apic.write(0x0F0, 4, SOFTWARE_ENABLED);
        }
    }

    LocalApic apic() {
        return apics.get(0);
    }

    ApicMsrs msrs(int index) {
        return new ApicMsrs(apics.get(index));
    }

    ApicMsrs msrs() {
        return msrs(0);
    }

    long read(int offset) {
        return apic().read(offset, 4);
    }

    void write(int offset, long value) {
        apic().write(offset, 4, value);
    }

    /** Lets time pass as a machine does: up to each deadline on the way. */
    void pass(long cycles) {
        long end = clock.now() + cycles;
        while (apic().nextDeadline() <= end) {
            clock.charge(apic().nextDeadline() - clock.now());
            apic().advanceTo(clock.now());
        }
        clock.charge(end - clock.now());
    }

    /** The vectors in one of the 256-bit registers of an APIC in xAPIC mode. */
    static List<Integer> vectors(LocalApic apic, int offset) {
        List<Integer> vectors = new ArrayList<>();
        for (int vector = 0; vector < 256; vector++) {
            long register = apic.read(offset + (vector >> 5) * 16L, 4);
            if ((register >> (vector & 31) & 1) != 0) {
                vectors.add(vector);
            }
        }
        return vectors;
    }

    List<Integer> requested() {
        return vectors(apic(), 0x200);
    }

    List<Integer> inService() {
        return vectors(apic(), 0x100);
    }

    private final class Announcements implements ApicListener {
        @Override
        public void endOfInterrupt(int vector) {
            endOfInterruptMessages.add(vector);
        }

        @Override
        public void baseChanged(LocalApic apic) {
            announcements.add("base " + Long.toHexString(apic.baseAddress()) + " " + apic.mode());
        }

        @Override
        public void deadlineChanged(LocalApic apic) {
            announcements.add("deadline");
        }
    }
}

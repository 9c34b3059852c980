package dev.vtxray.apic;

import dev.vtxray.core.port.CpuSignals;
import java.util.ArrayList;
import java.util.List;

/** The pins of a processor that only notes what arrives. */
final class RecordedSignals implements CpuSignals {
    final List<String> events = new ArrayList<>();
    int interruptChanges;

    @Override
    public void raiseNmi() {
        events.add("NMI");
    }

    @Override
    public void raiseInit() {
        events.add("INIT");
    }

    @Override
    public void raiseStartup(int vector) {
        events.add("SIPI " + Integer.toHexString(vector));
    }

    @Override
    public void interruptsChanged() {
        interruptChanges++;
    }
}

package dev.vtxray.apic;

import dev.vtxray.core.port.CpuSignals;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What joins the local APICs of a machine: it carries interprocessor interrupts from one to others (SDM, Advanced
 * Programmable Interrupt Controller (APIC), Determining IPI Destination).
 *
 * <p>A message arrives at once, at its receivers in the order of their APIC IDs. A message without an existing receiver is
 * dropped silently. A lowest-priority message goes to the addressed APIC with the lowest processor priority, of equal ones
 * to that with the lowest APIC ID; APICs that are software-disabled take no part.
 */
public final class ApicBus {
    private final List<LocalApic> apics = new ArrayList<>();

    /**
     * Joins a local APIC and its processor to the bus.
     *
     * @param signals  the pins of the APIC's processor
     * @param listener hears what the APIC tells the machine
     * @throws IllegalArgumentException if another APIC on the bus has the same ID
     * @throws IllegalStateException    if the APIC is on a bus already
     */
    public void connect(LocalApic apic, CpuSignals signals, ApicListener listener) {
        int position = 0;
        for (LocalApic other : apics) {
            int order = Integer.compareUnsigned(other.id(), apic.id());
            if (order == 0) {
                throw new IllegalArgumentException("APIC ID " + apic.id() + " is taken, must be unique on its bus");
            }
            if (order < 0) {
                position++;
            }
        }
        apic.connect(this, signals, listener);
        apics.add(position, apic);
    }

    /**
     * Carries a message that no local APIC sent, for instance one of a device.
     *
     * @throws IllegalArgumentException if it has a shorthand, which only a sender gives a meaning
     */
    public void send(Ipi ipi) {
        if (ipi.shorthand() != DestinationShorthand.NO_SHORTHAND) {
            throw new IllegalArgumentException(
                    "shorthand is " + ipi.shorthand() + " in a message without sender, must be NO_SHORTHAND");
        }
        deliver(ipi, null);
    }

    /** Carries a message of the local APIC {@code sender}. */
    void send(Ipi ipi, LocalApic sender) {
        boolean includesSelf = ipi.shorthand() == DestinationShorthand.SELF
                || ipi.shorthand() == DestinationShorthand.ALL_INCLUDING_SELF;
        // With these shorthands every other delivery mode is invalid.
        if (!includesSelf || ipi.deliveryMode() == DeliveryMode.FIXED) {
            deliver(ipi, sender);
        }
    }

    private void deliver(Ipi ipi, @Nullable LocalApic sender) {
        if (ipi.isInitLevelDeassert()) {
            return;
        }
        if (ipi.deliveryMode() == DeliveryMode.LOWEST_PRIORITY) {
            deliverToLowestPriority(ipi, sender);
            return;
        }
        for (int i = 0; i < apics.size(); i++) {
            LocalApic apic = apics.get(i);
            if (isAddressed(apic, ipi, sender)) {
                apic.receive(ipi);
            }
        }
    }

    private void deliverToLowestPriority(Ipi ipi, @Nullable LocalApic sender) {
        LocalApic lowest = null;
        for (int i = 0; i < apics.size(); i++) {
            LocalApic apic = apics.get(i);
            boolean takesPart = apic.acceptsVectors() && isAddressed(apic, ipi, sender);
            if (takesPart && (lowest == null || apic.processorPriority() < lowest.processorPriority())) {
                lowest = apic;
            }
        }
        if (lowest != null) {
            lowest.receive(ipi);
        }
    }

    private static boolean isAddressed(
            LocalApic apic, Ipi ipi, @Nullable LocalApic sender) {
        return switch (ipi.shorthand()) {
            case NO_SHORTHAND -> apic.isDestinationOf(ipi);
            case SELF -> apic == sender;
            case ALL_INCLUDING_SELF -> true;
            case ALL_EXCLUDING_SELF -> apic != sender;
        };
    }
}

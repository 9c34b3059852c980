package dev.vtxray.testkit.experiment;

import static dev.vtxray.testkit.hypervisor.HaltHandling.NOT_EXITING;
import static dev.vtxray.testkit.hypervisor.HaltHandling.REENTER_HALTED;
import static dev.vtxray.testkit.hypervisor.HaltHandling.WAIT_IN_ROOT;
import static dev.vtxray.testkit.hypervisor.InterruptDelivery.EXTERNAL_INTERRUPT;
import static dev.vtxray.testkit.hypervisor.InterruptDelivery.POSTED;
import static dev.vtxray.vmx.control.ExitReason.HLT;
import static dev.vtxray.vmx.control.ExitReason.INTERRUPT_WINDOW;

import dev.vtxray.testkit.experiment.PingPong.WaitMode;
import dev.vtxray.testkit.hypervisor.HaltHandling;
import dev.vtxray.testkit.hypervisor.InterruptDelivery;
import dev.vtxray.vmx.control.ExitReason;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How the receiver of an IPI waits and how the interrupt reaches it, with the VM exits of L2 that one IPI then costs,
 * from sending to the end of the interrupt, without and with APICv for L2.
 */
public enum Scenario {
    // @formatter:off
    //         row   receiver               with APICv on       HLT              delivery exits without, with APICv
    SPINNING_INTERRUPTED(
               "1",  WaitMode.SPIN,         EXTERNAL_INTERRUPT, WAIT_IN_ROOT,
               List.of(ExitReason.EXTERNAL_INTERRUPT),                   List.of(ExitReason.EXTERNAL_INTERRUPT)),
    SPINNING_POSTED(
               "2",  WaitMode.SPIN,         POSTED,             WAIT_IN_ROOT,
               List.of(ExitReason.EXTERNAL_INTERRUPT),                   List.of()),
    WAITED_FOR_INTERRUPTED(
               "3",  WaitMode.HALT,         EXTERNAL_INTERRUPT, WAIT_IN_ROOT,
               List.of(HLT),                                             List.of(HLT)),
    WAITED_FOR_POSTED(
               "4",  WaitMode.HALT,         POSTED,             WAIT_IN_ROOT,
               List.of(HLT),                                             List.of(HLT)),
    MASKED_INTERRUPTED(
               "1w", WaitMode.SPIN_MASKED,  EXTERNAL_INTERRUPT, WAIT_IN_ROOT,
               List.of(ExitReason.EXTERNAL_INTERRUPT, INTERRUPT_WINDOW), List.of(ExitReason.EXTERNAL_INTERRUPT)),
    HALTED_INTERRUPTED(
               "3a", WaitMode.HALT,         EXTERNAL_INTERRUPT, NOT_EXITING,
               List.of(ExitReason.EXTERNAL_INTERRUPT),                   List.of(ExitReason.EXTERNAL_INTERRUPT)),
    HALTED_POSTED(
               "4a", WaitMode.HALT,         POSTED,             NOT_EXITING,
               List.of(ExitReason.EXTERNAL_INTERRUPT),                   List.of()),
    REENTERED_INTERRUPTED(
               "3b", WaitMode.HALT,         EXTERNAL_INTERRUPT, REENTER_HALTED,
               List.of(HLT, ExitReason.EXTERNAL_INTERRUPT),              List.of(HLT, ExitReason.EXTERNAL_INTERRUPT)),
    REENTERED_POSTED(
               "4b", WaitMode.HALT,         POSTED,             REENTER_HALTED,
               List.of(HLT, ExitReason.EXTERNAL_INTERRUPT),              List.of(HLT));
    // @formatter:on

    /** What Linux does for an IPI in xAPIC mode: read ICR-low, write ICR-high, write ICR-low. */
    private static final int SENDER_ACCESSES = 3;

    private final String row;
    private final WaitMode waitMode;
    private final InterruptDelivery deliveryWithApicv;
    private final HaltHandling haltHandling;
    private final List<ExitReason> deliveryExitsWithout;
    private final List<ExitReason> deliveryExitsWith;

    Scenario(
            String row,
            WaitMode waitMode,
            InterruptDelivery deliveryWithApicv,
            HaltHandling haltHandling,
            List<ExitReason> deliveryExitsWithout,
            List<ExitReason> deliveryExitsWith) {
        this.row = row;
        this.waitMode = waitMode;
        this.deliveryWithApicv = deliveryWithApicv;
        this.haltHandling = haltHandling;
        this.deliveryExitsWithout = deliveryExitsWithout;
        this.deliveryExitsWith = deliveryExitsWith;
    }

    /** The scenario's name in tables: 1 to 4, or one of those with a letter. */
    public String row() {
        return row;
    }

    /** How L2 waits for its turn. */
    public WaitMode waitMode() {
        return waitMode;
    }

    /** How L1 delivers; posted interrupts need APICv, without it delivery is always by external interrupt. */
    public InterruptDelivery delivery(boolean apicv) {
        return apicv ? deliveryWithApicv : EXTERNAL_INTERRUPT;
    }

    public HaltHandling haltHandling() {
        return haltHandling;
    }

    /** VM exits of L2 for each IPI because of APIC accesses: three of the sender and the receiver's EOI, or one. */
    public SortedMap<ExitReason, Integer> instructionExits(boolean apicv) {
        SortedMap<ExitReason, Integer> exits = new TreeMap<>();
        exits.put(apicv ? ExitReason.APIC_WRITE : ExitReason.APIC_ACCESS, apicv ? 1 : SENDER_ACCESSES + 1);
        return exits;
    }

    /** All VM exits of L2 for each IPI, by reason. */
    public SortedMap<ExitReason, Integer> exits(boolean apicv) {
        SortedMap<ExitReason, Integer> exits = instructionExits(apicv);
        for (ExitReason reason : apicv ? deliveryExitsWith : deliveryExitsWithout) {
            exits.merge(reason, 1, Integer::sum);
        }
        return exits;
    }
}

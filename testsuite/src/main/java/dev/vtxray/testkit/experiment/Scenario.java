package dev.vtxray.testkit.experiment;

/** What the receiver of the IPI does when it arrives, and how L1 delivers it with APICv on. Off it always kicks. */
public enum Scenario {
    // @formatter:off
    SPINNING(               "1",  Receiver.SPINNING,               Delivery.EXTERNAL_INTERRUPT),
    SPINNING_POSTED(        "2",  Receiver.SPINNING,               Delivery.POSTED),
    HALTED(                 "3",  Receiver.HALTED_L1_WAITS,        Delivery.EXTERNAL_INTERRUPT),
    HALTED_POSTED(          "4",  Receiver.HALTED_L1_WAITS,        Delivery.POSTED),
    SPINNING_MASKED(        "1w", Receiver.SPINNING_MASKED,        Delivery.EXTERNAL_INTERRUPT),
    HALTED_IN_L2(           "3a", Receiver.HALTED_NOT_INTERCEPTED, Delivery.EXTERNAL_INTERRUPT),
    HALTED_IN_L2_POSTED(    "4a", Receiver.HALTED_NOT_INTERCEPTED, Delivery.POSTED),
    HALTED_REENTERED(       "3b", Receiver.HALTED_L1_REENTERS,     Delivery.EXTERNAL_INTERRUPT),
    HALTED_REENTERED_POSTED("4b", Receiver.HALTED_L1_REENTERS,     Delivery.POSTED);
    // @formatter:on

    private final String id;
    private final Receiver receiver;
    private final Delivery delivery;

    Scenario(String id, Receiver receiver, Delivery delivery) {
        this.id = id;
        this.receiver = receiver;
        this.delivery = delivery;
    }

    /** What the receiving vCPU of L2 does when the IPI arrives. */
    public enum Receiver {
        SPINNING("spinning, IF=1"),
        SPINNING_MASKED("spinning, IF=0 when it arrives"),
        HALTED_L1_WAITS("halted, HLT exits, L1 waits in root mode"),
        HALTED_NOT_INTERCEPTED("halted, HLT does not exit"),
        HALTED_L1_REENTERS("halted, HLT exits, L1 re-enters in HLT activity");

        private final String description;

        Receiver(String description) {
            this.description = description;
        }

        public String description() {
            return description;
        }
    }

    /** How L1 lets the other CPU know, with APICv on. */
    public enum Delivery {
        EXTERNAL_INTERRUPT("external interrupt"),
        POSTED("posted interrupt");

        private final String description;

        Delivery(String description) {
            this.description = description;
        }

        public String description() {
            return description;
        }
    }

    /** Its number in the table, such as {@code 1w}. */
    public String id() {
        return id;
    }

    public Receiver receiver() {
        return receiver;
    }

    public Delivery delivery() {
        return delivery;
    }

    /** Whether it is one of 1 to 4, whose interval the measurement of the paper is compared with. */
    public boolean isPrincipal() {
        return ordinal() <= HALTED_POSTED.ordinal();
    }
}

package dev.vtxray.apic;

/** A source of interrupts inside the processor or at its pins: one entry of the local vector table. */
public enum LocalInterrupt {
    // @formatter:off
    CMCI                   (ApicRegister.LVT_CMCI),
    TIMER                  (ApicRegister.LVT_TIMER),
    THERMAL_SENSOR         (ApicRegister.LVT_THERMAL_SENSOR),
    PERFORMANCE_MONITORING (ApicRegister.LVT_PERFORMANCE_MONITORING),
    LINT0                  (ApicRegister.LVT_LINT0),
    LINT1                  (ApicRegister.LVT_LINT1),
    ERROR                  (ApicRegister.LVT_ERROR);
    // @formatter:on

    private static final LocalInterrupt[] SOURCES = values();

    private final ApicRegister register;

    LocalInterrupt(ApicRegister register) {
        this.register = register;
    }

    /** The source whose LVT entry this register is. */
    static LocalInterrupt programmedBy(ApicRegister register) {
        for (LocalInterrupt source : SOURCES) {
            if (source.register == register) {
                return source;
            }
        }
        throw new IllegalArgumentException(register + " is no entry of the local vector table");
    }

    boolean isPin() {
        return this == LINT0 || this == LINT1;
    }
}

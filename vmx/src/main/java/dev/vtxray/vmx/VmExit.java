package dev.vtxray.vmx;

import dev.vtxray.core.cpu.Event;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.InterruptionInfo;
import org.jspecify.annotations.Nullable;

/**
 * One VM exit: everything that the exit-information fields report (SDM, VM Exits, "Recording VM-Exit Information and
 * Updating VM-Entry Control Fields"). Made where the exit is decided, delivered in {@link ExitDelivery}.
 */
public final class VmExit {
    private static final int NMI_UNBLOCKED_BY_IRET = 1 << 12;

    private final ExitReason reason;
    private boolean entryFailure;
    private boolean trap;
    private long qualification;
    private int instructionLength;
    private int instructionInformation;
    private int interruptionInfo;
    private int interruptionErrorCode;
    private int idtVectoringInfo;
    private int idtVectoringErrorCode;
    private long guestLinearAddress;
    private long guestPhysicalAddress;

    private VmExit(ExitReason reason) {
        this.reason = reason;
    }

    /** An exit with this basic reason and nothing else to report yet. */
    public static VmExit of(ExitReason reason) {
        return new VmExit(reason);
    }

    /** The exit that an acknowledged external interrupt causes. */
    public static VmExit externalInterrupt(int vector) {
        return of(ExitReason.EXTERNAL_INTERRUPT).withInterruption(Event.externalInterrupt(vector));
    }

    /** The exit that an NMI causes. */
    public static VmExit nonMaskableInterrupt() {
        return of(ExitReason.EXCEPTION_OR_NMI).withInterruption(Event.nmi());
    }

    /** An EPT violation with the facts of {@code other}, as seen through other tables. */
    public static VmExit eptViolation(VmExit other, long qualification) {
        return copyOf(ExitReason.EPT_VIOLATION, other).withQualification(qualification);
    }

    /** An EPT misconfiguration with the facts of {@code other}, as seen through other tables. */
    public static VmExit eptMisconfiguration(VmExit other) {
        return copyOf(ExitReason.EPT_MISCONFIGURATION, other);
    }

    private static VmExit copyOf(ExitReason reason, VmExit other) {
        VmExit exit = of(reason);
        exit.instructionLength = other.instructionLength;
        exit.idtVectoringInfo = other.idtVectoringInfo;
        exit.idtVectoringErrorCode = other.idtVectoringErrorCode;
        exit.guestLinearAddress = other.guestLinearAddress;
        exit.guestPhysicalAddress = other.guestPhysicalAddress;
        return exit;
    }

    /** A failed VM entry: reported like an exit, with bit 31 of the exit reason set. */
    public static VmExit entryFailure(ExitReason reason, long qualification) {
        VmExit exit = new VmExit(reason);
        exit.entryFailure = true;
        exit.qualification = qualification;
        return exit;
    }

    VmExit withQualification(long value) {
        qualification = value;
        return this;
    }

    VmExit withInstruction(int length, int information) {
        instructionLength = length;
        instructionInformation = information;
        return this;
    }

    /** The event that the exit reports. */
    VmExit withInterruption(Event event) {
        interruptionInfo = infoOf(event);
        interruptionErrorCode = event.hasErrorCode() ? event.errorCode() : 0;
        return this;
    }

    /** The event whose delivery the exit interrupted, if any. */
    VmExit withVectoring(@Nullable Event event) {
        if (event != null) {
            idtVectoringInfo = infoOf(event);
            idtVectoringErrorCode = event.hasErrorCode() ? event.errorCode() : 0;
            if (event.type().isSoftware()) {
                instructionLength = event.instructionLength();
            }
        }
        return this;
    }

    /** The exit was caused by an access of IRET, which had ended the blocking of NMIs by then. */
    VmExit withNmiUnblockedByIret() {
        if (reason == ExitReason.EXCEPTION_OR_NMI) {
            interruptionInfo |= NMI_UNBLOCKED_BY_IRET;
        } else {
            qualification |= NMI_UNBLOCKED_BY_IRET;
        }
        return this;
    }

    VmExit withLinearAddress(long value) {
        guestLinearAddress = value;
        return this;
    }

    VmExit withPhysicalAddress(long value) {
        guestPhysicalAddress = value;
        return this;
    }

    /** The exit stands behind the instruction that caused it. */
    VmExit asTrap() {
        trap = true;
        return this;
    }

    private static int infoOf(Event event) {
        return InterruptionInfo.VALID
                | (event.hasErrorCode() ? InterruptionInfo.ERROR_CODE : 0)
                | event.type().number() << 8
                | event.vector();
    }

    public ExitReason reason() {
        return reason;
    }

    /** Whether this reports a VM entry that failed after the guest's state had begun to load. */
    public boolean entryFailure() {
        return entryFailure;
    }

    /** Whether the instruction that caused the exit has completed. */
    public boolean isTrap() {
        return trap;
    }

    /** The exit-reason field: basic reason, and bit 31 for an entry failure. */
    public int exitReasonField() {
        return reason.number() | (entryFailure ? 1 << 31 : 0);
    }

    public long qualification() {
        return qualification;
    }

    public int instructionLength() {
        return instructionLength;
    }

    public int instructionInformation() {
        return instructionInformation;
    }

    public int interruptionInfo() {
        return interruptionInfo;
    }

    public int interruptionErrorCode() {
        return interruptionErrorCode;
    }

    public int idtVectoringInfo() {
        return idtVectoringInfo;
    }

    public int idtVectoringErrorCode() {
        return idtVectoringErrorCode;
    }

    public long guestLinearAddress() {
        return guestLinearAddress;
    }

    public long guestPhysicalAddress() {
        return guestPhysicalAddress;
    }

    @Override
    public String toString() {
        return "VM exit %d %s, qualification %XH".formatted(reason.number(), reason, qualification);
    }
}

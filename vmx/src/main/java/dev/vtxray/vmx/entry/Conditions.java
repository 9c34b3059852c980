package dev.vtxray.vmx.entry;

import static dev.vtxray.vmx.entry.Condition.that;
import static dev.vtxray.vmx.vmcs.VmcsField.PRIMARY_PROC_BASED_VM_EXEC_CONTROLS;
import static dev.vtxray.vmx.vmcs.VmcsField.SECONDARY_PROC_BASED_VM_EXEC_CONTROLS;
import static dev.vtxray.vmx.vmcs.VmcsField.VM_ENTRY_INTERRUPTION_INFO;

import dev.vtxray.vmx.control.ControlWord;
import dev.vtxray.vmx.control.InterruptionInfo;
import dev.vtxray.vmx.control.InterruptionType;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmxControl;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.Locale;
import java.util.function.ToLongFunction;

/** The conditions that many checks share. */
final class Conditions {
    static final Condition INTEL_64 = that("the processor supports Intel 64", s -> s.intel64);
    static final Condition OUTSIDE_SMM =
            that("the processor is outside SMM", s -> !s.inSmm).lookingOutsideVmcs();
    static final Condition INJECTING = that(
            "an event is injected",
            s -> InterruptionInfo.isValid(s.get32(VM_ENTRY_INTERRUPTION_INFO)),
            VM_ENTRY_INTERRUPTION_INFO,
            InterruptionInfo.VALID);

    /** The bits of a register that the processor accepts, as {@link #isWithin} asks for them. */
    // @formatter:off
    static final ToLongFunction<EntryState> CR3              = s -> s.cr3Mask;
    static final ToLongFunction<EntryState> EFER             = s -> s.cpu.eferMask();
    static final ToLongFunction<EntryState> DEBUGCTL         = s -> s.cpu.debugctlMask();
    static final ToLongFunction<EntryState> PERF_GLOBAL_CTRL = s -> s.cpu.perfGlobalCtrlMask();
    // @formatter:on

    private Conditions() {}

    static Condition on(VmxControl control) {
        ControlWord word = control.word();
        int mask = control.mask();
        return effective(
                word,
                that(
                        "\"%s\" is 1".formatted(control.manualName()),
                        s -> (s.controls(word) & mask) != 0,
                        fieldOf(word),
                        mask));
    }

    static Condition off(VmxControl control) {
        ControlWord word = control.word();
        int mask = control.mask();
        return effective(
                word,
                that(
                        "\"%s\" is 0".formatted(control.manualName()),
                        s -> (s.controls(word) & mask) == 0,
                        fieldOf(word),
                        mask));
    }

    /** The field that holds a control word. */
    static VmcsField fieldOf(ControlWord word) {
        return fieldsOf(word)[0];
    }

    /** A condition on a control word, looking also at the controls that activate the word. */
    private static Condition effective(ControlWord word, Condition condition) {
        long secondary = PrimaryControl.ACTIVATE_SECONDARY_CONTROLS.mask();
        return switch (word) {
            case SECONDARY_PROCESSOR_BASED -> condition.lookingAlsoAt(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS, secondary);
            case VM_FUNCTION ->
                condition
                        .lookingAlsoAt(
                                SECONDARY_PROC_BASED_VM_EXEC_CONTROLS, SecondaryControl.ENABLE_VM_FUNCTIONS.mask())
                        .lookingAlsoAt(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS, secondary);
            default -> condition;
        };
    }

    /** The fields that make up the effective value of a control word. */
    static VmcsField[] fieldsOf(ControlWord word) {
        return switch (word) {
            case PIN_BASED -> new VmcsField[] {VmcsField.PIN_BASED_VM_EXEC_CONTROLS};
            case PRIMARY_PROCESSOR_BASED -> new VmcsField[] {PRIMARY_PROC_BASED_VM_EXEC_CONTROLS};
            case SECONDARY_PROCESSOR_BASED ->
                new VmcsField[] {SECONDARY_PROC_BASED_VM_EXEC_CONTROLS, PRIMARY_PROC_BASED_VM_EXEC_CONTROLS};
            case VM_EXIT -> new VmcsField[] {VmcsField.PRIMARY_VM_EXIT_CONTROLS};
            case VM_ENTRY -> new VmcsField[] {VmcsField.VM_ENTRY_CONTROLS};
            case VM_FUNCTION ->
                new VmcsField[] {
                    VmcsField.VM_FUNCTION_CONTROLS,
                    SECONDARY_PROC_BASED_VM_EXEC_CONTROLS,
                    PRIMARY_PROC_BASED_VM_EXEC_CONTROLS
                };
        };
    }

    static Condition requiredControls(ControlWord word) {
        int i = word.ordinal();
        return that("every control that must be 1 is 1", s -> (s.required[i] & ~s.controls(word)) == 0, fieldsOf(word));
    }

    static Condition supportedControls(ControlWord word) {
        int i = word.ordinal();
        return that(
                "every control that is 1 is supported", s -> (s.controls(word) & ~s.supported[i]) == 0, fieldsOf(word));
    }

    static Condition bitIs1(VmcsField field, int bit) {
        long mask = 1L << bit;
        return that("bit %d of %s is 1".formatted(bit, name(field)), s -> (s.get(field) & mask) != 0, field, mask);
    }

    static Condition bitIs0(VmcsField field, int bit) {
        long mask = 1L << bit;
        return that("bit %d of %s is 0".formatted(bit, name(field)), s -> (s.get(field) & mask) == 0, field, mask);
    }

    static Condition bitsAre0(VmcsField field, int high, int low) {
        long mask = -1L >>> 63 - high & -1L << low;
        return that(
                "bits %d:%d of %s are 0".formatted(high, low, name(field)),
                s -> (s.get(field) & mask) == 0,
                field,
                mask);
    }

    static Condition isNot0(VmcsField field) {
        return that("%s is not 0".formatted(name(field)), s -> s.get(field) != 0, field);
    }

    static Condition is(VmcsField field, long value) {
        return that("%s is %s".formatted(name(field), hex(value)), s -> s.get(field) == value, field);
    }

    /** Every bit that is 1 is among those that the processor accepts. */
    static Condition isWithin(VmcsField field, ToLongFunction<EntryState> accepted) {
        return that(
                "%s has no reserved bit".formatted(name(field)),
                s -> (s.get(field) & ~accepted.applyAsLong(s)) == 0,
                field);
    }

    static Condition hasFixedCr4Bits(VmcsField field) {
        return that(
                "%s has the fixed bits of VMX operation".formatted(name(field)),
                s -> (s.cr4Fixed0 & ~s.get(field)) == 0 && (s.get(field) & ~s.cr4Fixed1) == 0,
                field);
    }

    /** No bit beyond the physical-address width; none above 31 if VMX_BASIC[48] limits addresses. */
    static Condition physicalAddress(VmcsField field) {
        return that(
                "%s is within the physical-address width".formatted(name(field)),
                s -> s.isPhysicalAddress(s.get(field)),
                field);
    }

    static Condition canonical(VmcsField field) {
        return that("%s is canonical".formatted(name(field)), s -> s.isCanonical(s.get(field)), field);
    }

    /** Every byte is a memory type that IA32_PAT can hold: 0, 1, 4, 5, 6 or 7. */
    static Condition patOk(VmcsField field) {
        return that(
                "every byte of %s is memory type 0, 1, 4, 5, 6 or 7".formatted(name(field)),
                s -> isPat(s.get(field)),
                field);
    }

    static Condition lastByteOfMsrArea(VmcsField address, VmcsField count) {
        return that(
                "the last byte of the area at %s is within the physical-address width".formatted(name(address)),
                s -> s.isPhysicalAddress(s.get(address))
                        && s.isPhysicalAddress(s.get(address) + (s.get(count) << 4) - 1),
                address,
                count);
    }

    static Condition injecting(InterruptionType type) {
        return that(
                "an event of type %d (%s) is injected".formatted(type.encoding(), words(type)),
                s -> injects(s.get32(VM_ENTRY_INTERRUPTION_INFO), type),
                VM_ENTRY_INTERRUPTION_INFO,
                InterruptionInfo.VALID | InterruptionInfo.TYPE);
    }

    static boolean injects(int info, InterruptionType type) {
        return InterruptionInfo.isValid(info) && InterruptionInfo.type(info) == type;
    }

    private static boolean isPat(long value) {
        // A byte is wrong if it has one of bits 7:3, or is 2 or 3: bit 1 without bit 2.
        return (value & 0xF8F8_F8F8_F8F8_F8F8L) == 0 && (value & 0x0202_0202_0202_0202L & ~(value >>> 1)) == 0;
    }

    private static String words(InterruptionType type) {
        return type == InterruptionType.NMI
                ? "NMI"
                : type.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** A field as rules call it: the guest's fields without their prefix. */
    static String name(VmcsField field) {
        return field.name().startsWith("GUEST_") ? field.name().substring("GUEST_".length()) : field.name();
    }

    private static String hex(long value) {
        return value < 10 && value >= 0 ? Long.toString(value) : "%XH".formatted(value);
    }
}

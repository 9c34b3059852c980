package dev.vtxray.testkit.experiment;

import dev.vtxray.nested.ExitKey;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.Optional;

/** Sub-keys of exits as people write them: {@code leaf 1H}, {@code port 3F8H}, {@code MSR 1BH}, {@code 300H}. */
final class SubKeyLabel {
    private static final long APIC_PAGE = 0xFEE0_0000L;

    private SubKeyLabel() {}

    /** The label, or nothing for a reason whose exits are not told apart. */
    static Optional<String> of(ExitKey key) {
        long value = key.subKey();
        return switch (key.reason()) {
            case CPUID -> Optional.of("leaf " + hexadecimal(value, 1));
            case RDMSR, WRMSR -> Optional.of("MSR " + hexadecimal(value, 2));
            case IO_INSTRUCTION -> Optional.of("port " + hexadecimal(value, 2));
            case APIC_ACCESS, APIC_WRITE -> Optional.of(hexadecimal(value, 3));
            case VMREAD, VMWRITE -> Optional.of(field(value));
            case EPT_VIOLATION ->
                value == 0 ? Optional.empty() : Optional.of("own APIC " + hexadecimal(value - APIC_PAGE, 3));
            default -> Optional.empty();
        };
    }

    private static String field(long encoding) {
        VmcsField field = VmcsField.byEncoding(encoding);
        return field == null ? "field " + hexadecimal(encoding, 4) : field.name();
    }

    private static String hexadecimal(long value, int digits) {
        return ("%0" + digits + "XH").formatted(value);
    }
}

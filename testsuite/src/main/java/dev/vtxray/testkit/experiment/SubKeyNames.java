package dev.vtxray.testkit.experiment;

import dev.vtxray.nested.ExitKey;
import dev.vtxray.vmx.vmcs.VmcsField;

/** Sub-keys of exits as people write them. */
final class SubKeyNames {
    private SubKeyNames() {}

    /** Nothing where the reason has no sub-key. */
    static String of(ExitKey key) {
        return switch (key.reason()) {
            case CPUID -> "leaf %XH".formatted(key.subKey());
            case IO_INSTRUCTION -> "port %XH".formatted(key.subKey());
            case RDMSR, WRMSR -> "MSR %XH".formatted(key.subKey());
            case APIC_ACCESS, APIC_WRITE -> "offset %03XH".formatted(key.subKey());
            case VMREAD, VMWRITE -> {
                VmcsField field = VmcsField.byEncoding(key.subKey());
                yield field == null ? "encoding %XH".formatted(key.subKey()) : field.name();
            }
            case EPT_VIOLATION -> key.subKey() == 0 ? "memory" : "local APIC %03XH".formatted(key.subKey() & 0xFFF);
            default -> "";
        };
    }
}

package dev.vtxray.vmx.vmcs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.vmx.SpecFile;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.SupportedControls;
import dev.vtxray.vmx.control.VmFunctionControl;
import dev.vtxray.vmx.control.VmxControl;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class VmcsFieldTests {
    private static final List<Map<String, String>> SPECIFICATION = SpecFile.rows("vmcs-fields.csv");

    private static final Map<String, VmxControl[]> WORDS = Map.of(
            "pin", PinControl.values(),
            "proc", PrimaryControl.values(),
            "proc2", SecondaryControl.values(),
            "exit", ExitControl.values(),
            "entry", EntryControl.values(),
            "vmfunc", VmFunctionControl.values());

    @Test
    void theTableHoldsEveryFieldOfTheFirstTwoTiersAndEveryFieldThatAlwaysExists() {
        List<String> expected = SPECIFICATION.stream()
                .filter(row ->
                        !row.get("tier").equals("3") || row.get("exists_if").equals("always"))
                .map(row -> row.get("name"))
                .toList();
        assertThat(Stream.of(VmcsField.values()).map(VmcsField::name).toList()).isEqualTo(expected);
    }

    @Test
    void encodingWidthGroupAndAccessAreThoseOfTheSpecification() {
        for (VmcsField field : VmcsField.values()) {
            Map<String, String> row = row(field);
            assertThat(field.encoding()).as(field.name()).isEqualTo(Integer.decode(row.get("encoding")));
            assertThat(width(field)).as(field.name()).isEqualTo(row.get("width"));
            assertThat(group(field)).as(field.name()).isEqualTo(row.get("group"));
            assertThat(field.isReadOnly())
                    .as(field.name())
                    .isEqualTo(row.get("access").equals("ro"));
        }
    }

    @Test
    void existenceDependsOnExactlyTheControlsOfTheSpecification() {
        for (VmcsField field : VmcsField.values()) {
            String condition = row(field).get("exists_if");
            if (condition.startsWith("VMX_MISC")) {
                int above = Integer.parseInt(condition.replaceAll(".*> ", ""));
                assertThat(field.existsOn(processor(Set.of(), above + 1)))
                        .as(field.name())
                        .isTrue();
                assertThat(field.existsOn(processor(Set.of(), above)))
                        .as(field.name())
                        .isFalse();
            } else if (condition.equals("always")) {
                assertThat(field.existsOn(processor(Set.of(), 0)))
                        .as(field.name())
                        .isTrue();
            } else {
                assertExistsWithAnyOf(field, List.of(condition.split(" or ")));
            }
        }
    }

    private static void assertExistsWithAnyOf(VmcsField field, List<String> conditions) {
        Set<VmxControl> all = new HashSet<>();
        WORDS.values().forEach(controls -> all.addAll(Arrays.asList(controls)));
        for (String condition : conditions) {
            VmxControl control = control(condition);
            assertThat(field.existsOn(processor(Set.of(control), 4)))
                    .as(field + " with " + control)
                    .isTrue();
            all.remove(control);
        }
        assertThat(field.existsOn(processor(all, 4)))
                .as(field + " without " + conditions)
                .isFalse();
    }

    private static VmxControl control(String name) {
        String[] parts = name.split("\\.");
        return Stream.of(WORDS.get(parts[0]))
                .filter(control -> control.name().equals(parts[1].toUpperCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow();
    }

    private static SupportedControls processor(Set<VmxControl> controls, int cr3Targets) {
        return new SupportedControls() {
            @Override
            public boolean supports(VmxControl control) {
                return controls.contains(control);
            }

            @Override
            public int cr3TargetCount() {
                return cr3Targets;
            }
        };
    }

    @Test
    void everyEncodingUpToSixteenBitsFindsTheFieldThatHasItOrNothing() {
        List<Integer> found = new ArrayList<>();
        for (int encoding = 0; encoding < 0x10000; encoding++) {
            VmcsField field = VmcsField.byEncoding(encoding);
            if (field != null) {
                boolean high = field.width() == VmcsField.Width.BITS_64 && encoding == field.encoding() + 1;
                assertThat(encoding == field.encoding() || high)
                        .as("%X", encoding)
                        .isTrue();
                assertThat(VmcsField.isHighHalf(encoding)).isEqualTo(high);
                found.add(encoding);
            }
        }
        long wide = Stream.of(VmcsField.values())
                .filter(f -> f.width() == VmcsField.Width.BITS_64)
                .count();
        assertThat(found).hasSize(VmcsField.COUNT + (int) wide);
    }

    @Test
    void anEncodingWithABitAboveFourteenNamesNothing() {
        for (int bit = 15; bit < 64; bit++) {
            assertThat(VmcsField.byEncoding(VmcsField.GUEST_RIP.encoding() | 1L << bit))
                    .isNull();
        }
    }

    private static Map<String, String> row(VmcsField field) {
        return SPECIFICATION.stream()
                .filter(row -> row.get("name").equals(field.name()))
                .findFirst()
                .orElseThrow();
    }

    private static String width(VmcsField field) {
        return field.width() == VmcsField.Width.NATURAL
                ? "natural"
                : Integer.toString(field.width().bits());
    }

    private static String group(VmcsField field) {
        return switch (field.group()) {
            case CONTROL -> "control";
            case READ_ONLY_DATA -> "read-only exit info";
            case GUEST_STATE -> "guest";
            case HOST_STATE -> "host";
        };
    }
}

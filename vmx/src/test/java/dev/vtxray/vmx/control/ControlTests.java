package dev.vtxray.vmx.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.vmx.SpecFile;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ControlTests {
    @Test
    void everyControlWordHasExactlyTheBitsOfTheSpecification() {
        assertBits("pin", PinControl.values());
        assertBits("proc", PrimaryControl.values());
        assertBits("proc2", SecondaryControl.values());
        assertBits("exit", ExitControl.values());
        assertBits("entry", EntryControl.values());
        assertBits("vmfunc", VmFunctionControl.values());
    }

    private static void assertBits(String word, VmxControl[] controls) {
        Matcher line = Pattern.compile("^\\* " + word + ": ((?:.|\\n  )*)", Pattern.MULTILINE)
                .matcher(SpecFile.text("control-bits.txt"));
        assertThat(line.find()).isTrue();
        Map<String, Integer> expected = new TreeMap<>();
        Matcher control = Pattern.compile("(\\w+) (\\d+)").matcher(line.group(1));
        while (control.find()) {
            expected.put(control.group(1).toUpperCase(Locale.ROOT), Integer.valueOf(control.group(2)));
        }
        Map<String, Integer> actual = new TreeMap<>();
        for (VmxControl each : controls) {
            actual.put(each.name(), each.bit());
            assertThat(each.mask()).isEqualTo(1 << each.bit());
            assertThat(each.in(each.mask())).isTrue();
            assertThat(each.in(~each.mask())).isFalse();
        }
        assertThat(actual).isEqualTo(expected);
    }
}

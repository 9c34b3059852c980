package dev.vtxray.vmx.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.vmx.SpecFile;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExitReasonTests {
    private static final List<Map<String, String>> SPECIFICATION = SpecFile.rows("exit-reasons.csv");

    @Test
    void theTableHasExactlyTheReasonsOfTheSpecification() {
        assertThat(List.of(ExitReason.values()).stream().map(ExitReason::name).toList())
                .isEqualTo(SPECIFICATION.stream().map(row -> row.get("name")).toList());
        for (Map<String, String> row : SPECIFICATION) {
            ExitReason reason = ExitReason.valueOf(row.get("name"));
            assertThat(reason.number()).isEqualTo(Integer.parseInt(row.get("number")));
            assertThat(reason.tier()).isEqualTo(Integer.parseInt(row.get("tier")));
            assertThat(words(reason.kind())).as(reason.name()).isEqualTo(row.get("class"));
            assertThat(ExitReason.byNumber(reason.number())).isSameAs(reason);
        }
    }

    private static String words(ExitReason.Kind kind) {
        return kind.name()
                .toLowerCase(Locale.ROOT)
                .replace("_trap_or_asynchronous", "/trap/async")
                .replace("trap_or_asynchronous", "trap/async")
                .replace("asynchronous", "async")
                .replace('_', ' ');
    }

    @Test
    void theNumbersThatTheManualLeavesOutNameNoReason() {
        for (int number : new int[] {35, 38, 42, 71, 82, 83, 86, 0xFFFF}) {
            assertThat(ExitReason.byNumber(number)).isNull();
        }
    }

    @Test
    void theFieldOfAFailedEntryHasBit31() {
        assertThat(ExitReason.ENTRY_FAIL_GUEST_STATE.fieldValue()).isEqualTo(0x8000_0021);
        assertThat(ExitReason.byNumber(0x8000_0021)).isSameAs(ExitReason.ENTRY_FAIL_GUEST_STATE);
        assertThat(ExitReason.CPUID.fieldValue()).isEqualTo(10);
    }

    @Test
    void everyInstructionErrorIsFoundByItsNumberAndTheUnusedNumbersAreNot() {
        for (VmInstructionError error : VmInstructionError.values()) {
            assertThat(VmInstructionError.byNumber(error.number())).isSameAs(error);
        }
        for (int number : new int[] {-1, 0, 14, 21, 27, 29}) {
            assertThat(VmInstructionError.byNumber(number)).isNull();
        }
        assertThat(VmInstructionError.values()).hasSize(25);
    }
}

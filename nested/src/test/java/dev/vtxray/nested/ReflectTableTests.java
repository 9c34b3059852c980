package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.PRIMARY_PROC_BASED_VM_EXEC_CONTROLS;
import static dev.vtxray.vmx.vmcs.VmcsField.SECONDARY_PROC_BASED_VM_EXEC_CONTROLS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmxControl;
import dev.vtxray.vmx.vmcs.Vmcs;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ReflectTableTests {
    private static final long ALL = 0xFFFF_FFFFL;

    static Stream<List<String>> rows() {
        try (InputStream in = ReflectTableTests.class.getResourceAsStream("/spec/reflected-exits.csv")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .skip(1)
                    .map(line -> List.of(line.split(",")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void l1GetsExitsThatTheSpecificationGivesIt(List<String> row) {
        VmExit exit = VmExit.of(ExitReason.byNumber(Integer.parseInt(row.get(0))));
        String toL1 = row.get(1);
        if (toL1.equals("always") || toL1.equals("never")) {
            boolean always = toL1.equals("always");
            assertThat(reflects(exit, vmcs12(0, 0))).isEqualTo(always);
            assertThat(reflects(exit, vmcs12(ALL, ALL))).isEqualTo(always);
            return;
        }
        VmxControl control = control(toL1);
        long mask = control.mask() & ALL;
        long active = PrimaryControl.ACTIVATE_SECONDARY_CONTROLS.mask() & ALL;
        boolean primary = control instanceof PrimaryControl;
        assertThat(reflects(exit, primary ? vmcs12(mask, 0) : vmcs12(active, mask)))
                .isTrue();
        assertThat(reflects(exit, primary ? vmcs12(ALL & ~mask, ALL) : vmcs12(ALL, ALL & ~mask)))
                .isFalse();
        if (!primary) {
            assertThat(reflects(exit, vmcs12(ALL & ~active, ALL)))
                    .as("secondary controls not active")
                    .isFalse();
        }
    }

    private static boolean reflects(VmExit exit, Vmcs vmcs12) {
        return ReflectTable.reflects(exit, vmcs12, TestMemory.host(), new long[16]);
    }

    private static Vmcs vmcs12(long primary, long secondary) {
        Vmcs vmcs12 = new Vmcs(1);
        vmcs12.set(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS, primary);
        vmcs12.set(SECONDARY_PROC_BASED_VM_EXEC_CONTROLS, secondary);
        return vmcs12;
    }

    private static VmxControl control(String manualName) {
        return Stream.<VmxControl>concat(Stream.of(PrimaryControl.values()), Stream.of(SecondaryControl.values()))
                .filter(control -> control.manualName().equalsIgnoreCase(manualName))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no control is called " + manualName));
    }
}

package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.capability.ImplementedFeatures;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MergeTableTests {
    /**
     * Control fields of vmcs12 of which nothing reaches vmcs02: L0 carries them out by software; the executive-VMCS
     * pointer means something only in SMM.
     */
    private static final Set<VmcsField> BY_SOFTWARE = Set.of(
            EXECUTIVE_VMCS_POINTER,
            IO_BITMAP_A_ADDRESS,
            IO_BITMAP_B_ADDRESS,
            VM_EXIT_MSR_STORE_ADDRESS,
            VM_EXIT_MSR_STORE_COUNT,
            VM_EXIT_MSR_LOAD_ADDRESS,
            VM_EXIT_MSR_LOAD_COUNT,
            VM_ENTRY_MSR_LOAD_ADDRESS,
            VM_ENTRY_MSR_LOAD_COUNT);

    @ParameterizedTest
    @ValueSource(strings = {"sandybridge-ep", "ivybridge-ep", "haswell", "haswell-ep", "skylake-sp"})
    void everyFieldOfferedToL1HasARowOrIsCarriedOutBySoftware(String name) {
        CpuProfile offered = L0.offered(ImplementedFeatures.of(CpuProfile.named(name)), L0Options.standard());
        Set<VmcsField> without = new TreeSet<>();
        for (VmcsField field : VmcsField.values()) {
            boolean merged = field.group() == VmcsField.Group.CONTROL || field.group() == VmcsField.Group.GUEST_STATE;
            if (merged && offered.vmx().fields().contains(field)) {
                without.add(field);
            }
        }
        without.removeAll(rowFields());
        without.removeAll(BY_SOFTWARE);
        assertThat(without).isEmpty();
    }

    @Test
    void noFieldHasTwoRowsAndNoneIsHostStateOrExitInformation() {
        assertThat(MergeTable.ROWS).extracting(MergeTable.Row::field).doesNotHaveDuplicates();
        assertThat(rowFields())
                .allMatch(field ->
                        field.group() == VmcsField.Group.CONTROL || field.group() == VmcsField.Group.GUEST_STATE)
                .doesNotContainAnyElementsOf(BY_SOFTWARE);
    }

    private static Set<VmcsField> rowFields() {
        return MergeTable.ROWS.stream().map(MergeTable.Row::field).collect(Collectors.toCollection(TreeSet::new));
    }
}

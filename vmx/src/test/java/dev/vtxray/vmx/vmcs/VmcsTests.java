package dev.vtxray.vmx.vmcs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.entry.SparseBytes;
import org.junit.jupiter.api.Test;

class VmcsTests {
    private static final long VALUE = 0xFEDC_BA98_7654_3210L;

    private final Vmcs vmcs = new Vmcs(0x12);

    @Test
    void aValueIsCutToTheWidthOfItsField() {
        vmcs.set(VmcsField.GUEST_CS_SELECTOR, VALUE);
        vmcs.set(VmcsField.GUEST_CS_LIMIT, VALUE);
        vmcs.set(VmcsField.TSC_OFFSET, VALUE);
        vmcs.set(VmcsField.GUEST_RIP, VALUE);
        assertThat(vmcs.get(VmcsField.GUEST_CS_SELECTOR)).isEqualTo(0x3210);
        assertThat(vmcs.get(VmcsField.GUEST_CS_LIMIT)).isEqualTo(0x7654_3210);
        assertThat(vmcs.get(VmcsField.TSC_OFFSET)).isEqualTo(VALUE);
        assertThat(vmcs.get(VmcsField.GUEST_RIP)).isEqualTo(VALUE);
    }

    @Test
    void aThirtyTwoBitValueReadsWithoutItsSign() {
        vmcs.set(VmcsField.GUEST_CS_LIMIT, -1);
        assertThat(vmcs.get(VmcsField.GUEST_CS_LIMIT)).isEqualTo(0xFFFF_FFFFL);
        assertThat(vmcs.get32(VmcsField.GUEST_CS_LIMIT)).isEqualTo(-1);
    }

    @Test
    void outside64BitModeAFullWriteClearsTheUpperHalfAndAFullReadLeavesItOut() {
        for (VmcsField field : new VmcsField[] {VmcsField.TSC_OFFSET, VmcsField.GUEST_RIP}) {
            vmcs.set(field, VALUE);
            assertThat(vmcs.read(field, field.encoding(), false)).isEqualTo(0x7654_3210L);
            assertThat(vmcs.read(field, field.encoding(), true)).isEqualTo(VALUE);
            vmcs.write(field, field.encoding(), 5, false);
            assertThat(vmcs.get(field)).isEqualTo(5);
            vmcs.write(field, field.encoding(), VALUE, true);
            assertThat(vmcs.get(field)).isEqualTo(VALUE);
        }
    }

    @Test
    void theHighHalfIsReadAndWrittenAloneInEveryMode() {
        VmcsField field = VmcsField.TSC_OFFSET;
        for (boolean in64BitMode : new boolean[] {false, true}) {
            vmcs.set(field, VALUE);
            assertThat(vmcs.read(field, field.encoding() + 1, in64BitMode)).isEqualTo(0xFEDC_BA98L);
            vmcs.write(field, field.encoding() + 1, 0xFFFF_FFFF_0000_0001L, in64BitMode);
            assertThat(vmcs.get(field)).isEqualTo(0x1_7654_3210L);
        }
    }

    @Test
    void onlyFieldsThatGotAnotherValueCountAsChanged() {
        vmcs.markChecked(this);
        vmcs.set(VmcsField.GUEST_RIP, 0);
        assertThat(vmcs.changedFields(VmcsField.GUEST_RIP.ordinal() >> 6)).isZero();
        vmcs.set(VmcsField.GUEST_RIP, 1);
        assertThat(vmcs.changedFields(VmcsField.GUEST_RIP.ordinal() >> 6))
                .isEqualTo(1L << VmcsField.GUEST_RIP.ordinal());
        assertThat(vmcs.wasCheckedBy(this)).isTrue();
        assertThat(vmcs.wasCheckedBy(new Object())).isFalse();
        vmcs.copyFrom(new Vmcs(0x12));
        assertThat(vmcs.wasCheckedBy(this)).isFalse();
    }

    @Test
    void copyingItsRegionMovesAVmcs() {
        SparseBytes memory = new SparseBytes();
        for (VmcsField field : VmcsField.values()) {
            vmcs.set(field, VALUE + field.encoding());
        }
        vmcs.setShadow(true);
        vmcs.setAbortIndicator(4);
        vmcs.setLaunchState(LaunchState.LAUNCHED);
        VmcsRegionFormat.store(vmcs, memory, 0x1000);
        int size = CpuProfile.named("ivybridge-ep").vmx().regionSize();
        for (int offset = 0; offset < size; offset += 4) {
            memory.write32(0x5000 + offset, memory.read32(0x1000 + offset));
        }
        Vmcs moved = new Vmcs(0);
        VmcsRegionFormat.load(moved, memory, 0x5000);
        for (VmcsField field : VmcsField.values()) {
            assertThat(moved.get(field)).as(field.name()).isEqualTo(VALUE + field.encoding() & field.valueMask());
        }
        assertThat(moved.revision()).isEqualTo(0x12);
        assertThat(moved.isShadow()).isTrue();
        assertThat(moved.abortIndicator()).isEqualTo(4);
        assertThat(moved.launchState()).isEqualTo(LaunchState.LAUNCHED);
        assertThat(memory.read32(0x1000)).isEqualTo(0x8000_0012);
        assertThat(memory.read32(0x1004)).isEqualTo(4);
    }

    @Test
    void aRegionOfGarbageLoadsAsAClearVmcs() {
        SparseBytes memory = new SparseBytes();
        for (int offset = 0; offset < 4096; offset += 4) {
            memory.write32(offset, 0xA5A5_A5A5);
        }
        VmcsRegionFormat.load(vmcs, memory, 0);
        assertThat(vmcs.launchState()).isEqualTo(LaunchState.CLEAR);
        assertThat(vmcs.get(VmcsField.GUEST_CS_SELECTOR)).isEqualTo(0xA5A5);
        assertThat(vmcs.get(VmcsField.GUEST_CS_LIMIT)).isEqualTo(0xA5A5_A5A5L);
    }

    @Test
    void aRevisionIdentifierHasThirtyOneBits() {
        assertThatThrownBy(() -> new Vmcs(0x8000_0001))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("80000001H");
    }
}

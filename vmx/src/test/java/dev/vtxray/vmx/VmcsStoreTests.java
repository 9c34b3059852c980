package dev.vtxray.vmx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.vmx.vmcs.PhysicalBytes;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import dev.vtxray.vmx.vmcs.VmcsRegionFormat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class VmcsStoreTests {
    private static final long REGION = 0x1000;
    private static final VmcsField WIDE = VmcsField.GUEST_RIP;
    private static final VmcsField NARROW = VmcsField.GUEST_ACTIVITY_STATE;

    private final PhysicalBytes memory = new Memory();

    /** Two pages. */
    private static final class Memory implements PhysicalBytes {
        private final ByteBuffer bytes = ByteBuffer.allocate(0x2000).order(ByteOrder.LITTLE_ENDIAN);

        @Override
        public int read32(long hpa) {
            return bytes.getInt((int) hpa);
        }

        @Override
        public void write32(long hpa, int value) {
            bytes.putInt((int) hpa, value);
        }

        @Override
        public long read64(long hpa) {
            return bytes.getLong((int) hpa);
        }

        @Override
        public void write64(long hpa, long value) {
            bytes.putLong((int) hpa, value);
        }
    }

    private static long addressOf(VmcsField field) {
        return REGION + VmcsRegionFormat.offsetOf(field);
    }

    @ParameterizedTest
    @EnumSource
    void everyFieldLiesAtItsOffsetAfterVmclear(VmcsField field) {
        VmcsStore store = new VmcsStore(memory);
        store.activate(REGION).set(field, 0x1234_5678_9ABC_DEF0L);
        store.clear(REGION);
        long stored = VmcsRegionFormat.widthOf(field) == 8
                ? memory.read64(addressOf(field))
                : memory.read32(addressOf(field)) & 0xFFFF_FFFFL;
        assertThat(stored).isEqualTo(0x1234_5678_9ABC_DEF0L & field.valueMask());
        assertThat(VmcsRegionFormat.offsetOf(field) + VmcsRegionFormat.widthOf(field))
                .isLessThanOrEqualTo(VmcsRegionFormat.SIZE);
    }

    @Test
    void aMemoryResidentVmcsIsReadBeforeEntryAndWrittenAfterExit() {
        VmcsStore store = VmcsStore.memoryResident(memory);
        Vmcs vmcs = store.activate(REGION);
        memory.write64(addressOf(WIDE), 0x1000);
        memory.write32(addressOf(NARROW), 1);
        store.prepareEntry(REGION);
        assertThat(vmcs.get(WIDE)).isEqualTo(0x1000);
        assertThat(vmcs.get(NARROW)).isEqualTo(1);
        vmcs.set(WIDE, 0x1003);
        vmcs.set(NARROW, 0);
        store.finishExit(REGION);
        assertThat(memory.read64(addressOf(WIDE))).isEqualTo(0x1003);
        assertThat(memory.read32(addressOf(NARROW))).isZero();
    }

    @Test
    void anOrdinaryVmcsDoesNotSeeItsRegionWhileItIsActive() {
        VmcsStore store = new VmcsStore(memory);
        Vmcs vmcs = store.activate(REGION);
        memory.write64(addressOf(WIDE), 0x1000);
        store.prepareEntry(REGION);
        assertThat(vmcs.get(WIDE)).isZero();
        vmcs.set(WIDE, 0x1003);
        store.finishExit(REGION);
        assertThat(memory.read64(addressOf(WIDE))).isEqualTo(0x1000);
    }
}

package dev.vtxray.apic.virtual;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The posted-interrupt descriptor, from both sides. */
class PostedInterruptTests {
    private static final int CONTROL = 32;
    private static final int ON = 1;
    private static final int SN = 2;

    private final VirtualBench.ArrayMemory memory = new VirtualBench.ArrayMemory(PostedInterruptDescriptor.SIZE);
    private final PostedInterruptDescriptor descriptor = new PostedInterruptDescriptor(memory);
    private final VirtualBench bench = new VirtualBench(VirtualBench.ALL);

    @Test
    void postingSetsTheRequestAndNotifiesOnce() {
        assertThat(descriptor.post(0x41)).isTrue();
        assertThat(memory.read32(8)).isEqualTo(1 << 1);
        assertThat(descriptor.isNotificationOutstanding()).isTrue();
        assertThat(descriptor.post(0xFF)).isFalse();
        assertThat(memory.read32(28)).isEqualTo(1 << 31);
    }

    @Test
    void suppressedNotificationsOnlySetTheRequest() {
        memory.write32(CONTROL, SN);
        assertThat(descriptor.post(0x41)).isFalse();
        assertThat(memory.read32(CONTROL)).isEqualTo(SN);
        assertThat(memory.read32(8)).isEqualTo(1 << 1);
    }

    @Test
    void vectorAndDestinationAreWhereTheManualHasThem() {
        memory.write32(CONTROL, 0x00F2_0000);
        memory.write32(36, 0x0001_2345);
        assertThat(descriptor.notificationVector()).isEqualTo(0xF2);
        assertThat(descriptor.notificationDestination()).isEqualTo(0x12345);
        assertThat(descriptor.xApicNotificationDestination()).isEqualTo(0x23);
    }

    @Test
    void processingMovesAllRequestsAndEvaluates() {
        bench.request(0x33);
        bench.load(0x33, 0x30);
        descriptor.post(0x41);
        descriptor.post(0x10);
        descriptor.post(0xE5);
        assertThat(bench.apic.processPostedInterrupts(descriptor)).isSameAs(Outcome.INTERRUPT_RECOGNIZED);
        assertThat(bench.vectors(VirtualBench.VIRR)).containsExactly(0x10, 0x33, 0x41, 0xE5);
        assertThat(bench.state.guestInterruptStatus()).isEqualTo(0x30E5);
        assertThat(descriptor.isNotificationOutstanding()).isFalse();
        for (int offset = 0; offset < CONTROL; offset += 4) {
            assertThat(memory.read32(offset)).isZero();
        }
    }

    @Test
    void aLowerPostedRequestDoesNotLowerRvi() {
        bench.request(0x81);
        bench.load(0x81, 0);
        descriptor.post(0x41);
        bench.apic.processPostedInterrupts(descriptor);
        assertThat(bench.state.requestingVirtualInterrupt()).isEqualTo(0x81);
    }

    @Test
    void processingAnEmptyDescriptorStillEvaluates() {
        bench.request(0x41);
        bench.state.loadGuestInterruptStatus(0x41);
        assertThat(bench.apic.processPostedInterrupts(descriptor)).isSameAs(Outcome.INTERRUPT_RECOGNIZED);
    }

    @Test
    void processingKeepsTheOtherFieldsOfTheDescriptor() {
        memory.write32(CONTROL, 0x00F2_0000 | SN | ON);
        memory.write32(36, 7);
        bench.apic.processPostedInterrupts(descriptor);
        assertThat(memory.read32(CONTROL)).isEqualTo(0x00F2_0000 | SN);
        assertThat(memory.read32(36)).isEqualTo(7);
    }

    @Test
    void afterProcessingTheNextPostNotifiesAgain() {
        descriptor.post(0x41);
        bench.apic.processPostedInterrupts(descriptor);
        assertThat(descriptor.post(0x41)).isTrue();
    }
}

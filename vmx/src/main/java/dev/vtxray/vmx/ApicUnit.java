package dev.vtxray.vmx;

import dev.vtxray.apic.virtual.ApicAccess;
import dev.vtxray.apic.virtual.ApicAccessPage;
import dev.vtxray.apic.virtual.ApicVirtualization;
import dev.vtxray.apic.virtual.Outcome;
import dev.vtxray.apic.virtual.PageAccess;
import dev.vtxray.apic.virtual.PostedInterruptDescriptor;
import dev.vtxray.apic.virtual.VirtualApic;
import dev.vtxray.apic.virtual.VirtualApicPage;
import dev.vtxray.apic.virtual.VirtualApicSettings;
import dev.vtxray.apic.virtual.VirtualInterruptState;
import dev.vtxray.apic.virtual.VirtualX2Apic;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.vmcs.PhysicalBytes;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;

/**
 * APIC virtualization as the VM-execution controls switch it on: joins the operations of {@link VirtualApic} to the VMCS
 * of the guest that runs (SDM, APIC Virtualization and Virtual Interrupts).
 */
final class ApicUnit implements VirtualApicSettings {
    private static final VmcsField[] EOI_EXIT_BITMAPS = {
        VmcsField.EOI_EXIT_BITMAP_0,
        VmcsField.EOI_EXIT_BITMAP_1,
        VmcsField.EOI_EXIT_BITMAP_2,
        VmcsField.EOI_EXIT_BITMAP_3
    };
    private static final ApicVirtualization NONE = new ApicVirtualization(false, false, false);

    private final VmxUnit unit;
    private final PhysicalView virtualApicMemory;
    private final PhysicalView descriptorMemory;
    private final VirtualInterruptState interrupts = new VirtualInterruptState();
    private final VirtualApic operations;
    private final ApicAccessPage accessPage;
    private final VirtualX2Apic x2Apic;
    private final PostedInterruptDescriptor descriptor;

    private ApicVirtualization features = NONE;
    private Vmcs vmcs;
    private Outcome pending = Outcome.NOTHING;

    /** A structure in host-physical memory. */
    private static final class PhysicalView implements PageAccess {
        private final PhysicalBytes memory;
        private long base;

        PhysicalView(PhysicalBytes memory) {
            this.memory = memory;
        }

        @Override
        public int read32(int offset) {
            return memory.read32(base + offset);
        }

        @Override
        public void write32(int offset, int value) {
            memory.write32(base + offset, value);
        }
    }

    ApicUnit(VmxUnit unit) {
        this.unit = unit;
        this.vmcs = new Vmcs(0);
        this.virtualApicMemory = new PhysicalView(unit.memory());
        this.descriptorMemory = new PhysicalView(unit.memory());
        this.operations = new VirtualApic(new VirtualApicPage(virtualApicMemory), interrupts, this);
        this.accessPage = new ApicAccessPage(operations);
        this.x2Apic = new VirtualX2Apic(operations);
        this.descriptor = new PostedInterruptDescriptor(descriptorMemory);
    }

    // VM entry

    /** Takes up the controls of the guest that is entered. */
    void configure(Vmcs guest) {
        vmcs = guest;
        int secondary = unit.secondaryControls();
        features = new ApicVirtualization(
                PrimaryControl.USE_TPR_SHADOW.in(unit.primaryControls()),
                SecondaryControl.APIC_REGISTER_VIRTUALIZATION.in(secondary),
                SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY.in(secondary));
        virtualApicMemory.base = guest.get(VmcsField.VIRTUAL_APIC_ADDRESS);
        descriptorMemory.base = guest.get(VmcsField.POSTED_INTERRUPT_DESCRIPTOR_ADDRESS);
        pending = Outcome.NOTHING;
        accessPage.abandonOperation();
        if (deliversVirtualInterrupts()) {
            interrupts.loadGuestInterruptStatus(guest.get32(VmcsField.GUEST_INTERRUPT_STATUS));
            operations.pprVirtualization();
            operations.evaluatePendingInterrupts();
        } else if (features.tprShadow() && SecondaryControl.VIRTUALIZE_APIC_ACCESSES.in(secondary)) {
            pending = operations.tprVirtualization();
        }
    }

    @Override
    public ApicVirtualization features() {
        return features;
    }

    @Override
    public int tprThreshold() {
        return vmcs.get32(VmcsField.TPR_THRESHOLD) & 0xF;
    }

    @Override
    public boolean reportsVirtualizedEoi(int vector) {
        return (vmcs.get(EOI_EXIT_BITMAPS[vector >> 6]) >>> vector & 1) != 0;
    }

    @Override
    public boolean awaitsInterruptWindow() {
        return PrimaryControl.INTERRUPT_WINDOW_EXITING.in(unit.primaryControls());
    }

    boolean deliversVirtualInterrupts() {
        return features.tprShadow() && features.virtualInterruptDelivery();
    }

    /** RVI and SVI, as the guest-interrupt-status field holds them. */
    int guestInterruptStatus() {
        return interrupts.guestInterruptStatus();
    }

    // TPR through CR8

    boolean hasTprShadow() {
        return features.tprShadow();
    }

    int taskPriority() {
        return operations.taskPriority();
    }

    void writeTaskPriority(int priority) {
        note(operations.writeTaskPriority(priority));
    }

    // APIC-access page

    boolean virtualizesRead(int offset, int size) {
        return accessPage.checkRead(offset, size) == ApicAccess.VIRTUALIZED;
    }

    boolean virtualizesWrite(int offset, int size) {
        return accessPage.checkWrite(offset, size) == ApicAccess.VIRTUALIZED;
    }

    long read(int offset, int size) {
        unit.observer().apicAccessVirtualized(unit.cpu(), offset, false);
        return accessPage.read(offset, size) & 0xFFFF_FFFFL;
    }

    void write(int offset, int size, int value) {
        unit.observer().apicAccessVirtualized(unit.cpu(), offset, true);
        accessPage.write(offset, size, value);
        unit.cpu().attend();
    }

    void abandonOperation() {
        accessPage.abandonOperation();
    }

    // x2APIC MSRs

    boolean virtualizesMsrRead(int index) {
        return SecondaryControl.VIRTUALIZE_X2APIC_MODE.in(unit.secondaryControls()) && x2Apic.virtualizesRead(index);
    }

    boolean virtualizesMsrWrite(int index) {
        return SecondaryControl.VIRTUALIZE_X2APIC_MODE.in(unit.secondaryControls()) && x2Apic.virtualizesWrite(index);
    }

    long readMsr(int index) {
        return x2Apic.read(index);
    }

    void writeMsr(int index, long value) {
        note(x2Apic.write(index, value));
    }

    // at instruction boundaries

    private void note(Outcome outcome) {
        if (outcome.kind() != Outcome.Kind.NOTHING) {
            pending = outcome;
            unit.cpu().attend();
        }
    }

    /** What the instruction before, or the VM entry, has left to do: an exit, or nothing (null kinds never escape). */
    Outcome takePending() {
        Outcome afterWrite = accessPage.endOperation();
        Outcome outcome = afterWrite.kind() != Outcome.Kind.NOTHING ? afterWrite : pending;
        pending = Outcome.NOTHING;
        return outcome;
    }

    /** Whether a virtual interrupt is recognized. */
    boolean hasRecognizedInterrupt() {
        return deliversVirtualInterrupts() && interrupts.isRecognized();
    }

    /** Puts the recognized interrupt into service and returns its vector. */
    int deliverVirtualInterrupt() {
        return operations.deliverVirtualInterrupt();
    }

    /** Whether an external interrupt with this vector is a notification of posted interrupts. */
    boolean isNotification(int vector) {
        return PinControl.PROCESS_POSTED_INTERRUPTS.in(unit.pinControls())
                && vector == vmcs.get32(VmcsField.POSTED_INTERRUPT_NOTIFICATION_VECTOR);
    }

    /** Posted-interrupt processing, after the notification was acknowledged and its EOI given. */
    void processPostedInterrupts() {
        operations.processPostedInterrupts(descriptor);
        Cpu cpu = unit.cpu();
        cpu.attend();
    }
}

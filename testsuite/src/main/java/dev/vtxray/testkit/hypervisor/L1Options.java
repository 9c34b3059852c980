package dev.vtxray.testkit.hypervisor;

import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.SecondaryControl;

/**
 * What kind of hypervisor L1 is.
 *
 * @param cpu          what its processors offer
 * @param handler      how many VMCS accesses it makes
 * @param apicv        whether it uses APIC-register virtualization and virtual-interrupt delivery for L2
 * @param delivery     how virtual interrupts reach a virtual CPU on the other processor
 * @param haltHandling what it does with a virtual CPU that halts
 */
public record L1Options(
        CpuProfile cpu, HandlerProfile handler, boolean apicv, InterruptDelivery delivery, HaltHandling haltHandling) {
    /** @throws IllegalArgumentException if the processor does not offer what is asked for */
    public L1Options {
        if (apicv && !cpu.vmx().supports(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY)) {
            throw new IllegalArgumentException(
                    "profile " + cpu.name() + " does not offer virtual-interrupt delivery, so L1 cannot use APICv");
        }
        if (delivery == InterruptDelivery.POSTED && !apicv) {
            throw new IllegalArgumentException(
                    "posted interrupts need virtual-interrupt delivery: set apicv, or choose EXTERNAL_INTERRUPT");
        }
        if (delivery == InterruptDelivery.POSTED && !cpu.vmx().supports(PinControl.PROCESS_POSTED_INTERRUPTS)) {
            throw new IllegalArgumentException("profile " + cpu.name() + " does not offer posted interrupts");
        }
        if (haltHandling == HaltHandling.REENTER_HALTED && !cpu.vmx().supportsActivityState(1)) {
            throw new IllegalArgumentException("profile " + cpu.name() + " cannot enter a guest in activity state HLT");
        }
    }

    boolean posts() {
        return delivery == InterruptDelivery.POSTED;
    }
}

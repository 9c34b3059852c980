package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.port.SecondStage;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.capability.EptVpidCapability;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmInstructionError;
import dev.vtxray.vmx.vmcs.LaunchState;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import dev.vtxray.vmx.vmcs.VmcsRegionFormat;

/**
 * L1's VMX instructions, which all exit to L0 (SDM, VMX Instruction Reference). The order of the checks is the manual's;
 * operands come from the exit's own fields.
 */
final class VmxEmulation {
    private static final int BLOCKING_BY_MOV_SS = 2;
    private static final long STATUS = Flags.STATUS;

    private final L0 l0;

    VmxEmulation(L0 l0) {
        this.l0 = l0;
    }

    void handle(VirtualCpu v, VmExit exit) {
        try {
            execute(v, exit);
        } catch (GuestFault fault) {
            GuestEmulation.fault(v, fault);
        } catch (SecondStage.Taken taken) {
            l0.fail("a VMX instruction of L1 on CPU " + v.number + " has its operand where there is no memory");
        }
    }

    private void execute(VirtualCpu v, VmExit exit) {
        boolean compatibility = v.cpu.longMode && v.cpu.codeSize != 8;
        if (!v.cpu.protectedMode() || v.cpu.virtual8086() || compatibility) {
            throw GuestFault.undefinedOpcode();
        }
        boolean vmxon = exit.reason() == dev.vtxray.vmx.control.ExitReason.VMXON;
        if (vmxon ? !shows(v, CR4_READ_SHADOW, Vmcs01.CR4_OWNED) : !v.inVmxOperation) {
            throw GuestFault.undefinedOpcode();
        }
        if (v.cpu.cpl != 0) {
            throw GuestFault.generalProtection();
        }
        VmxOperand operand = new VmxOperand(v.unit, exit);
        switch (exit.reason()) {
            case VMXON -> vmxon(v, exit, operand);
            case VMXOFF -> vmxoff(v, exit);
            case VMCLEAR -> vmclear(v, exit, operand);
            case VMPTRLD -> vmptrld(v, exit, operand);
            case VMPTRST -> {
                operand.storeQuadword(v.vmcs12Pointer);
                succeed(v, exit);
            }
            case VMREAD -> vmread(v, exit, operand);
            case VMWRITE -> vmwrite(v, exit, operand);
            case VMLAUNCH -> enter(v, exit, true);
            case VMRESUME -> enter(v, exit, false);
            case VMCALL -> fail(v, exit, VmInstructionError.VMCALL_IN_ROOT.number());
            case INVEPT -> invept(v, exit, operand);
            case INVVPID -> invvpid(v, exit, operand);
            default -> throw GuestFault.undefinedOpcode();
        }
    }

    private static boolean shows(VirtualCpu v, VmcsField shadow, long bit) {
        return (v.vmcs01.get(shadow) & bit) != 0;
    }

    // conventions

    private static void finish(VirtualCpu v, VmExit exit, long status) {
        v.vmcs01.set(GUEST_RFLAGS, v.vmcs01.get(GUEST_RFLAGS) & ~STATUS | status);
        GuestEmulation.skip(v, exit);
    }

    private static void succeed(VirtualCpu v, VmExit exit) {
        finish(v, exit, 0);
    }

    private static void failInvalid(VirtualCpu v, VmExit exit) {
        finish(v, exit, Flags.CF);
    }

    private static void fail(VirtualCpu v, VmExit exit, int error) {
        if (!v.hasVmcs12()) {
            failInvalid(v, exit);
            return;
        }
        v.vmcs12.set(VM_INSTRUCTION_ERROR, error);
        finish(v, exit, Flags.ZF);
    }

    private static void fail(VirtualCpu v, VmExit exit, VmInstructionError error) {
        fail(v, exit, error.number());
    }

    private static boolean isValidPointer(VirtualCpu v, long pointer) {
        long mask = (1L << v.profile.physicalAddressWidth()) - 1;
        return (pointer & 0xFFF) == 0 && (pointer & ~mask) == 0;
    }

    // instructions

    private void vmxon(VirtualCpu v, VmExit exit, VmxOperand operand) {
        if (v.inVmxOperation) {
            fail(v, exit, VmInstructionError.VMXON_IN_ROOT);
            return;
        }
        boolean fixed = shows(v, CR0_READ_SHADOW, Control.CR0_NE)
                && (v.vmcs01.get(GUEST_CR0) & (Control.CR0_PE | Control.CR0_PG)) == (Control.CR0_PE | Control.CR0_PG);
        if (!fixed) {
            throw GuestFault.generalProtection();
        }
        long pointer = operand.loadQuadword(0);
        int revision = v.profile.vmx().revision();
        if (!isValidPointer(v, pointer) || v.host.guestView().read32(pointer) != revision) {
            failInvalid(v, exit);
            return;
        }
        v.setVmxOperation(true);
        v.vmxonPointer = pointer;
        v.vmcs12Pointer = VirtualCpu.NO_POINTER;
        succeed(v, exit);
    }

    private void vmxoff(VirtualCpu v, VmExit exit) {
        v.releaseVmcs12(l0.options().vmcsShadowing());
        v.setVmxOperation(false);
        v.vmxonPointer = VirtualCpu.NO_POINTER;
        succeed(v, exit);
    }

    private void vmclear(VirtualCpu v, VmExit exit, VmxOperand operand) {
        long pointer = operand.loadQuadword(0);
        if (!isValidPointer(v, pointer)) {
            fail(v, exit, VmInstructionError.VMCLEAR_INVALID_ADDRESS);
            return;
        }
        if (pointer == v.vmxonPointer) {
            fail(v, exit, VmInstructionError.VMCLEAR_VMXON_POINTER);
            return;
        }
        if (pointer == v.vmcs12Pointer) {
            v.vmcs12.setLaunchState(LaunchState.CLEAR);
            v.releaseVmcs12(l0.options().vmcsShadowing());
        } else {
            // Every VMCS that is not current is in its region: L0 keeps no other copy.
            Vmcs cleared = new Vmcs(0);
            VmcsRegionFormat.load(cleared, v.host.guestView(), pointer);
            cleared.setLaunchState(LaunchState.CLEAR);
            VmcsRegionFormat.store(cleared, v.host.guestView(), pointer);
        }
        succeed(v, exit);
    }

    private void vmptrld(VirtualCpu v, VmExit exit, VmxOperand operand) {
        long pointer = operand.loadQuadword(0);
        if (!isValidPointer(v, pointer)) {
            fail(v, exit, VmInstructionError.VMPTRLD_INVALID_ADDRESS);
            return;
        }
        if (pointer == v.vmxonPointer) {
            fail(v, exit, VmInstructionError.VMPTRLD_VMXON_POINTER);
            return;
        }
        int header = v.host.guestView().read32(pointer);
        boolean shadow = VmcsRegionFormat.isShadow(header);
        if (VmcsRegionFormat.revision(header) != v.profile.vmx().revision()
                || shadow && !v.profile.vmx().supports(SecondaryControl.VMCS_SHADOWING)) {
            fail(v, exit, VmInstructionError.VMPTRLD_INCORRECT_REVISION);
            return;
        }
        if (pointer != v.vmcs12Pointer) {
            v.loadVmcs12(pointer, l0.options().vmcsShadowing());
        }
        succeed(v, exit);
    }

    private void vmread(VirtualCpu v, VmExit exit, VmxOperand operand) {
        if (!v.hasVmcs12()) {
            failInvalid(v, exit);
            return;
        }
        long encoding = operand.register2();
        VmcsField field = v.profile.vmx().fields().byEncoding(encoding);
        if (field == null) {
            fail(v, exit, VmInstructionError.UNSUPPORTED_COMPONENT);
            return;
        }
        boolean is64Bit = v.cpu.codeSize == 8;
        operand.setValue(source(v, field, false).read(field, encoding, is64Bit), is64Bit ? 8 : 4);
        succeed(v, exit);
    }

    private void vmwrite(VirtualCpu v, VmExit exit, VmxOperand operand) {
        if (!v.hasVmcs12()) {
            failInvalid(v, exit);
            return;
        }
        boolean is64Bit = v.cpu.codeSize == 8;
        long value = operand.value(is64Bit ? 8 : 4);
        long encoding = operand.register2();
        VmcsField field = v.profile.vmx().fields().byEncoding(encoding);
        if (field == null) {
            fail(v, exit, VmInstructionError.UNSUPPORTED_COMPONENT);
            return;
        }
        if (field.isReadOnly() && !v.profile.vmx().writesExitInformation()) {
            fail(v, exit, VmInstructionError.VMWRITE_READ_ONLY_COMPONENT);
            return;
        }
        source(v, field, true).write(field, encoding, value, is64Bit);
        if (l0.options().vmcsShadowing() && ShadowedFields.readsFreely(field)) {
            // What VMREAD finds without an exit has to follow what VMWRITE changed with one.
            v.shadow.write(field, encoding, value, is64Bit);
        }
        succeed(v, exit);
    }

    /** A shadowed field that exits all the same (a high half, say) must meet the copy that L1 works on. */
    private Vmcs source(VirtualCpu v, VmcsField field, boolean write) {
        boolean shadowed = l0.options().vmcsShadowing()
                && (write ? ShadowedFields.writesFreely(field) : ShadowedFields.readsFreely(field));
        return shadowed ? v.shadow : v.vmcs12;
    }

    private void enter(VirtualCpu v, VmExit exit, boolean launch) {
        if (!v.hasVmcs12() || v.vmcs12.isShadow()) {
            l0.counters().countEntry(ExitCounters.NestedEntry.VMFAIL);
            l0.guestObserver().refused(v.cpu, 0);
            failInvalid(v, exit);
            return;
        }
        if (l0.options().vmcsShadowing()) {
            ShadowedFields.copyFromShadow(v.shadow, v.vmcs12);
        }
        VmInstructionError early = earlyFailure(v, launch);
        int error = early == null ? NestedEntry.enter(l0, v) : early.number();
        if (error != 0) {
            l0.counters().countEntry(ExitCounters.NestedEntry.VMFAIL);
            l0.guestObserver().refused(v.cpu, error);
            fail(v, exit, error);
        }
    }

    private static @org.jspecify.annotations.Nullable VmInstructionError earlyFailure(VirtualCpu v, boolean launch) {
        if ((v.vmcs01.get32(GUEST_INTERRUPTIBILITY_STATE) & BLOCKING_BY_MOV_SS) != 0) {
            return VmInstructionError.ENTRY_BLOCKED_BY_MOV_SS;
        }
        LaunchState state = v.vmcs12.launchState();
        if (launch && state != LaunchState.CLEAR) {
            return VmInstructionError.VMLAUNCH_NOT_CLEAR;
        }
        return !launch && state != LaunchState.LAUNCHED ? VmInstructionError.VMRESUME_NOT_LAUNCHED : null;
    }

    private void invept(VirtualCpu v, VmExit exit, VmxOperand operand) {
        long type = operand.register2();
        boolean single = type == 1 && v.profile.vmx().has(EptVpidCapability.INVEPT_SINGLE_CONTEXT);
        boolean all = type == 2 && v.profile.vmx().has(EptVpidCapability.INVEPT_ALL_CONTEXT);
        if (!single && !all) {
            fail(v, exit, VmInstructionError.INVALID_INVALIDATION_OPERAND);
            return;
        }
        long eptp = operand.loadQuadword(0);
        operand.loadQuadword(8);
        if (single && !isValidEptp(v, eptp)) {
            fail(v, exit, VmInstructionError.INVALID_INVALIDATION_OPERAND);
            return;
        }
        // EPT02 is built per processor, but L1 may have told only this one of tables that others use as well: as on
        // hardware, every processor that uses them has to be told.
        v.dropShadowEpts(single ? eptp : null);
        v.cpu.mmu.flushAll();
        succeed(v, exit);
    }

    private static boolean isValidEptp(VirtualCpu v, long eptp) {
        long mask = (1L << v.profile.physicalAddressWidth()) - 1;
        return (eptp & 7) == 6 && (eptp >> 3 & 7) == 3 && (eptp & 0xFC0) == 0 && (eptp & ~mask) == 0;
    }

    private void invvpid(VirtualCpu v, VmExit exit, VmxOperand operand) {
        long type = operand.register2();
        long descriptor = operand.loadQuadword(0);
        long la = operand.loadQuadword(8);
        boolean needsVpid = type != 2;
        boolean bad = type < 0
                || type > 3
                || descriptor >>> 16 != 0
                || needsVpid && descriptor == 0
                || type == 0 && la << 16 >> 16 != la;
        if (bad) {
            fail(v, exit, VmInstructionError.INVALID_INVALIDATION_OPERAND);
            return;
        }
        v.cpu.mmu.flushAll();
        succeed(v, exit);
    }
}

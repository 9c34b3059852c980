package dev.vtxray.vmx;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Row;
import dev.vtxray.core.isa.Rows;
import dev.vtxray.vmx.VmxUnit.Mode;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.VmInstructionError;
import dev.vtxray.vmx.vmcs.LaunchState;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import dev.vtxray.vmx.vmcs.VmcsRegionFormat;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The VMX instructions (SDM, VMX Instruction Reference). In each body the order of the manual can be read from top to
 * bottom: undefined, exit, privilege, operand, failures, effect.
 */
public final class VmxInstructions {
    private static final int CARRY = 1;
    private static final int ZERO = 1 << 6;
    private static final long PAGE_OFFSET = 0xFFF;

    private final IntFunction<VmxUnit> units;

    private VmxInstructions(IntFunction<VmxUnit> units) {
        this.units = units;
    }

    /**
     * The rows of the VMX instructions, to be given to a machine.
     *
     * @param units the unit of each CPU by its number; asked only when an instruction executes
     */
    public static List<Row> rows(IntFunction<VmxUnit> units) {
        VmxInstructions vmx = new VmxInstructions(units);
        Rows rows = new Rows();
        // @formatter:off
        rows.row("VMCALL",   "0F 01 C1",      ""      ).ends().does(vmx::vmcall);
        rows.row("VMLAUNCH", "0F 01 C2",      ""      ).ends().does(vmx::vmlaunch);
        rows.row("VMRESUME", "0F 01 C3",      ""      ).ends().does(vmx::vmresume);
        rows.row("VMXOFF",   "0F 01 C4",      ""      ).ends().does(vmx::vmxoff);
        rows.row("VMFUNC",   "NP 0F 01 D4",   ""      ).ends().does(vmx::vmfunc);
        rows.row("VMREAD",   "NP 0F 78",      "Ey,Gy" ).f64().ends().does(vmx::vmread);
        rows.row("VMWRITE",  "NP 0F 79",      "Gy,Ey" ).f64().ends().does(vmx::vmwrite);
        rows.row("VMPTRLD",  "NP 0F C7 /6",   "Mq"    ).ends().does(vmx::vmptrld);
        rows.row("VMPTRST",  "NP 0F C7 /7",   "Mq"    ).ends().does(vmx::vmptrst);
        rows.row("VMCLEAR",  "66 0F C7 /6",   "Mq"    ).ends().does(vmx::vmclear);
        rows.row("VMXON",    "F3 0F C7 /6",   "Mq"    ).ends().does(vmx::vmxon);
        rows.row("INVEPT",   "66 0F 38 80",   "Gy,Mdq").f64().ends().does(vmx::invept);
        rows.row("INVVPID",  "66 0F 38 81",   "Gy,Mdq").f64().ends().does(vmx::invvpid);
        // @formatter:on
        return rows.toList();
    }

    // conventions

    private VmxUnit unit(Cpu c) {
        return units.apply(c.number);
    }

    private static void succeed(Cpu c, Insn i) {
        c.flags.setStatus(0);
        c.advance(i);
    }

    private static void failInvalid(Cpu c, Insn i) {
        c.flags.setStatus(CARRY);
        c.advance(i);
    }

    /** VMfailValid where there is a current VMCS to tell, VMfailInvalid otherwise. */
    private static void fail(VmxUnit unit, Insn i, VmInstructionError error) {
        fail(unit, i, error.number());
    }

    private static void fail(VmxUnit unit, Insn i, int error) {
        Cpu c = unit.cpu();
        if (unit.currentPointer() == VmxUnit.NO_POINTER && unit.mode() != Mode.NON_ROOT) {
            failInvalid(c, i);
            return;
        }
        unit.current().set(VmcsField.VM_INSTRUCTION_ERROR, error);
        c.flags.setStatus(ZERO);
        c.advance(i);
    }

    /** The modes in which VMX instructions exist, inside VMX operation. */
    private static void requireVmxOperation(VmxUnit unit) {
        if (unit.mode() == Mode.OFF) {
            throw GuestFault.undefinedOpcode();
        }
        requireMode(unit.cpu());
    }

    private static void requireMode(Cpu c) {
        boolean compatibility = c.longMode && c.codeSize != 8;
        if (!c.protectedMode() || c.virtual8086() || compatibility) {
            throw GuestFault.undefinedOpcode();
        }
    }

    /** In a guest the instruction exits, before its privilege is looked at. */
    private static boolean exits(VmxUnit unit, Insn i, ExitReason reason, int information) {
        if (unit.mode() != Mode.NON_ROOT) {
            return false;
        }
        Cpu c = unit.cpu();
        c.current = i;
        long next = c.r[Insn.BLOCK] + i.end;
        c.rip = c.insnRip();
        unit.deliver(VmExit.of(reason)
                .withQualification(InstructionInformation.displacement(i, next))
                .withInstruction(i.length, information));
        return true;
    }

    private static boolean isValidPointer(VmxUnit unit, long pointer) {
        long mask = unit.capabilities().limitsAddressesTo32Bits()
                ? unit.physicalMask() & 0xFFFF_FFFFL
                : unit.physicalMask();
        return (pointer & PAGE_OFFSET) == 0 && (pointer & ~mask) == 0;
    }

    private static long loadPointer(Cpu c, Insn i) {
        return c.load(i, i.offset(c), 8);
    }

    // entering and leaving VMX operation

    private void vmxon(Cpu c, Insn i) {
        VmxUnit unit = unit(c);
        requireMode(c);
        if ((c.cr4 & unit.vmxeBit()) == 0) {
            throw GuestFault.undefinedOpcode();
        }
        if (unit.mode() == Mode.OFF) {
            c.requirePrivilege();
            if (!unit.allowsVmxon()) {
                throw GuestFault.generalProtection();
            }
            long pointer = loadPointer(c, i);
            int header = isValidPointer(unit, pointer)
                    ? unit.memory().read32(pointer)
                    : ~unit.capabilities().revision();
            if (header != unit.capabilities().revision()) {
                failInvalid(c, i);
                return;
            }
            unit.enterVmxOperation(pointer);
            succeed(c, i);
            return;
        }
        if (exits(unit, i, ExitReason.VMXON, InstructionInformation.memoryOperand(i))) {
            return;
        }
        c.requirePrivilege();
        fail(unit, i, VmInstructionError.VMXON_IN_ROOT);
    }

    private void vmxoff(Cpu c, Insn i) {
        VmxUnit unit = unit(c);
        requireVmxOperation(unit);
        if (exits(unit, i, ExitReason.VMXOFF, 0)) {
            return;
        }
        c.requirePrivilege();
        unit.leaveVmxOperation();
        succeed(c, i);
        c.attend(); // an INIT that was blocked is taken now
    }

    // VMCS maintenance

    private void vmclear(Cpu c, Insn i) {
        VmxUnit unit = unit(c);
        requireVmxOperation(unit);
        if (exits(unit, i, ExitReason.VMCLEAR, InstructionInformation.memoryOperand(i))) {
            return;
        }
        c.requirePrivilege();
        long pointer = loadPointer(c, i);
        if (!isValidPointer(unit, pointer)) {
            fail(unit, i, VmInstructionError.VMCLEAR_INVALID_ADDRESS);
            return;
        }
        if (pointer == unit.vmxonPointer()) {
            fail(unit, i, VmInstructionError.VMCLEAR_VMXON_POINTER);
            return;
        }
        unit.store().activate(pointer).setLaunchState(LaunchState.CLEAR);
        unit.store().clear(pointer);
        if (pointer == unit.currentPointer()) {
            unit.setCurrent(VmxUnit.NO_POINTER);
        }
        succeed(c, i);
    }

    private void vmptrld(Cpu c, Insn i) {
        VmxUnit unit = unit(c);
        requireVmxOperation(unit);
        if (exits(unit, i, ExitReason.VMPTRLD, InstructionInformation.memoryOperand(i))) {
            return;
        }
        c.requirePrivilege();
        long pointer = loadPointer(c, i);
        if (!isValidPointer(unit, pointer)) {
            fail(unit, i, VmInstructionError.VMPTRLD_INVALID_ADDRESS);
            return;
        }
        if (pointer == unit.vmxonPointer()) {
            fail(unit, i, VmInstructionError.VMPTRLD_VMXON_POINTER);
            return;
        }
        int header = unit.memory().read32(pointer);
        boolean shadow = VmcsRegionFormat.isShadow(header);
        if (VmcsRegionFormat.revision(header) != unit.capabilities().revision()
                || shadow && !unit.capabilities().supports(SecondaryControl.VMCS_SHADOWING)) {
            fail(unit, i, VmInstructionError.VMPTRLD_INCORRECT_REVISION);
            return;
        }
        unit.setCurrent(pointer);
        succeed(c, i);
    }

    private void vmptrst(Cpu c, Insn i) {
        VmxUnit unit = unit(c);
        requireVmxOperation(unit);
        if (exits(unit, i, ExitReason.VMPTRST, InstructionInformation.memoryOperand(i))) {
            return;
        }
        c.requirePrivilege();
        c.store(i, i.offset(c), 8, unit.currentPointer());
        succeed(c, i);
    }

    // VMREAD and VMWRITE

    private void vmread(Cpu c, Insn i) {
        VmxUnit unit = unit(c);
        requireVmxOperation(unit);
        long encoding = i.loadSrc(c);
        if (VmcsAccess.exits(unit, encoding, false)
                && exits(unit, i, ExitReason.VMREAD, InstructionInformation.vmcsAccess(i))) {
            return;
        }
        c.requirePrivilege();
        Vmcs vmcs = VmcsAccess.target(unit);
        if (vmcs == null) {
            failInvalid(c, i);
            return;
        }
        VmcsField field = VmcsAccess.find(unit, encoding);
        if (field == null) {
            fail(unit, i, VmInstructionError.UNSUPPORTED_COMPONENT);
            return;
        }
        i.storeDst(c, vmcs.read(field, encoding, c.codeSize == 8));
        succeed(c, i);
    }

    private void vmwrite(Cpu c, Insn i) {
        VmxUnit unit = unit(c);
        requireVmxOperation(unit);
        long encoding = i.loadDst(c);
        if (VmcsAccess.exits(unit, encoding, true)
                && exits(unit, i, ExitReason.VMWRITE, InstructionInformation.vmcsAccess(i))) {
            return;
        }
        c.requirePrivilege();
        Vmcs vmcs = VmcsAccess.target(unit);
        if (vmcs == null) {
            failInvalid(c, i);
            return;
        }
        long value = i.loadSrc(c);
        VmcsField field = VmcsAccess.find(unit, encoding);
        if (field == null) {
            fail(unit, i, VmInstructionError.UNSUPPORTED_COMPONENT);
            return;
        }
        if (field.isReadOnly() && !unit.capabilities().writesExitInformation()) {
            fail(unit, i, VmInstructionError.VMWRITE_READ_ONLY_COMPONENT);
            return;
        }
        vmcs.write(field, encoding, value, c.codeSize == 8);
        succeed(c, i);
    }

    // VM entry, VMCALL, VMFUNC

    private void vmlaunch(Cpu c, Insn i) {
        enter(c, i, true);
    }

    private void vmresume(Cpu c, Insn i) {
        enter(c, i, false);
    }

    private void enter(Cpu c, Insn i, boolean launch) {
        VmxUnit unit = unit(c);
        requireVmxOperation(unit);
        if (exits(unit, i, launch ? ExitReason.VMLAUNCH : ExitReason.VMRESUME, 0)) {
            return;
        }
        c.requirePrivilege();
        if (unit.currentPointer() == VmxUnit.NO_POINTER || unit.current().isShadow()) {
            unit.observer().refused(c, 0);
            failInvalid(c, i);
            return;
        }
        VmInstructionError early = earlyFailure(c, unit.current(), launch);
        int error = early == null ? unit.enterArchitectural() : early.number();
        if (error != 0) {
            unit.observer().refused(c, error);
            fail(unit, i, error);
        }
    }

    private static @Nullable VmInstructionError earlyFailure(Cpu c, Vmcs vmcs, boolean launch) {
        if (c.shadow == Cpu.MOV_SS_SHADOW) {
            return VmInstructionError.ENTRY_BLOCKED_BY_MOV_SS;
        }
        if (launch && vmcs.launchState() != LaunchState.CLEAR) {
            return VmInstructionError.VMLAUNCH_NOT_CLEAR;
        }
        return !launch && vmcs.launchState() != LaunchState.LAUNCHED ? VmInstructionError.VMRESUME_NOT_LAUNCHED : null;
    }

    private void vmcall(Cpu c, Insn i) {
        VmxUnit unit = unit(c);
        if (unit.mode() == Mode.OFF) {
            throw GuestFault.undefinedOpcode();
        }
        if (exits(unit, i, ExitReason.VMCALL, 0)) {
            return;
        }
        requireMode(c);
        c.requirePrivilege();
        fail(unit, i, VmInstructionError.VMCALL_IN_ROOT);
    }

    /** Deviation: VM functions are not offered by any profile yet, so VMFUNC is always undefined. */
    private void vmfunc(Cpu c, Insn i) {
        throw GuestFault.undefinedOpcode();
    }

    // invalidation

    private void invept(Cpu c, Insn i) {
        VmxUnit unit = unit(c);
        requireVmxOperation(unit);
        if (!Invalidation.offersInvept(unit)) {
            throw GuestFault.undefinedOpcode();
        }
        if (exits(unit, i, ExitReason.INVEPT, InstructionInformation.invalidate(i))) {
            return;
        }
        c.requirePrivilege();
        long type = i.loadDst(c);
        if (!Invalidation.supportsInvept(unit, type)) {
            fail(unit, i, VmInstructionError.INVALID_INVALIDATION_OPERAND);
            return;
        }
        long eptp = c.load(i, i.offset(c), 8);
        c.load(i, i.offset(c) + 8, 8);
        finish(unit, i, Invalidation.invept(unit, type, eptp));
    }

    private void invvpid(Cpu c, Insn i) {
        VmxUnit unit = unit(c);
        requireVmxOperation(unit);
        if (!Invalidation.offersInvvpid(unit)) {
            throw GuestFault.undefinedOpcode();
        }
        if (exits(unit, i, ExitReason.INVVPID, InstructionInformation.invalidate(i))) {
            return;
        }
        c.requirePrivilege();
        long type = i.loadDst(c);
        if (!Invalidation.supportsInvvpid(unit, type)) {
            fail(unit, i, VmInstructionError.INVALID_INVALIDATION_OPERAND);
            return;
        }
        long vpid = c.load(i, i.offset(c), 8);
        long la = c.load(i, i.offset(c) + 8, 8);
        finish(unit, i, Invalidation.invvpid(unit, type, vpid, la));
    }

    private static void finish(VmxUnit unit, Insn i, boolean valid) {
        if (valid) {
            succeed(unit.cpu(), i);
        } else {
            fail(unit, i, VmInstructionError.INVALID_INVALIDATION_OPERAND);
        }
    }

    /** CR0 and CR4 bits that VMXON demands. */
    static boolean hasFixedBits(Cpu c, VmxControlRegisters registers) {
        return registers.hasFixedCr0(c.cr0 & ~(Control.CR0_NW | Control.CR0_CD), 0) && registers.hasFixedCr4(c.cr4);
    }
}

package dev.vtxray.testkit.hypervisor;

import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Operand;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.core.isa.Row;
import dev.vtxray.core.semantics.BaseInstructions;
import dev.vtxray.vmx.VmxInstructions;
import dev.vtxray.vmx.vmcs.VmcsField;
import dev.vtxray.vmx.vmcs.VmcsRegionFormat;
import java.util.ArrayList;
import java.util.List;

/**
 * Code of a hypervisor in the making: VMX operation, and VMCS fields by instruction or in memory. A failing VMX
 * instruction goes to the label {@link #VMX_FAILURE}, which the hypervisor has to define.
 */
public class HypervisorCode extends GuestCode {
    /** Where code goes on after VMfailInvalid or VMfailValid. */
    public static final String VMX_FAILURE = "vmxFailure";

    private static final int CR4_VMXE = 1 << 13;

    private final FieldAccess access;
    private final Reg region;

    /**
     * Code that is still empty.
     *
     * @param access how VMCS fields are reached
     * @param region the register that holds the address of the current VMCS's region when fields are reached in memory
     */
    public HypervisorCode(long origin, long apic, FieldAccess access, Reg region) {
        super(instructions(), origin, apic);
        this.access = access;
        this.region = region;
    }

    private static List<Row> instructions() {
        List<Row> rows = new ArrayList<>(BaseInstructions.rows());
        rows.addAll(VmxInstructions.rows(cpu -> {
            throw new IllegalStateException("these rows are for assembling, CPU " + cpu + " cannot execute them");
        }));
        return rows;
    }

    private void failureIsChecked() {
        branch("JBE", VMX_FAILURE);
    }

    /** Enters VMX operation. Changes RAX. @param pointer where the address of the VMXON region lies */
    public final void vmxon(Mem pointer) {
        emit("MOV", Reg.RAX, Reg.CR4);
        emit("OR", Reg.RAX, CR4_VMXE);
        emit("MOV", Reg.CR4, Reg.RAX);
        emit("VMXON", pointer);
        failureIsChecked();
    }

    /** @param pointer where the address of the VMCS region lies */
    public final void vmclear(Mem pointer) {
        emit("VMCLEAR", pointer);
        failureIsChecked();
    }

    /** @param pointer where the address of the VMCS region lies */
    public final void vmptrld(Mem pointer) {
        emit("VMPTRLD", pointer);
        failureIsChecked();
    }

    /** Enters a guest for the first time. Code goes on at the exit handler, behind this only after a failure. */
    public final void vmlaunch() {
        emit("VMLAUNCH");
        branch("JMP", VMX_FAILURE);
    }

    /** Enters a guest again. Code goes on at the exit handler, behind this only after a failure. */
    public final void vmresume() {
        emit("VMRESUME");
        branch("JMP", VMX_FAILURE);
    }

    /** Copies a field to memory, zero-extended to 64 bits. Changes RAX. */
    public final void readField(VmcsField field, Mem destination) {
        if (access == FieldAccess.INSTRUCTION) {
            load(Reg.EAX, field.encoding());
            emit("VMREAD", destination, Reg.RAX);
            return;
        }
        emit("MOV", accumulator(field), inRegion(field));
        emit("MOV", destination, Reg.RAX);
    }

    /** Copies 64 bits of memory, cut to the width of the field, to a field. Changes RAX. */
    public final void writeField(VmcsField field, Mem source) {
        if (access == FieldAccess.INSTRUCTION) {
            load(Reg.EAX, field.encoding());
            emit("VMWRITE", Reg.RAX, source);
            return;
        }
        emit("MOV", Reg.RAX, source);
        emit("MOV", inRegion(field), accumulator(field));
    }

    /** Sets a field to a value that is known now. Changes RAX and RCX. */
    public final void writeField(VmcsField field, long value) {
        load(Reg.RCX, value);
        writeField(field, Reg.RCX);
    }

    /** Sets a field to a register of 64 bits, not RAX. Changes RAX. */
    public final void writeField(VmcsField field, Reg source) {
        if (access == FieldAccess.INSTRUCTION) {
            load(Reg.EAX, field.encoding());
            emit("VMWRITE", Reg.RAX, source);
            failureIsChecked();
            return;
        }
        Operand part = VmcsRegionFormat.widthOf(field) == 8 ? source : Reg.general(4, source.number());
        emit("MOV", inRegion(field), part);
    }

    private static Reg accumulator(VmcsField field) {
        return VmcsRegionFormat.widthOf(field) == 8 ? Reg.RAX : Reg.EAX;
    }

    private Mem inRegion(VmcsField field) {
        return Mem.of(VmcsRegionFormat.widthOf(field), region).disp(VmcsRegionFormat.offsetOf(field));
    }
}

package dev.vtxray.testkit.hypervisor;

import dev.vtxray.core.isa.Mem;
import dev.vtxray.core.isa.Reg;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.List;

/**
 * The page that L1 has for each of its CPUs: the registers of the virtual CPU, variables, copies of the VMCS fields
 * that the exit handler works with, and at the end the stack. RBX points to it.
 */
final class CpuBlock {
    // @formatter:off
    static final int REGISTERS_END     = 0x80;
    private static final int NUMBER    = 0x80;
    private static final int VMXON     = 0x88;
    private static final int VMCS      = 0x90;
    private static final int APIC_PAGE = 0x98;
    private static final int POSTED    = 0xA0;
    private static final int SERVICE   = 0xA8;
    private static final int HALTED    = 0xB0;
    private static final int FIELDS    = 0x100;
    // @formatter:on

    static final Reg BASE = Reg.RBX;

    private final List<VmcsField> fields = new ArrayList<>();

    CpuBlock(List<List<VmcsField>> used) {
        for (List<VmcsField> list : used) {
            list.stream().filter(field -> !fields.contains(field)).forEach(fields::add);
        }
    }

    /** A general register of the virtual CPU. */
    static Mem register(int number) {
        return qword(8 * number);
    }

    /** Number of this CPU. */
    static Mem number() {
        return qword(NUMBER);
    }

    /** Address of this CPU's VMXON region. */
    static Mem vmxonPointer() {
        return qword(VMXON);
    }

    /** Address of this CPU's VMCS region. */
    static Mem vmcsPointer() {
        return qword(VMCS);
    }

    /** Address of the page in which the registers of the virtual APIC are. */
    static Mem virtualApicPage() {
        return qword(APIC_PAGE);
    }

    /** Address of the descriptor with the interrupts that wait for this virtual CPU. */
    static Mem descriptor() {
        return qword(POSTED);
    }

    /** Vector that the virtual CPU has in service, 0 if none; used without virtual-interrupt delivery. */
    static Mem inService() {
        return qword(SERVICE);
    }

    /** Whether the virtual CPU is to be entered halted. */
    static Mem halted() {
        return qword(HALTED);
    }

    /** The copy of a field, 64 bits. */
    Mem field(VmcsField field) {
        int slot = fields.indexOf(field);
        if (slot < 0) {
            throw new IllegalArgumentException(field + " is not among the fields of this handler: " + fields);
        }
        return qword(FIELDS + 8 * slot);
    }

    /** The low 32 bits of a variable. */
    static Mem low(Mem variable) {
        return Mem.dword(BASE).disp(variable.disp());
    }

    private static Mem qword(int offset) {
        return Mem.qword(BASE).disp(offset);
    }
}

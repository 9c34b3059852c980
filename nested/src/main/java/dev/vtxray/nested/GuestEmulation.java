package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.port.MmioDevice;
import dev.vtxray.core.port.SecondStage;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.control.CrAccessQualification;
import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.InterruptionInfo;
import dev.vtxray.vmx.control.InterruptionType;
import dev.vtxray.vmx.control.IoQualification;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;

/** What L0 does in the place of an instruction of the guest that exited, L1 or L2 alike. */
final class GuestEmulation {
    private final L0 l0;

    GuestEmulation(L0 l0) {
        this.l0 = l0;
    }

    /** Goes on behind the instruction that exited. */
    static void skip(VirtualCpu v, VmExit exit) {
        Vmcs vmcs = v.running();
        long next = vmcs.get(GUEST_RIP) + exit.instructionLength();
        vmcs.set(GUEST_RIP, v.cpu.codeSize == 8 ? next : next & 0xFFFF_FFFFL);
        vmcs.set(GUEST_INTERRUPTIBILITY_STATE, vmcs.get(GUEST_INTERRUPTIBILITY_STATE) & ~3L);
        NestedExit.syncStackPointer(v);
    }

    /** Has the guest take a fault in the place of the instruction that exited, which then has not retired. */
    static void fault(VirtualCpu v, GuestFault fault) {
        v.cpu.uncount();
        inject(v, fault);
    }

    private static void inject(VirtualCpu v, GuestFault fault) {
        Vmcs vmcs = v.running();
        boolean hasCode = fault.errorCode() >= 0;
        int info = InterruptionInfo.of(InterruptionType.HARDWARE_EXCEPTION, fault.vector(), hasCode);
        vmcs.set(VM_ENTRY_INTERRUPTION_INFO, info & 0xFFFF_FFFFL);
        vmcs.set(VM_ENTRY_EXCEPTION_ERROR_CODE, hasCode ? fault.errorCode() : 0);
        // VM entry pushes RFLAGS as they are; a fault that the CPU delivers pushes them with RF set.
        vmcs.set(GUEST_RFLAGS, vmcs.get(GUEST_RFLAGS) | Flags.RF);
        if (fault.vector() == 14) {
            v.cpu.cr2 = fault.linearAddress();
        }
    }

    /** Delivers again what an exit has interrupted on its way through the IDT. */
    static void reinject(VirtualCpu v, VmExit exit) {
        if (!InterruptionInfo.isValid(exit.idtVectoringInfo())) {
            return;
        }
        Vmcs vmcs = v.running();
        vmcs.set(VM_ENTRY_INTERRUPTION_INFO, exit.idtVectoringInfo() & 0xFFFF_EFFFL);
        vmcs.set(VM_ENTRY_EXCEPTION_ERROR_CODE, exit.idtVectoringErrorCode() & 0xFFFF_FFFFL);
        vmcs.set(VM_ENTRY_INSTRUCTION_LENGTH, exit.instructionLength());
    }

    void cpuid(VirtualCpu v, VmExit exit) {
        Cpu c = v.cpu;
        int leaf = (int) c.r[Cpu.RAX];
        int subleaf = (int) c.r[Cpu.RCX];
        c.r[Cpu.RAX] = v.cpuid.value(leaf, subleaf, 0) & 0xFFFF_FFFFL;
        c.r[Cpu.RBX] = v.cpuid.value(leaf, subleaf, 1) & 0xFFFF_FFFFL;
        c.r[Cpu.RCX] = v.cpuid.value(leaf, subleaf, 2) & 0xFFFF_FFFFL;
        c.r[Cpu.RDX] = v.cpuid.value(leaf, subleaf, 3) & 0xFFFF_FFFFL;
        skip(v, exit);
    }

    void rdmsr(VirtualCpu v, VmExit exit) {
        try {
            long value = MsrEmulation.read(v, (int) v.cpu.r[Cpu.RCX]);
            v.cpu.r[Cpu.RAX] = value & 0xFFFF_FFFFL;
            v.cpu.r[Cpu.RDX] = value >>> 32;
            skip(v, exit);
        } catch (GuestFault fault) {
            fault(v, fault);
        }
    }

    void wrmsr(VirtualCpu v, VmExit exit) {
        try {
            long value = v.cpu.r[Cpu.RDX] << 32 | v.cpu.r[Cpu.RAX] & 0xFFFF_FFFFL;
            MsrEmulation.write(l0, v, (int) v.cpu.r[Cpu.RCX], value);
            skip(v, exit);
        } catch (GuestFault fault) {
            fault(v, fault);
        }
    }

    /** IN and OUT go to the machine's devices; strings are carried out whole, as the instruction would be. */
    void io(VirtualCpu v, VmExit exit) {
        long qualification = exit.qualification();
        int size = IoQualification.size(qualification);
        int port = IoQualification.port(qualification);
        if (IoQualification.isString(qualification)) {
            v.cpu.uncount();
            emulate(v, -1, NO_DEVICE);
            return;
        }
        if (IoQualification.isIn(qualification)) {
            long mask = -1L >>> 64 - 8 * size;
            long value = l0.machine().io().in(port, size);
            v.cpu.r[Cpu.RAX] = size == 4 ? value : v.cpu.r[Cpu.RAX] & ~mask | value;
        } else {
            l0.machine().io().out(port, size, v.cpu.r[Cpu.RAX]);
        }
        skip(v, exit);
    }

    /** A write of CR0 or CR4 that touches a bit which L0 owns: L1 sees what it wrote, the CPU keeps what it needs. */
    void controlRegister(VirtualCpu v, VmExit exit) {
        long qualification = exit.qualification();
        Vmcs vmcs = v.running();
        int register = CrAccessQualification.controlRegister(qualification);
        int general = CrAccessQualification.register(qualification);
        switch (CrAccessQualification.access(qualification)) {
            case MOV_TO_CR -> movToControlRegister(v, exit, register, v.cpu.r[general]);
            case MOV_FROM_CR -> {
                v.cpu.r[general] = register == 8 ? v.apic.taskPriority() : vmcs.get(GUEST_CR3);
                skip(v, exit);
            }
            case CLTS -> {
                vmcs.set(GUEST_CR0, vmcs.get(GUEST_CR0) & ~Control.CR0_TS);
                skip(v, exit);
            }
            case LMSW -> {
                long source = CrAccessQualification.lmswSource(qualification);
                long old = vmcs.get(GUEST_CR0);
                vmcs.set(GUEST_CR0, old & ~0xEL | source & 0xF | old & 1);
                skip(v, exit);
            }
        }
    }

    private void movToControlRegister(VirtualCpu v, VmExit exit, int register, long value) {
        try {
            switch (register) {
                case 0 -> loadCr0(v, value);
                case 4 -> loadCr4(v, value);
                case 8 -> {
                    require((value & ~0xFL) == 0);
                    v.apic.setTaskPriority((int) value);
                }
                default -> v.running().set(GUEST_CR3, value & Long.MAX_VALUE);
            }
        } catch (GuestFault fault) {
            fault(v, fault);
            return;
        }
        v.cpu.mmu.flushAll();
        skip(v, exit);
    }

    private static void require(boolean rule) {
        if (!rule) {
            throw GuestFault.generalProtection();
        }
    }

    /** In VMX operation, root or not, the bits that it fixes may not be cleared (SDM, "VMX-Fixed Bits"). */
    private static void loadCr0(VirtualCpu v, long value) {
        require(!v.inVmxOperation || (value & Vmcs01.CR0_FIXED) == Vmcs01.CR0_FIXED);
        v.unit.guestContext().loadCr0(value | Vmcs01.CR0_OWNED);
        Vmcs vmcs = v.running();
        vmcs.set(CR0_READ_SHADOW, value & Control.CR0_DEFINED | Control.CR0_ET);
        vmcs.set(GUEST_CR0, v.cpu.cr0);
        vmcs.set(GUEST_IA32_EFER, v.cpu.efer);
        long ia32e = EntryControl.IA32E_MODE_GUEST.mask();
        long entry = vmcs.get(VM_ENTRY_CONTROLS) & ~ia32e;
        vmcs.set(VM_ENTRY_CONTROLS, (v.cpu.efer & Control.EFER_LMA) != 0 ? entry | ia32e : entry);
        savePdptes(v);
    }

    private static void loadCr4(VirtualCpu v, long value) {
        require(!v.inVmxOperation || (value & Vmcs01.CR4_OWNED) != 0);
        v.unit.guestContext().loadCr4(value | Vmcs01.CR4_OWNED);
        v.running().set(CR4_READ_SHADOW, value);
        v.running().set(GUEST_CR4, v.cpu.cr4);
        savePdptes(v);
    }

    private static void savePdptes(VirtualCpu v) {
        for (int i = 0; i < v.cpu.pdpte.length; i++) {
            v.running().set(VmcsField.at(GUEST_PDPTE0.ordinal() + i), v.cpu.pdpte[i]);
        }
    }

    /** Carries out an access of the guest to L1's local APIC. */
    void localApic(VirtualCpu v, long gpaPage) {
        emulate(v, gpaPage, new MmioDevice() {
            @Override
            public long read(long offset, int size) {
                return L0.answersInMemory(v) ? v.apic.read(offset, size) : -1;
            }

            @Override
            public void write(long offset, int size, long value) {
                if (L0.answersInMemory(v)) {
                    v.apic.write(offset, size, value);
                }
            }
        });
    }

    /** Nothing answers: reads as all ones. */
    static final MmioDevice NO_DEVICE = new MmioDevice() {
        @Override
        public long read(long offset, int size) {
            return -1;
        }

        @Override
        public void write(long offset, int size, long value) {}
    };

    /** Carries out the guest's instruction with a device in place of one guest-physical page. */
    void emulate(VirtualCpu v, long gpaPage, MmioDevice device) {
        Vmcs vmcs = v.running();
        try {
            v.unit.guestContext().emulate(l0.machine().decoder(), gpaPage, device);
        } catch (GuestFault fault) {
            inject(v, fault);
            return;
        } catch (SecondStage.Taken taken) {
            l0.fail("an instruction of " + v.level() + " on CPU " + v.number
                    + " accesses a device and, with the same instruction, memory that is not there");
            return;
        }
        vmcs.set(GUEST_RIP, v.cpu.rip);
        vmcs.set(GUEST_RFLAGS, v.cpu.flags.get());
        vmcs.set(GUEST_INTERRUPTIBILITY_STATE, vmcs.get(GUEST_INTERRUPTIBILITY_STATE) & ~3L);
        NestedExit.syncStackPointer(v);
    }
}

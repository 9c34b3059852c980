package dev.vtxray.nested;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.vmx.GuestContext;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.VmxUnit;

/**
 * Operands of L1's VMX instructions, from the exit qualification and the VM-exit instruction information alone, as any
 * hypervisor has to find them (SDM, VM Exits, "Information for VM Exits Due to Instruction Execution").
 */
final class VmxOperand {
    private static final int REGISTER_FORM = 1 << 10;
    private static final int INDEX_INVALID = 1 << 22;
    private static final int BASE_INVALID = 1 << 27;

    private final Cpu cpu;
    private final GuestContext guest;
    private final int info;
    private final long displacement;

    VmxOperand(VmxUnit unit, VmExit exit) {
        this.cpu = unit.cpu();
        this.guest = unit.guestContext();
        this.info = exit.instructionInformation();
        this.displacement = exit.qualification();
    }

    boolean isRegister() {
        return (info & REGISTER_FORM) != 0;
    }

    /** Linear address of the memory operand. */
    long linearAddress() {
        long offset = displacement;
        if ((info & BASE_INVALID) == 0) {
            offset += cpu.r[info >> 23 & 15];
        }
        if ((info & INDEX_INVALID) == 0) {
            offset += cpu.r[info >> 18 & 15] << (info & 3);
        }
        int addressSize = info >> 7 & 7;
        offset &= addressSize == 2 ? -1L : addressSize == 1 ? 0xFFFF_FFFFL : 0xFFFFL;
        return cpu.wrap(cpu.segBase[info >> 15 & 7] + offset);
    }

    /** The memory operand's first 8 bytes. */
    long loadQuadword(int offset) {
        return guest.load(linearAddress() + offset, 8);
    }

    void storeQuadword(long value) {
        guest.store(linearAddress(), 8, value);
    }

    /** Reg2: the register that holds an encoding or an invalidation type. */
    long register2() {
        return cpu.r[info >>> 28];
    }

    /** Source of VMWRITE: register or memory. */
    long value(int size) {
        return isRegister() ? cpu.r[info >> 3 & 15] : guest.load(linearAddress(), size);
    }

    /** Destination of VMREAD: register or memory. */
    void setValue(long value, int size) {
        if (isRegister()) {
            cpu.r[info >> 3 & 15] = value;
        } else {
            guest.store(linearAddress(), size, value);
        }
    }
}

package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.ControlRegisterLoads;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;
import dev.vtxray.core.port.ControlRegisterPolicy;
import dev.vtxray.core.port.InterruptSource;
import dev.vtxray.core.port.SensitiveOp;

/** Control and debug registers. */
final class ControlRegisters {
    /** Bits that LMSW writes: PE, MP, EM, TS. */
    private static final long LMSW_BITS = 0xF;

    private static final long DR6_WRITABLE = 0xE00F;
    private static final long DR7_WRITABLE = 0xFFFF_23FFL;
    private static final long CR8_RESERVED = ~0xFL;

    private ControlRegisters() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("MOV",  "0F 20",    "Ry,Cy").sensitive(SensitiveOp.MOV_FROM_CR).does(ControlRegisters::movFromCr);
        rows.row("MOV",  "0F 22",    "Cy,Ry").sensitive(SensitiveOp.MOV_TO_CR)  .does(ControlRegisters::movToCr);
        rows.row("MOV",  "0F 21",    "Ry,Dy").sensitive(SensitiveOp.MOV_FROM_DR).does(ControlRegisters::movFromDr);
        rows.row("MOV",  "0F 23",    "Dy,Ry").sensitive(SensitiveOp.MOV_TO_DR)  .does(ControlRegisters::movToDr);
        rows.row("CLTS", "0F 06",    "")     .sensitive(SensitiveOp.CLTS)       .does(ControlRegisters::clts);
        rows.row("LMSW", "0F 01 /6", "Ew")   .sensitive(SensitiveOp.LMSW)       .does(ControlRegisters::lmsw);
        rows.row("SMSW", "0F 01 /4", "Ev")   .ends()                            .does(ControlRegisters::smsw);
        // @formatter:on
    }

    // MOV to and from control registers

    private static void checkNumber(Insn i) {
        switch (i.reg) {
            case 0, 2, 3, 4, 8 -> {}
            default -> throw GuestFault.undefinedOpcode();
        }
    }

    /** The interceptor's operand is 0. */
    static void movFromCr(Cpu c, Insn i) {
        checkNumber(i);
        c.requirePrivilege();
        if (c.taken(SensitiveOp.MOV_FROM_CR, i, 0)) {
            return;
        }
        i.storeDst(c, read(c, i.reg));
        c.advance(i);
    }

    private static long read(Cpu c, int number) {
        ControlRegisterPolicy policy = c.crPolicy;
        InterruptSource interrupts = c.interrupts;
        return switch (number) {
            case 0 -> policy == null ? c.cr0 : policy.readCr0(c.cr0);
            case 2 -> c.cr2;
            case 3 -> c.cr3;
            case 4 -> policy == null ? c.cr4 : policy.readCr4(c.cr4);
            default -> interrupts == null ? 0 : interrupts.taskPriority();
        };
    }

    /** The interceptor's operand is the value to be written. */
    static void movToCr(Cpu c, Insn i) {
        checkNumber(i);
        c.requirePrivilege();
        long value = i.loadSrc(c);
        if (c.taken(SensitiveOp.MOV_TO_CR, i, value)) {
            return;
        }
        switch (i.reg) {
            case 0 -> writeCr0(c, value);
            case 2 -> c.cr2 = value;
            case 3 -> ControlRegisterLoads.loadCr3(c, value);
            case 4 -> writeCr4(c, value);
            default -> writeCr8(c, value);
        }
        c.advance(i);
    }

    private static void writeCr0(Cpu c, long value) {
        ControlRegisterPolicy policy = c.crPolicy;
        long merged = policy == null ? value : policy.mergeCr0(c.cr0, value);
        if (policy != null && !policy.allowsCr0(merged)) {
            throw GuestFault.generalProtection();
        }
        ControlRegisterLoads.loadCr0(c, merged);
    }

    private static void writeCr4(Cpu c, long value) {
        ControlRegisterPolicy policy = c.crPolicy;
        long merged = policy == null ? value : policy.mergeCr4(c.cr4, value);
        if (policy != null && !policy.allowsCr4(merged)) {
            throw GuestFault.generalProtection();
        }
        ControlRegisterLoads.loadCr4(c, merged);
    }

    private static void writeCr8(Cpu c, long value) {
        if ((value & CR8_RESERVED) != 0) {
            throw GuestFault.generalProtection();
        }
        InterruptSource interrupts = c.interrupts;
        if (interrupts != null) {
            interrupts.setTaskPriority((int) value);
            c.attend();
        }
    }

    // parts of CR0

    /** The interceptor's operand is 0. */
    static void clts(Cpu c, Insn i) {
        c.requirePrivilege();
        if (c.taken(SensitiveOp.CLTS, i, 0)) {
            return;
        }
        writeCr0(c, c.cr0 & ~Control.CR0_TS);
        c.advance(i);
    }

    /** The interceptor's operand is the 16-bit source. PE can be set but not cleared. */
    static void lmsw(Cpu c, Insn i) {
        c.requirePrivilege();
        long source = i.loadDst(c);
        if (c.taken(SensitiveOp.LMSW, i, source)) {
            return;
        }
        writeCr0(c, c.cr0 & ~LMSW_BITS | source & LMSW_BITS | c.cr0 & Control.CR0_PE);
        c.advance(i);
    }

    static void smsw(Cpu c, Insn i) {
        SystemOperands.checkUserModeInstructionPrevention(c);
        SystemOperands.storeWordOrRegister(c, i, read(c, 0));
        c.advance(i);
    }

    // debug registers

    /** The interceptor's operand is 0. It is asked before all but the mode. */
    static void movFromDr(Cpu c, Insn i) {
        checkDebugNumber(i);
        if (c.taken(SensitiveOp.MOV_FROM_DR, i, 0)) {
            return;
        }
        int number = accessibleDebugRegister(c, i);
        i.storeDst(c, c.dr[number]);
        c.advance(i);
    }

    /** The interceptor's operand is the value to be written. It is asked before all but the mode. */
    static void movToDr(Cpu c, Insn i) {
        checkDebugNumber(i);
        long value = i.loadSrc(c);
        if (c.taken(SensitiveOp.MOV_TO_DR, i, value)) {
            return;
        }
        int number = accessibleDebugRegister(c, i);
        if (number >= 6 && value >>> 32 != 0) {
            throw GuestFault.generalProtection();
        }
        c.dr[number] = switch (number) {
            case 6 -> value & DR6_WRITABLE | Control.DR6_FIXED;
            case 7 -> value & DR7_WRITABLE | Control.DR7_FIXED;
            default -> value;
        };
        c.attend();
        c.advance(i);
    }

    private static void checkDebugNumber(Insn i) {
        if (i.reg > 7) {
            throw GuestFault.undefinedOpcode();
        }
    }

    /** Number of the debug register that is meant, after the faults that guard it. */
    private static int accessibleDebugRegister(Cpu c, Insn i) {
        boolean alias = i.reg == 4 || i.reg == 5;
        if (alias && (c.cr4 & Control.CR4_DE) != 0) {
            throw GuestFault.undefinedOpcode();
        }
        c.requirePrivilege();
        if ((c.dr[7] & Control.DR7_GD) != 0) {
            throw GuestFault.debug(Control.DR6_BD);
        }
        return alias ? i.reg + 2 : i.reg;
    }
}

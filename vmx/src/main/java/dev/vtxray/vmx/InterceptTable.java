package dev.vtxray.vmx;

import static dev.vtxray.vmx.control.PrimaryControl.*;
import static dev.vtxray.vmx.control.SecondaryControl.*;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.OperandKind;
import dev.vtxray.core.port.Interceptor;
import dev.vtxray.core.port.SensitiveOp;
import dev.vtxray.vmx.control.CrAccessQualification;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.control.IoQualification;
import dev.vtxray.vmx.control.VmxControl;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import org.jspecify.annotations.Nullable;

/**
 * Which instructions of a guest exit (SDM, VMX Non-Root Operation, "Instructions That Cause VM Exits"): a row for each
 * sensitive operation, with its condition, exit reason, qualification and instruction information.
 */
final class InterceptTable implements Interceptor {
    private static final int DIRECTION_FROM_DR = 1 << 4;
    private static final int MSR_BITMAP_HIGH = 0x400;
    private static final int MSR_BITMAP_WRITE = 0x800;
    private static final int LAST_PORT = 0xFFFF;

    /** Decides whether an operation exits now. */
    @FunctionalInterface
    private interface When {
        boolean holds(InterceptTable table, Insn insn, long operand);
    }

    /** Computes the exit qualification, or the instruction information. */
    @FunctionalInterface
    private interface Report {
        long value(InterceptTable table, Insn insn, long operand);
    }

    private record Row(ExitReason reason, When when, Report qualification, Report information) {}

    private static final Report NOTHING = (table, insn, operand) -> 0;
    private static final Report DISPLACEMENT =
            (table, insn, operand) -> InstructionInformation.displacement(insn, table.nextRip(insn));
    private static final Report OPERAND = (table, insn, operand) -> operand;

    private static final @Nullable Row[] ROWS = new Row[SensitiveOp.values().length];

    static {
        // @formatter:off
        row(SensitiveOp.CPUID,       ExitReason.CPUID,            always(),                     NOTHING);
        row(SensitiveOp.INVD,        ExitReason.INVD,             always(),                     NOTHING);
        row(SensitiveOp.XSETBV,      ExitReason.XSETBV,           always(),                     NOTHING);
        row(SensitiveOp.HLT,         ExitReason.HLT,              set(HLT_EXITING),             NOTHING);
        row(SensitiveOp.INVLPG,      ExitReason.INVLPG,           set(INVLPG_EXITING),          OPERAND);
        row(SensitiveOp.RDPMC,       ExitReason.RDPMC,            set(RDPMC_EXITING),           NOTHING);
        row(SensitiveOp.RDTSC,       ExitReason.RDTSC,            set(RDTSC_EXITING),           NOTHING);
        row(SensitiveOp.RDTSCP,      ExitReason.RDTSCP,           set(RDTSC_EXITING),           NOTHING);
        row(SensitiveOp.MWAIT,       ExitReason.MWAIT,            set(MWAIT_EXITING),           NOTHING);
        row(SensitiveOp.MONITOR,     ExitReason.MONITOR,          set(MONITOR_EXITING),         NOTHING);
        row(SensitiveOp.PAUSE,       ExitReason.PAUSE,            set(PAUSE_EXITING),           NOTHING);
        row(SensitiveOp.WBINVD,      ExitReason.WBINVD,           set(WBINVD_EXITING),          NOTHING);
        row(SensitiveOp.RDMSR,       ExitReason.RDMSR,            InterceptTable::rdmsrExits,   NOTHING);
        row(SensitiveOp.WRMSR,       ExitReason.WRMSR,            InterceptTable::wrmsrExits,   NOTHING);
        row(SensitiveOp.IN,          ExitReason.IO_INSTRUCTION,   InterceptTable::ioExits,      InterceptTable::io);
        row(SensitiveOp.OUT,         ExitReason.IO_INSTRUCTION,   InterceptTable::ioExits,      InterceptTable::io);
        row(SensitiveOp.INS,         ExitReason.IO_INSTRUCTION,   InterceptTable::ioExits,      InterceptTable::io,
                (table, insn, operand) -> InstructionInformation.string(insn, false));
        row(SensitiveOp.OUTS,        ExitReason.IO_INSTRUCTION,   InterceptTable::ioExits,      InterceptTable::io,
                (table, insn, operand) -> InstructionInformation.string(insn, true));
        row(SensitiveOp.MOV_TO_CR,   ExitReason.CR_ACCESS,        InterceptTable::movToCrExits,
                (table, insn, operand) -> CrAccessQualification.movToCr(insn.reg, insn.src));
        row(SensitiveOp.MOV_FROM_CR, ExitReason.CR_ACCESS,        InterceptTable::movFromCrExits,
                (table, insn, operand) -> CrAccessQualification.movFromCr(insn.reg, insn.dst));
        row(SensitiveOp.CLTS,        ExitReason.CR_ACCESS,
                (table, insn, operand) -> table.controlRegisters.cltsExits(),
                (table, insn, operand) -> CrAccessQualification.clts());
        row(SensitiveOp.LMSW,        ExitReason.CR_ACCESS,
                (table, insn, operand) -> table.controlRegisters.lmswExits(operand),
                (table, insn, operand) -> CrAccessQualification.lmsw((int) operand, insn.hasMem));
        row(SensitiveOp.MOV_TO_DR,   ExitReason.DR_ACCESS,        set(MOV_DR_EXITING),
                (table, insn, operand) -> insn.reg | insn.src << 8);
        row(SensitiveOp.MOV_FROM_DR, ExitReason.DR_ACCESS,        set(MOV_DR_EXITING),
                (table, insn, operand) -> insn.reg | DIRECTION_FROM_DR | insn.dst << 8);
        table(SensitiveOp.SGDT, ExitReason.GDTR_IDTR_ACCESS, 0);
        table(SensitiveOp.SIDT, ExitReason.GDTR_IDTR_ACCESS, 1);
        table(SensitiveOp.LGDT, ExitReason.GDTR_IDTR_ACCESS, 2);
        table(SensitiveOp.LIDT, ExitReason.GDTR_IDTR_ACCESS, 3);
        segment(SensitiveOp.SLDT, 0);
        segment(SensitiveOp.STR,  1);
        segment(SensitiveOp.LLDT, 2);
        segment(SensitiveOp.LTR,  3);
        row(SensitiveOp.INVPCID,     ExitReason.INVPCID,          set(INVLPG_EXITING),          DISPLACEMENT,
                (table, insn, operand) -> InstructionInformation.invalidate(insn));
        row(SensitiveOp.RDRAND,      ExitReason.RDRAND,           set(RDRAND_EXITING),          NOTHING,
                (table, insn, operand) -> InstructionInformation.random(insn));
        row(SensitiveOp.RDSEED,      ExitReason.RDSEED,           set(RDSEED_EXITING),          NOTHING,
                (table, insn, operand) -> InstructionInformation.random(insn));
        row(SensitiveOp.TASK_SWITCH, ExitReason.TASK_SWITCH,      always(),                     OPERAND);
        // @formatter:on
    }

    private final VmxUnit unit;
    private final Cpu cpu;
    private final VmxControlRegisters controlRegisters;

    InterceptTable(VmxUnit unit, VmxControlRegisters controlRegisters) {
        this.unit = unit;
        this.cpu = unit.cpu();
        this.controlRegisters = controlRegisters;
    }

    private static void row(SensitiveOp op, ExitReason reason, When when, Report qualification) {
        row(op, reason, when, qualification, NOTHING);
    }

    private static void row(SensitiveOp op, ExitReason reason, When when, Report qualification, Report information) {
        ROWS[op.ordinal()] = new Row(reason, when, qualification, information);
    }

    private static void table(SensitiveOp op, ExitReason reason, int identity) {
        row(
                op,
                reason,
                set(DESCRIPTOR_TABLE_EXITING),
                DISPLACEMENT,
                (table, insn, operand) -> InstructionInformation.descriptorTable(insn, identity));
    }

    private static void segment(SensitiveOp op, int identity) {
        row(
                op,
                ExitReason.LDTR_TR_ACCESS,
                set(DESCRIPTOR_TABLE_EXITING),
                DISPLACEMENT,
                (table, insn, operand) -> InstructionInformation.segmentRegister(insn, identity));
    }

    private static When always() {
        return (table, insn, operand) -> true;
    }

    private static When set(VmxControl control) {
        return (table, insn, operand) -> table.isSet(control);
    }

    private boolean isSet(VmxControl control) {
        return switch (control.word()) {
            case PRIMARY_PROCESSOR_BASED -> control.in(unit.primaryControls());
            case SECONDARY_PROCESSOR_BASED -> control.in(unit.secondaryControls());
            default -> throw new IllegalStateException(control.name() + " does not intercept instructions");
        };
    }

    @Override
    public boolean isUndefined(SensitiveOp op) {
        return switch (op) {
            case RDTSCP -> !isSet(ENABLE_RDTSCP);
            case INVPCID -> !isSet(ENABLE_INVPCID);
            default -> false;
        };
    }

    private long nextRip(Insn insn) {
        return cpu.r[Insn.BLOCK] + insn.end;
    }

    @Override
    public boolean taken(Cpu asking, SensitiveOp op, Insn insn, long operand) {
        Row row = ROWS[op.ordinal()];
        if (row == null) {
            throw new IllegalStateException("no row for " + op);
        }
        if (!row.when.holds(this, insn, operand)) {
            return done(op, insn, operand);
        }
        VmExit exit = VmExit.of(row.reason)
                .withQualification(row.qualification.value(this, insn, operand))
                .withInstruction(insn.length, (int) row.information.value(this, insn, operand));
        if (op == SensitiveOp.INS || op == SensitiveOp.OUTS) {
            exit.withLinearAddress(stringAddress(op, insn));
        } else if (op == SensitiveOp.LMSW && insn.hasMem) {
            exit.withLinearAddress(cpu.linear(insn.seg, insn.offset(cpu), 2, false));
        }
        cpu.rip = cpu.insnRip();
        unit.deliver(exit);
        return true;
    }

    private long stringAddress(SensitiveOp op, Insn insn) {
        boolean output = op == SensitiveOp.OUTS;
        int register = output ? Cpu.RSI : Cpu.RDI;
        return cpu.segBase[output ? insn.seg : 0] + (cpu.r[register] & insn.addressMask);
    }

    // operations that change their meaning in a guest instead of exiting

    /** Carries out what VMX non-root operation does in the instruction's place. @return whether it did */
    private boolean done(SensitiveOp op, Insn insn, long operand) {
        switch (op) {
            case MOV_TO_CR -> {
                if (insn.reg != 8 || !unit.apic().hasTprShadow()) {
                    return false;
                }
                if ((operand & ~0xFL) != 0) {
                    throw GuestFault.generalProtection();
                }
                unit.apic().writeTaskPriority((int) operand);
            }
            case MOV_FROM_CR -> {
                if (insn.reg != 8 || !unit.apic().hasTprShadow()) {
                    return false;
                }
                insn.storeDst(cpu, unit.apic().taskPriority());
            }
            case CLTS -> {
                if (!controlRegisters.cltsIsIgnored()) {
                    return false;
                }
            }
            case RDMSR -> {
                if (!unit.apic().virtualizesMsrRead((int) operand)) {
                    return false;
                }
                long value = unit.apic().readMsr((int) operand);
                cpu.r[Cpu.RAX] = value & 0xFFFF_FFFFL;
                cpu.r[Cpu.RDX] = value >>> 32;
            }
            case WRMSR -> {
                if (!unit.apic().virtualizesMsrWrite((int) operand)) {
                    return false;
                }
                unit.apic().writeMsr((int) operand, cpu.r[Cpu.RDX] << 32 | cpu.r[Cpu.RAX] & 0xFFFF_FFFFL);
            }
            default -> {
                return false;
            }
        }
        cpu.advance(insn);
        return true;
    }

    // conditions

    private static boolean rdmsrExits(InterceptTable table, Insn insn, long operand) {
        return table.msrExits((int) operand, 0);
    }

    private static boolean wrmsrExits(InterceptTable table, Insn insn, long operand) {
        return table.msrExits((int) operand, MSR_BITMAP_WRITE);
    }

    private boolean msrExits(int index, int half) {
        if (!isSet(USE_MSR_BITMAPS)) {
            return true;
        }
        boolean high = index >>> 13 == 0xC000_0000 >>> 13;
        if (!high && index >>> 13 != 0) {
            return true;
        }
        long bitmap = unit.current().get(VmcsField.MSR_BITMAPS_ADDRESS) + half + (high ? MSR_BITMAP_HIGH : 0);
        int bit = index & 0x1FFF;
        return (unit.memory().read32(bitmap + (bit >>> 5) * 4L) >>> bit & 1) != 0;
    }

    private static boolean ioExits(InterceptTable table, Insn insn, long port) {
        if (!table.isSet(USE_IO_BITMAPS)) {
            return table.isSet(UNCONDITIONAL_IO_EXITING);
        }
        int size = ioSize(insn);
        if (port + size - 1 > LAST_PORT) {
            return true;
        }
        Vmcs vmcs = table.unit.current();
        for (long p = port; p < port + size; p++) {
            long bitmap = vmcs.get(p < 0x8000 ? VmcsField.IO_BITMAP_A_ADDRESS : VmcsField.IO_BITMAP_B_ADDRESS);
            long word = bitmap + (p & 0x7FFF) / 32 * 4;
            if ((table.unit.memory().read32(word) >>> p & 1) != 0) {
                return true;
            }
        }
        return false;
    }

    /** Bytes of one access: those of the accumulator or of the memory operand. */
    private static int ioSize(Insn insn) {
        for (OperandKind kind : insn.row.operands()) {
            switch (kind) {
                case AL, Xb, Yb -> {
                    return 1;
                }
                case eAX, Xz, Yz -> {
                    return Math.min(insn.size, 4);
                }
                default -> {}
            }
        }
        return Math.min(insn.size, 4);
    }

    private static long io(InterceptTable table, Insn insn, long port) {
        boolean string = insn.row.mnemonic().endsWith("S");
        boolean in = insn.row.mnemonic().startsWith("IN");
        boolean immediate = insn.row.operands().contains(OperandKind.Ib);
        return IoQualification.of(ioSize(insn), in, string, insn.rep != Insn.NO_REP, immediate, (int) port);
    }

    private static boolean movToCrExits(InterceptTable table, Insn insn, long value) {
        return switch (insn.reg) {
            case 0 -> table.controlRegisters.cr0WriteExits(value);
            case 3 -> table.isSet(CR3_LOAD_EXITING) && !table.isCr3Target(value);
            case 4 -> table.controlRegisters.cr4WriteExits(value);
            case 8 -> table.isSet(CR8_LOAD_EXITING);
            default -> false;
        };
    }

    private boolean isCr3Target(long value) {
        Vmcs vmcs = unit.current();
        int count = vmcs.get32(VmcsField.CR3_TARGET_COUNT);
        VmcsField[] targets = {
            VmcsField.CR3_TARGET_VALUE_0,
            VmcsField.CR3_TARGET_VALUE_1,
            VmcsField.CR3_TARGET_VALUE_2,
            VmcsField.CR3_TARGET_VALUE_3
        };
        for (int i = 0; i < Math.min(count, targets.length); i++) {
            if (vmcs.get(targets[i]) == value) {
                return true;
            }
        }
        return false;
    }

    private static boolean movFromCrExits(InterceptTable table, Insn insn, long operand) {
        return insn.reg == 3 && table.isSet(CR3_STORE_EXITING) || insn.reg == 8 && table.isSet(CR8_STORE_EXITING);
    }
}

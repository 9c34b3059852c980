package dev.vtxray.core.cpu;

import dev.vtxray.core.state.StateVisitor;

/** The description of a CPU's state, item by item. */
final class CpuState {
    private static final String[] GENERAL = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"
    };

    private CpuState() {}

    static void describe(Cpu cpu, StateVisitor visitor) {
        for (int i = 0; i < GENERAL.length; i++) {
            int register = i; // what else is in the array serves the engine and is no state
            visitor.value(GENERAL[i], () -> cpu.r[register], value -> cpu.r[register] = value);
        }
        visitor.value("rip", () -> cpu.rip, value -> cpu.rip = value);
        visitor.value("rflags", cpu.flags::get, cpu.flags::set);
        for (int i = 0; i < cpu.seg.length; i++) {
            SegmentRegister segment = cpu.seg[i];
            visitor.section("seg" + i, () -> segment.describe(visitor));
        }
        visitor.section("ldtr", () -> cpu.ldtr.describe(visitor));
        visitor.section("tr", () -> cpu.tr.describe(visitor));
        visitor.value("gdtrBase", () -> cpu.gdtrBase, value -> cpu.gdtrBase = value);
        visitor.value("gdtrLimit", () -> cpu.gdtrLimit, value -> cpu.gdtrLimit = (int) value);
        visitor.value("idtrBase", () -> cpu.idtrBase, value -> cpu.idtrBase = value);
        visitor.value("idtrLimit", () -> cpu.idtrLimit, value -> cpu.idtrLimit = (int) value);
        control(cpu, visitor);
        visitor.section("msr", () -> cpu.msr.describe(visitor));
        events(cpu, visitor);
    }

    private static void control(Cpu cpu, StateVisitor visitor) {
        visitor.value("cr0", () -> cpu.cr0, value -> cpu.cr0 = value);
        visitor.value("cr2", () -> cpu.cr2, value -> cpu.cr2 = value);
        visitor.value("cr3", () -> cpu.cr3, value -> cpu.cr3 = value);
        visitor.value("cr4", () -> cpu.cr4, value -> cpu.cr4 = value);
        visitor.value("efer", () -> cpu.efer, value -> cpu.efer = value);
        visitor.longs("pdpte", cpu.pdpte);
        visitor.longs("dr", cpu.dr);
        visitor.value("cpl", () -> cpu.cpl, value -> cpu.cpl = (int) value);
        visitor.value("translationTag", () -> cpu.translationTag, value -> cpu.translationTag = value);
    }

    private static void events(Cpu cpu, StateVisitor visitor) {
        visitor.value("activity", () -> cpu.activity.ordinal(), value -> cpu.activity = Activity.values()[(int) value]);
        visitor.value("shadow", () -> cpu.shadow, value -> cpu.shadow = (int) value);
        visitor.value("pendingDebug", () -> cpu.pendingDebug, value -> cpu.pendingDebug = value);
        visitor.value("nmiBlocked", () -> cpu.nmiBlocked ? 1 : 0, value -> cpu.nmiBlocked = value != 0);
        visitor.value("nmiPending", () -> cpu.nmiPending ? 1 : 0, value -> cpu.nmiPending = value != 0);
        visitor.value("initPending", () -> cpu.initPending ? 1 : 0, value -> cpu.initPending = value != 0);
        visitor.value("sipiPending", () -> cpu.sipiPending, value -> cpu.sipiPending = (int) value);
        visitor.value("time", cpu::now, value -> cpu.charge(value - cpu.now()));
        visitor.value("retired", cpu::retired, cpu::restoreRetired);
        visitor.value("repetitionPausedAt", () -> cpu.repetitionPausedAt, value -> cpu.repetitionPausedAt = value);
        visitor.value("tscOffset", () -> cpu.tscOffset, value -> cpu.tscOffset = value);
    }
}

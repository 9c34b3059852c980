package dev.vtxray.core.semantics;

import static dev.vtxray.core.port.SensitiveOp.CPUID;
import static dev.vtxray.core.port.SensitiveOp.RDMSR;
import static dev.vtxray.core.port.SensitiveOp.RDPMC;
import static dev.vtxray.core.port.SensitiveOp.RDTSC;
import static dev.vtxray.core.port.SensitiveOp.RDTSCP;
import static dev.vtxray.core.port.SensitiveOp.WRMSR;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.isa.CpuidFeature;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;

/** Model-specific registers, counters and identification. */
final class MsrAndTime {
    private MsrAndTime() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("RDMSR",  "0F 32",    "").needs(CpuidFeature.MSR)   .sensitive(RDMSR) .does(MsrAndTime::rdmsr);
        rows.row("WRMSR",  "0F 30",    "").needs(CpuidFeature.MSR)   .sensitive(WRMSR) .does(MsrAndTime::wrmsr);
        rows.row("RDTSC",  "0F 31",    "").needs(CpuidFeature.TSC)   .sensitive(RDTSC) .does(MsrAndTime::rdtsc);
        rows.row("RDTSCP", "0F 01 F9", "").needs(CpuidFeature.RDTSCP).sensitive(RDTSCP).does(MsrAndTime::rdtscp);
        rows.row("RDPMC",  "0F 33",    "")                           .sensitive(RDPMC) .does(MsrAndTime::rdpmc);
        rows.row("CPUID",  "0F A2",    "")                           .sensitive(CPUID) .does(MsrAndTime::cpuid);
        // @formatter:on
    }

    /** The interceptor's operand is the index of the MSR, from ECX. */
    static void rdmsr(Cpu c, Insn i) {
        c.requirePrivilege();
        int index = (int) c.r[Cpu.RCX];
        if (c.taken(RDMSR, i, index & 0xFFFF_FFFFL)) {
            return;
        }
        SystemOperands.setEdxEax(c, c.msrs.read(index));
        c.advance(i);
    }

    /** The interceptor's operand is the index of the MSR, from ECX. */
    static void wrmsr(Cpu c, Insn i) {
        c.requirePrivilege();
        int index = (int) c.r[Cpu.RCX];
        if (c.taken(WRMSR, i, index & 0xFFFF_FFFFL)) {
            return;
        }
        c.msrs.write(index, SystemOperands.edxEax(c));
        c.advance(i);
    }

    private static void checkTimeStampDisable(Cpu c) {
        if ((c.cr4 & Control.CR4_TSD) != 0) {
            c.requirePrivilege();
        }
    }

    /** The interceptor's operand is 0. */
    static void rdtsc(Cpu c, Insn i) {
        checkTimeStampDisable(c);
        if (c.taken(RDTSC, i, 0)) {
            return;
        }
        SystemOperands.setEdxEax(c, c.tsc());
        c.advance(i);
    }

    /** The interceptor's operand is 0. */
    static void rdtscp(Cpu c, Insn i) {
        c.requireDefined(RDTSCP);
        checkTimeStampDisable(c);
        if (c.taken(RDTSCP, i, 0)) {
            return;
        }
        SystemOperands.setEdxEax(c, c.tsc());
        c.r[Cpu.RCX] = c.msr.tscAux;
        c.advance(i);
    }

    /** The interceptor's operand is the index of the counter, from ECX. */
    static void rdpmc(Cpu c, Insn i) {
        if ((c.cr4 & Control.CR4_PCE) == 0) {
            c.requirePrivilege();
        }
        if (c.taken(RDPMC, i, c.r[Cpu.RCX] & 0xFFFF_FFFFL)) {
            return;
        }
        // Deviation: there are no performance counters, so that every index is invalid.
        throw GuestFault.generalProtection();
    }

    /** The interceptor's operand is the leaf, from EAX. */
    static void cpuid(Cpu c, Insn i) {
        int leaf = (int) c.r[Cpu.RAX];
        int subleaf = (int) c.r[Cpu.RCX];
        if (c.taken(CPUID, i, leaf & 0xFFFF_FFFFL)) {
            return;
        }
        c.r[Cpu.RAX] = c.cpuid.value(leaf, subleaf, 0) & 0xFFFF_FFFFL;
        c.r[Cpu.RBX] = c.cpuid.value(leaf, subleaf, 1) & 0xFFFF_FFFFL;
        c.r[Cpu.RCX] = c.cpuid.value(leaf, subleaf, 2) & 0xFFFF_FFFFL;
        c.r[Cpu.RDX] = c.cpuid.value(leaf, subleaf, 3) & 0xFFFF_FFFFL;
        c.advance(i);
    }
}

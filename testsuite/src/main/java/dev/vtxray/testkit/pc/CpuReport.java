package dev.vtxray.testkit.pc;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.isa.Decoder;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.port.SecondStage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The state of a CPU as lines of text for people. */
public final class CpuReport {
    private static final String[] GENERAL = {
        "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"
    };
    private static final String[] SEGMENTS = {"ES", "CS", "SS", "DS", "FS", "GS"};
    private static final int COLUMNS = 4;

    private CpuReport() {}

    /** General, segment and control registers, RIP and RFLAGS; all numbers are hexadecimal. */
    public static List<String> registers(Cpu cpu) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "RIP %016X  RFLAGS %08X  CPL %d  %s, %d-bit code",
                cpu.rip,
                cpu.flags.get(),
                cpu.cpl,
                cpu.activity,
                8 * cpu.codeSize));
        for (int i = 0; i < GENERAL.length; i += COLUMNS) {
            StringBuilder line = new StringBuilder();
            for (int column = i; column < i + COLUMNS; column++) {
                line.append(String.format(Locale.ROOT, "%-3s %016X  ", GENERAL[column], cpu.r[column]));
            }
            lines.add(line.toString().stripTrailing());
        }
        lines.add(String.format(
                Locale.ROOT, "CR0 %016X  CR2 %016X  CR3 %016X  CR4 %016X", cpu.cr0, cpu.cr2, cpu.cr3, cpu.cr4));
        lines.add(String.format(
                Locale.ROOT,
                "GDTR %016X:%04X  IDTR %016X:%04X  EFER %04X",
                cpu.gdtrBase,
                cpu.gdtrLimit,
                cpu.idtrBase,
                cpu.idtrLimit,
                cpu.efer));
        lines.add(segments(cpu));
        return lines;
    }

    private static String segments(Cpu cpu) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < SEGMENTS.length; i++) {
            SegmentRegister segment = cpu.seg[i];
            line.append(String.format(Locale.ROOT, "%s %04X  ", SEGMENTS[i], segment.selector));
        }
        return line.append(String.format(Locale.ROOT, "LDTR %04X  TR %04X", cpu.ldtr.selector, cpu.tr.selector))
                .toString();
    }

    /** The instruction at RIP; says so if it cannot be fetched. Fetching it may set accessed flags in paging structures. */
    public static String next(Cpu cpu, Decoder decoder) {
        byte[] bytes = new byte[Decoder.MAX_LENGTH];
        long base = cpu.codeSize == 8 ? 0 : cpu.seg[SegmentRegister.CS].base;
        try {
            Insn insn = null;
            for (int count = 1; insn == null; count++) {
                bytes[count - 1] = (byte) cpu.mmu.fetchByte(cpu.wrap(base + cpu.rip + count - 1));
                insn = decoder.decode(bytes, 0, count, cpu.codeSize, 0);
            }
            return LastInstructions.line(cpu.rip, insn);
        } catch (GuestFault | SecondStage.Taken unreachable) {
            return String.format(Locale.ROOT, "%16X  (cannot be fetched)", cpu.rip);
        }
    }
}

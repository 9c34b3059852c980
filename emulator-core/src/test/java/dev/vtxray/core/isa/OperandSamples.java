package dev.vtxray.core.isa;

import java.util.ArrayList;
import java.util.List;

/** Typical operands for every operand kind, so that a new row is tested without being told how. */
final class OperandSamples {
    private final Row row;
    private final int size;
    private final int codeSize;
    private final long address;

    OperandSamples(Row row, int size, int codeSize, long address) {
        this.row = row;
        this.size = size;
        this.codeSize = codeSize;
        this.address = address;
    }

    /** Combinations in which every sample of every operand occurs. */
    List<List<Operand>> combinations() {
        List<List<Operand>> choices = row.operands().stream().map(this::of).toList();
        int count = choices.stream().mapToInt(List::size).max().orElse(1);
        List<List<Operand>> combinations = new ArrayList<>();
        for (int i = 0; i < 2 * count; i++) {
            List<Operand> operands = new ArrayList<>();
            for (int position = 0; position < choices.size(); position++) {
                List<Operand> choice = choices.get(position);
                operands.add(choice.get((i + 3 * position * (i / choice.size())) % choice.size()));
            }
            combinations.add(operands);
        }
        return combinations.stream()
                .distinct()
                .filter(OperandSamples::haveOneAddressSize)
                .toList();
    }

    private static boolean haveOneAddressSize(List<Operand> operands) {
        return operands.stream()
                        .filter(operand -> operand instanceof Mem mem && mem.base() != null)
                        .map(operand -> ((Mem) operand).base().size())
                        .distinct()
                        .count()
                <= 1;
    }

    private List<Operand> of(OperandKind kind) {
        int width = kind.size(size, codeSize == 8);
        if (kind.isFixed()) {
            return List.of(
                    switch (kind) {
                        case AL -> Reg.AL;
                        case CL -> Reg.CL;
                        case AX -> Reg.AX;
                        case DX -> Reg.DX;
                        case ONE -> new Imm(1);
                        case eAX, rAX -> Reg.general(width, 0);
                        default -> Reg.valueOf(kind.name());
                    });
        }
        List<Operand> samples = new ArrayList<>();
        switch (kind.method()) {
            case 'E' -> {
                samples.addAll(registers(width));
                samples.addAll(memory(width));
            }
            case 'M' -> samples.addAll(memory(memoryWidth(kind, width)));
            case 'G', 'R', 'Z' -> samples.addAll(registers(width));
            case 'I' -> samples.addAll(immediates(kind));
            case 'J' -> samples.addAll(List.of(new Imm(address), new Imm(address + 0x40)));
            case 'A' -> samples.add(new FarPointer(size, 0x1234, size == 2 ? 0x5678 : 0x89AB_CDEFL, null));
            case 'O' -> samples.addAll(addresses(width));
            case 'S' -> samples.addAll(List.of(Reg.ES, Reg.SS, Reg.DS, Reg.FS, Reg.GS));
            case 'C' -> samples.addAll(List.of(Reg.CR0, Reg.CR2, Reg.CR3, Reg.CR4));
            case 'D' -> samples.addAll(List.of(Reg.DR0, Reg.DR6, Reg.DR7));
            case 'X' ->
                samples.addAll(
                        List.of(string(width, 6, codeSize, Reg.DS), string(width, 6, codeSize == 4 ? 2 : 4, Reg.GS)));
            case 'Y' ->
                samples.addAll(
                        List.of(string(width, 7, codeSize, Reg.ES), string(width, 7, codeSize == 4 ? 2 : 4, Reg.ES)));
            default -> throw new AssertionError("no samples for " + kind);
        }
        return samples;
    }

    private static Mem string(int width, int register, int addressSize, Reg segment) {
        return Mem.of(width, Reg.general(addressSize, register)).segment(segment);
    }

    private int memoryWidth(OperandKind kind, int width) {
        return switch (kind) {
            case M -> row.mnemonic().equals("CMPXCHG8B") ? size == 8 ? 16 : 8 : 0;
            case Mp -> size + 2;
            default -> width;
        };
    }

    private List<Operand> registers(int width) {
        List<Operand> registers = new ArrayList<>();
        for (int number : codeSize == 8 ? new int[] {0, 1, 4, 5, 7, 8, 12, 13, 15} : new int[] {0, 1, 3, 5, 7}) {
            if (width > 1 || codeSize == 8 || number < 4) {
                registers.add(Reg.general(width, number));
            }
        }
        if (width == 1) {
            registers.add(Reg.AH);
            registers.add(Reg.BH);
        }
        return registers;
    }

    private List<Operand> memory(int width) {
        List<Operand> memory = new ArrayList<>();
        if (codeSize == 8) {
            memory.addAll(List.of(
                    Mem.of(width, Reg.R13),
                    Mem.of(width, Reg.R13).index(Reg.R12, 8).disp(-0x80),
                    Mem.of(width, Reg.RAX).index(Reg.RCX, 4).disp(0x1000),
                    Mem.of(width, Reg.R12),
                    Mem.of(width, Reg.RSP).disp(8),
                    Mem.of(width, Reg.RBP).segment(Reg.GS),
                    Mem.of(width, 0x10).index(Reg.R9, 8),
                    Mem.of(width, Reg.RIP).disp(-0x1234),
                    Mem.of(width, Reg.RIP).disp(0x1234),
                    Mem.of(width, 0x28).segment(Reg.FS),
                    Mem.of(width, -0x1000)));
        }
        if (codeSize < 8) {
            memory.addAll(List.of(
                    Mem.of(width, Reg.BX).index(Reg.SI, 1),
                    Mem.of(width, Reg.BP).index(Reg.DI, 1).disp(-2).segment(Reg.ES),
                    Mem.of(width, Reg.SI).disp(0x1234),
                    Mem.of(width, Reg.BP),
                    Mem.of(width, Reg.BX).segment(Reg.CS),
                    Mem.of(width, 0x1234)));
        }
        memory.addAll(List.of(
                Mem.of(width, Reg.EBP),
                Mem.of(width, Reg.ESP).index(Reg.EDI, 2).disp(0x12345),
                Mem.of(width, Reg.EAX).disp(-0x7F).segment(Reg.FS),
                Mem.of(width, 0x10).index(Reg.EBX, 1)));
        return memory;
    }

    private List<Operand> addresses(int width) {
        if (codeSize == 8) {
            return List.of(
                    Mem.of(width, 0x1122_3344_5566_7788L),
                    Mem.of(width, 0x8000_1234L).segment(Reg.FS));
        }
        return List.of(Mem.of(width, 0x1234), Mem.of(width, 0x5678).segment(Reg.ES));
    }

    private List<Operand> immediates(OperandKind kind) {
        return switch (kind) {
            case Ib -> List.of(new Imm(5), new Imm(0x7F), new Imm(0), new Imm(-128), new Imm(-2));
            case Iw -> List.of(new Imm(0x1234), new Imm(0xFFF0));
            default ->
                switch (kind == OperandKind.Iz ? Math.min(size, 4) : size) {
                    case 2 -> List.of(new Imm(0x1234), new Imm(-0x1234));
                    case 4 -> List.of(new Imm(0x1234_5678), new Imm(-0x1234_5678));
                    default -> List.of(new Imm(0x1122_3344_5566_7788L), new Imm(-2));
                };
        };
    }
}

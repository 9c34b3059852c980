package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.IoSpace;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.isa.Decoder;
import dev.vtxray.core.isa.Form;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Row;
import dev.vtxray.core.memory.PhysicalMemory;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Forms do what the semantics of their rows do. */
class FormTests {
    private static final int TABLES = 0x1000;
    private static final int PAGES = 0x8000;
    /** Operands lie around the border of two pages. */
    private static final int DATA = PAGES + 0xF80;

    private static final int DATA_SIZE = 0x100;
    private static final int ATTEMPTS = 200_000;

    private final Random random = new Random(1);
    private final Decoder decoder = new Decoder(BaseInstructions.maps(), feature -> true);
    private final PhysicalMemory memory = new PhysicalMemory(1 << 20);
    private final Cpu cpu = new Cpu(0, memory, new IoSpace());

    /** What an instruction did. */
    private record Outcome(String registers, long rip, int flags, int faulted, int memory) {}

    FormTests() {
        memory.write(TABLES, 8, TABLES + 0x1000 | 7);
        memory.write(TABLES + 0x1000, 8, TABLES + 0x2000 | 7);
        memory.write(TABLES + 0x2000, 8, TABLES + 0x3000 | 7);
        for (int page = PAGES; page < PAGES + 0x2000; page += 0x1000) {
            memory.write(TABLES + 0x3000 + (page >> 12) * 8L, 8, page | 7);
        }
        cpu.cr0 = Control.CR0_PE | Control.CR0_PG | Control.CR0_WP;
        cpu.cr3 = TABLES;
        cpu.cr4 = Control.CR4_PAE;
        cpu.efer = Control.EFER_LME | Control.EFER_LMA;
        cpu.mmu.alone = true;
    }

    @Test
    void everyFormDoesWhatTheSemanticOfItsRowDoes() {
        Map<Form, Integer> tried = new HashMap<>();
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            byte[] code = randomCode();
            int mode = random.nextInt(8) == 0 ? 4 : 8;
            Insn insn = decoder.decode(code, 0, code.length, mode, random.nextInt(64));
            if (insn == null || !insn.row.forms().contains(insn.form)) {
                continue;
            }
            long seed = random.nextLong();
            Outcome expected = outcome(insn, seed, () -> insn.semantic.execute(cpu, insn));
            Outcome actual = outcome(insn, seed, () -> insn.form.execute(cpu, insn));
            assertThat(actual).as("%s %s", insn, insn.form.shape()).isEqualTo(expected);
            tried.merge(insn.form, 1, Integer::sum);
        }
        assertThat(tried.keySet()).containsAll(allForms());
        assertThat(tried.values()).allMatch(count -> count >= 5);
    }

    private byte[] randomCode() {
        byte[] code = new byte[Decoder.MAX_LENGTH];
        random.nextBytes(code);
        int opcode = random.nextInt(2);
        code[0] = opcode == 0 ? code[0] : (byte) (0x40 + random.nextInt(16));
        code[opcode] = random.nextInt(3) == 0 ? 0x0F : code[opcode];
        return code;
    }

    private static Set<Form> allForms() {
        Set<Form> forms = new HashSet<>();
        for (Row row : BaseInstructions.rows()) {
            forms.addAll(row.forms());
        }
        return forms;
    }

    private Outcome outcome(Insn insn, long seed, Runnable instruction) {
        prepare(insn, new Random(seed));
        int faulted = -1;
        try {
            instruction.run();
        } catch (GuestFault fault) {
            faulted = fault.vector();
        }
        return new Outcome(
                Arrays.toString(cpu.r),
                cpu.rip,
                cpu.flags.get(),
                faulted,
                Arrays.hashCode(memory.readBytes(DATA, DATA_SIZE)));
    }

    /** Random values everywhere, and a memory operand that mostly lies in the data. */
    private void prepare(Insn insn, Random values) {
        for (int i = 0; i < 16; i++) {
            cpu.r[i] = values.nextInt(4) == 0 ? values.nextInt(3) - 1 : values.nextLong();
        }
        cpu.r[Insn.ZERO] = 0;
        cpu.r[Insn.BLOCK] = DATA;
        cpu.r[Cpu.RSP] = DATA + 16 + values.nextInt(DATA_SIZE - 32);
        if (insn.hasMem && insn.base < Insn.ZERO && values.nextInt(16) != 0) {
            cpu.r[insn.base] += DATA + values.nextInt(DATA_SIZE - 16) - insn.offset(cpu);
        }
        cpu.flags.set(values.nextInt() & Flags.STATUS);
        cpu.rip = DATA;
        boolean is64Bit = insn.codeSize == 8;
        for (SegmentRegister segment : cpu.seg) {
            segment.set(8, 0, -1, 0xC093);
        }
        cpu.seg[SegmentRegister.CS].set(8, 0, -1, is64Bit ? 0xA09B : 0xC09B);
        cpu.contextChanged();
        for (int at = DATA; at < DATA + DATA_SIZE; at += 8) {
            memory.write(at, 8, at * 0x9E37_79B9_7F4A_7C15L);
        }
    }
}

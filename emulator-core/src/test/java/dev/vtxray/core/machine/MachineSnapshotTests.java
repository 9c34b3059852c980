package dev.vtxray.core.machine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.core.state.Digest;
import dev.vtxray.core.state.Snapshot;
import org.junit.jupiter.api.Test;

/** A machine goes on from a snapshot exactly as it went on when the snapshot was taken. */
class MachineSnapshotTests {
    private static final int CODE = 0x1000;

    /** Real mode: INC AX; MOV [2000H], AX; INC and DEC of the byte at 1020H, which shares its line with the code; JMP. */
    private static final byte[] PROGRAM = {
        0x40,
        (byte) 0xA3,
        0x00,
        0x20,
        (byte) 0xFE,
        0x06,
        0x20,
        0x10,
        (byte) 0xFE,
        0x0E,
        0x20,
        0x10,
        (byte) 0xEB,
        (byte) 0xF2,
    };

    private static Machine machine() {
        Machine machine = Machine.builder().memory(1 << 20).slice(7).build();
        PhysicalMemory memory = machine.memory();
        memory.write(CODE, PROGRAM, 0, PROGRAM.length);
        Cpu cpu = machine.cpu(0);
        cpu.startup(CODE >> 12);
        return machine;
    }

    @Test
    void aRestoredMachineRepeatsWhatFollowedTheSnapshot() {
        Machine machine = machine();
        machine.run(1001);
        assertThat(machine.memory().read(0x2000, 2))
                .as("five instructions a round")
                .isEqualTo(200);
        Snapshot snapshot = Snapshot.of(machine);
        String then = Digest.of(machine);
        machine.run(2003);
        String later = Digest.of(machine);
        assertThat(later).isNotEqualTo(then);

        snapshot.restoreTo(machine);
        assertThat(Digest.of(machine)).isEqualTo(then);
        machine.run(2003);
        assertThat(Digest.of(machine)).isEqualTo(later);
    }

    @Test
    void aSnapshotGoesOnInAnotherMachine() {
        Machine first = machine();
        first.run(1001);
        Machine second = Machine.builder().memory(1 << 20).slice(7).build();
        Snapshot.of(first).restoreTo(second);
        first.run(500);
        second.run(500);
        assertThat(second.retired()).isEqualTo(1501);
        assertThat(Digest.of(second)).isEqualTo(Digest.of(first));
    }
}

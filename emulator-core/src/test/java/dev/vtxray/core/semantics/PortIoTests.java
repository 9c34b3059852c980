package dev.vtxray.core.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.port.PortDevice;
import dev.vtxray.core.port.Probe;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PortIoTests {
    private final SystemBench bench = SystemBench.longMode();
    private final Cpu c = bench.c;
    private final List<String> writes = new ArrayList<>();
    private int next = 0x1122_3344;

    @BeforeEach
    void plugIn() {
        bench.io.map(0x40, 8, new PortDevice() {
            @Override
            public int in(int port, int size) {
                return next++;
            }

            @Override
            public void out(int port, int size, int value) {
                writes.add("%x/%d=%x".formatted(port, size, value));
            }
        });
    }

    @Test
    void inReadsTheWidthOfItsRegister() {
        c.r[Cpu.RAX] = -1L;
        bench.run("E4 40");
        assertThat(c.r[Cpu.RAX]).isEqualTo(0xFFFF_FFFF_FFFF_FF44L);
        bench.run("66 E5 40");
        assertThat(c.r[Cpu.RAX]).isEqualTo(0xFFFF_FFFF_FFFF_3345L);
        c.r[Cpu.RDX] = 0xFFFF_0042L;
        bench.run("ED");
        assertThat(c.r[Cpu.RAX]).isEqualTo(0x1122_3346L);
    }

    @Test
    void outWritesTheWidthOfItsRegisterAndShowsItToTheProbe() {
        List<Integer> probed = new ArrayList<>();
        c.probe = new Probe() {
            @Override
            public void portWritten(Cpu cpu, int port, int size, int value) {
                probed.add(value);
            }
        };
        c.r[Cpu.RAX] = 0xAABB_CCDDL;
        c.r[Cpu.RDX] = 0x44;
        bench.run("EE").run("66 EF").run("E7 46");
        assertThat(writes).containsExactly("44/1=dd", "44/2=ccdd", "46/4=aabbccdd");
        assertThat(probed).containsExactly(0xDD, 0xCCDD, 0xAABB_CCDD);
    }

    @Test
    void theBitmapOfTheTaskStateSegmentOpensSinglePorts() {
        bench.atUserLevel();
        assertThat(bench.faultOf("E4 40")).isEqualTo("#GP(0H)");
        bench.memory.write(SystemBench.TSS_BASE + 0x68 + 8, 1, 0xFE);
        assertThat(bench.faultOf("E4 40")).isEqualTo("none");
        assertThat(bench.faultOf("66 E5 40")).as("port 41H is closed").isEqualTo("#GP(0H)");
        assertThat(bench.faultOf("E4 41")).isEqualTo("#GP(0H)");
        c.tr.limit = 0x68 + 8;
        assertThat(bench.faultOf("E4 40")).as("the byte behind must be inside").isEqualTo("#GP(0H)");
        c.flags.system |= Flags.IOPL;
        assertThat(bench.faultOf("E4 41")).isEqualTo("none");
    }

    @Test
    void repeatedInputFillsMemory() {
        next = 0x11;
        c.r[Cpu.RDX] = 0x40;
        c.r[Cpu.RCX] = 3;
        c.r[Cpu.RDI] = 0x600;
        c.setBudget(100);
        bench.run("F3 6C");
        assertThat(bench.memory.read(0x600, 4)).isEqualTo(0x13_1211);
        assertThat(c.r[Cpu.RCX]).isZero();
        assertThat(c.r[Cpu.RDI]).isEqualTo(0x603);
        assertThat(c.rip).isEqualTo(0x502);
        assertThat(c.budget).as("the engine has charged the first of three").isEqualTo(98);
    }

    @Test
    void repeatedOutputStopsAtTheInstructionWhenTheBudgetIsUsedUp() {
        bench.memory.write(0x600, 4, 0x0403_0201);
        c.r[Cpu.RDX] = 0x40;
        c.r[Cpu.RCX] = 4;
        c.r[Cpu.RSI] = 0x600;
        c.setBudget(1);
        bench.run("F3 6E");
        assertThat(writes).containsExactly("40/1=1", "40/1=2");
        assertThat(c.rip).isEqualTo(0x500);
        assertThat(c.r[Cpu.RCX]).isEqualTo(2);
        c.setBudget(100);
        bench.run("F3 6E");
        assertThat(writes).hasSize(4);
        assertThat(c.rip).isEqualTo(0x502);
    }

    @Test
    void nothingIsRepeatedZeroTimesAndBackwardsGoesDown() {
        c.r[Cpu.RDX] = 0x40;
        bench.run("F3 6F");
        assertThat(writes).isEmpty();
        c.flags.system |= Flags.DF;
        c.r[Cpu.RSI] = 0x600;
        bench.run("6F");
        assertThat(c.r[Cpu.RSI]).isEqualTo(0x5FC);
    }

    @Test
    void aPageFaultInTheMiddleKeepsWhatWasDone() {
        c.r[Cpu.RDX] = 0x40;
        c.r[Cpu.RCX] = 4;
        c.r[Cpu.RDI] = (16 << 20) - 2;
        c.setBudget(100);
        String message = "";
        try {
            bench.run("F3 6C");
        } catch (GuestFault fault) {
            message = fault.getMessage();
        }
        assertThat(message).isEqualTo("#PF(2H)");
        assertThat(c.r[Cpu.RCX]).isEqualTo(2);
        assertThat(c.rip).isEqualTo(0x500);
        assertThat(next).as("nothing was read for the byte that faulted").isEqualTo(0x1122_3346);
    }
}

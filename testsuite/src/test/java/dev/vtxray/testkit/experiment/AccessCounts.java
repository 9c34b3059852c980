package dev.vtxray.testkit.experiment;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.port.Probe;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.VmxObserver;
import dev.vtxray.vmx.vmcs.Vmcs;
import java.util.ArrayList;
import java.util.List;

/** Counts the VMREADs and VMWRITEs that follow each VM exit. */
final class AccessCounts {
    private final List<Episode> done = new ArrayList<>();

    AccessCounts(Pc pc) {
        for (Cpu cpu : pc.machine().cpus()) {
            Episode[] current = new Episode[1];
            pc.vmx(cpu.number).setObserver(new VmxObserver() {
                @Override
                public void exited(Cpu exiting, Vmcs vmcs, VmExit exit) {
                    current[0] = new Episode();
                    done.add(current[0]);
                }
            });
            cpu.probe = new Probe() {
                @Override
                public void retired(Cpu retiring, long rip, Insn insn) {
                    if (current[0] != null) {
                        current[0].count(insn.row.mnemonic());
                    }
                }
            };
        }
    }

    /** Reads and writes after each exit. */
    List<List<Integer>> episodes() {
        return done.stream()
                .map(episode -> List.of(episode.reads, episode.writes))
                .toList();
    }

    private static final class Episode {
        private int reads;
        private int writes;

        void count(String mnemonic) {
            if (mnemonic.equals("VMREAD")) {
                reads++;
            } else if (mnemonic.equals("VMWRITE")) {
                writes++;
            }
        }
    }
}

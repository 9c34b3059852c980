package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;
import dev.vtxray.core.isa.Semantic;

/** Near branches, calls and returns. Far ones are in {@link FarTransfers}. */
final class Branches {
    private Branches() {}

    static void rows(Rows rows) {
        Semantic[] taken = {
            Branches::jo, Branches::jno, Branches::jb, Branches::jae, Branches::je, Branches::jne, Branches::jbe,
            Branches::ja, Branches::js, Branches::jns, Branches::jp, Branches::jnp, Branches::jl, Branches::jge,
            Branches::jle, Branches::jg
        };
        for (int number = 0; number < 16; number++) {
            String mnemonic = "J" + Conditions.NAMES[number];
            rows.row(mnemonic, "%02X".formatted(0x70 + number), "Jb")
                    .f64()
                    .ends()
                    .forms(BranchForms.JCC[number])
                    .does(taken[number]);
            rows.row(mnemonic, "0F %02X".formatted(0x80 + number), "Jz")
                    .f64()
                    .ends()
                    .forms(BranchForms.JCC[number])
                    .does(taken[number]);
        }
        // @formatter:off
        rows.row("JMP",    "EB",    "Jb").f64().ends().forms(BranchForms.JMP).does(Branches::jmp);
        rows.row("JMP",    "E9",    "Jz").f64().ends().forms(BranchForms.JMP).does(Branches::jmp);
        rows.row("JMP",    "FF /4", "Ev").f64().ends().does(Branches::jmpIndirect);
        rows.row("CALL",   "E8",    "Jz").f64().ends().forms(BranchForms.CALL).does(Branches::call);
        rows.row("CALL",   "FF /2", "Ev").f64().ends().does(Branches::callIndirect);
        rows.row("RET",    "C3",    ""  ).f64().ends().forms(BranchForms.RET).does(Branches::ret);
        rows.row("RET",    "C2",    "Iw").f64().ends().forms(BranchForms.RET).does(Branches::ret);
        rows.row("LOOPNE", "E0",    "Jb").f64().ends().does(Branches::loopne);
        rows.row("LOOPE",  "E1",    "Jb").f64().ends().does(Branches::loope);
        rows.row("LOOP",   "E2",    "Jb").f64().ends().does(Branches::loop);
        rows.row("JRCXZ",  "E3",    "Jb").f64().ends().does(Branches::jrcxz);
        // @formatter:on
    }

    /** Goes to the displacement's target if the condition holds, on otherwise. */
    private static void branch(Cpu c, Insn i, boolean holds) {
        if (c.codeSize == 8) {
            long next = c.r[Insn.BLOCK] + i.end;
            c.rip = holds ? next + i.imm : next;
        } else {
            c.rip = c.r[Insn.BLOCK] + i.end + (holds ? i.imm : 0) & (holds ? legacyMask(i) : c.ripMask());
        }
    }

    private static long legacyMask(Insn i) {
        return i.size == 2 ? 0xFFFFL : 0xFFFF_FFFFL;
    }

    /** Goes to an absolute target. */
    private static void go(Cpu c, Insn i, long target) {
        if (c.codeSize == 8) {
            c.rip = target;
        } else {
            c.rip = target & legacyMask(i);
        }
    }

    static void checkTarget(Cpu c, long target) {
        if (!c.isCanonical(target)) {
            throw GuestFault.generalProtection();
        }
    }

    static void jmp(Cpu c, Insn i) {
        branch(c, i, true);
    }

    static void jmpIndirect(Cpu c, Insn i) {
        long target = i.loadDst(c);
        checkTarget(c, target);
        go(c, i, target);
    }

    static void call(Cpu c, Insn i) {
        long next = c.r[Insn.BLOCK] + i.end;
        checkTarget(c, next + i.imm);
        c.push(next, i.size);
        branch(c, i, true);
    }

    static void callIndirect(Cpu c, Insn i) {
        long target = i.loadDst(c);
        checkTarget(c, target);
        c.push(c.r[Insn.BLOCK] + i.end, i.size);
        go(c, i, target);
    }

    static void ret(Cpu c, Insn i) {
        long target = c.loadStack(0, i.size);
        checkTarget(c, target);
        c.setStackPointer(c.r[Cpu.RSP] + i.size + (i.imm & 0xFFFF));
        go(c, i, target);
    }

    static void loop(Cpu c, Insn i) {
        branch(c, i, countDown(c, i) != 0);
    }

    static void loope(Cpu c, Insn i) {
        branch(c, i, countDown(c, i) != 0 && c.flags.zf());
    }

    static void loopne(Cpu c, Insn i) {
        branch(c, i, countDown(c, i) != 0 && !c.flags.zf());
    }

    static void jrcxz(Cpu c, Insn i) {
        branch(c, i, (c.r[Cpu.RCX] & i.addressMask) == 0);
    }

    /** Decrements the counter in the width of the address size and returns it. */
    private static long countDown(Cpu c, Insn i) {
        long count = c.r[Cpu.RCX] - 1 & i.addressMask;
        c.r[Cpu.RCX] = i.addressSize == 2 ? c.r[Cpu.RCX] & ~0xFFFFL | count : count;
        return count;
    }

    // @formatter:off
    static void jo(Cpu c, Insn i)  { branch(c, i, c.flags.of()); }
    static void jno(Cpu c, Insn i) { branch(c, i, !c.flags.of()); }
    static void jb(Cpu c, Insn i)  { branch(c, i, c.flags.cf()); }
    static void jae(Cpu c, Insn i) { branch(c, i, !c.flags.cf()); }
    static void je(Cpu c, Insn i)  { branch(c, i, c.flags.zf()); }
    static void jne(Cpu c, Insn i) { branch(c, i, !c.flags.zf()); }
    static void jbe(Cpu c, Insn i) { branch(c, i, c.flags.cf() || c.flags.zf()); }
    static void ja(Cpu c, Insn i)  { branch(c, i, !c.flags.cf() && !c.flags.zf()); }
    static void js(Cpu c, Insn i)  { branch(c, i, c.flags.sf()); }
    static void jns(Cpu c, Insn i) { branch(c, i, !c.flags.sf()); }
    static void jp(Cpu c, Insn i)  { branch(c, i, c.flags.pf()); }
    static void jnp(Cpu c, Insn i) { branch(c, i, !c.flags.pf()); }
    static void jl(Cpu c, Insn i)  { branch(c, i, c.flags.sf() != c.flags.of()); }
    static void jge(Cpu c, Insn i) { branch(c, i, c.flags.sf() == c.flags.of()); }
    static void jle(Cpu c, Insn i) { branch(c, i, c.flags.zf() || c.flags.sf() != c.flags.of()); }
    static void jg(Cpu c, Insn i)  { branch(c, i, !c.flags.zf() && c.flags.sf() == c.flags.of()); }
    // @formatter:on
}

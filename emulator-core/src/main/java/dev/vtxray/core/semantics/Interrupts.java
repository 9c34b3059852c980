package dev.vtxray.core.semantics;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Event;
import dev.vtxray.core.cpu.EventDelivery;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.Vector;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.isa.Rows;
import dev.vtxray.core.port.SensitiveOp;

/** Software interrupts, the interrupt flag, and waiting. */
final class Interrupts {
    private Interrupts() {}

    static void rows(Rows rows) {
        // @formatter:off
        rows.row("INT1",  "F1",    "")                 .ends()                      .does(Interrupts::int1);
        rows.row("INT3",  "CC",    "")                 .ends()                      .does(Interrupts::int3);
        rows.row("INT",   "CD",    "Ib")               .ends()                      .does(Interrupts::intN);
        rows.row("INTO",  "CE",    "").i64()           .ends()                      .does(Interrupts::into);
        rows.row("CLI",   "FA",    "").flags("I")      .ends()                      .does(Interrupts::cli);
        rows.row("STI",   "FB",    "").flags("I")      .ends()                      .does(Interrupts::sti);
        rows.row("HLT",   "F4",    "")                 .sensitive(SensitiveOp.HLT)  .does(Interrupts::hlt);
        rows.row("PAUSE", "F3 90", "")                 .sensitive(SensitiveOp.PAUSE).does(Interrupts::pause);
        // @formatter:on
    }

    // software interrupts

    private static void deliver(Cpu c, Insn i, Event.Type type, int vector) {
        c.current = i;
        c.rip = SystemOperands.start(c, i);
        EventDelivery.deliver(c, Event.software(type, vector, i.length));
    }

    static void int1(Cpu c, Insn i) {
        deliver(c, i, Event.Type.PRIVILEGED_SOFTWARE_EXCEPTION, Vector.DB);
    }

    static void int3(Cpu c, Insn i) {
        deliver(c, i, Event.Type.SOFTWARE_EXCEPTION, Vector.BP);
    }

    static void into(Cpu c, Insn i) {
        if (c.flags.of()) {
            deliver(c, i, Event.Type.SOFTWARE_EXCEPTION, Vector.OF);
        } else {
            c.advance(i);
        }
    }

    static void intN(Cpu c, Insn i) {
        // Deviation: CR4.VME can be set but is without effect: INT n in virtual-8086 mode needs an IOPL of 3.
        if (c.virtual8086() && c.flags.iopl() < 3) {
            throw GuestFault.generalProtection();
        }
        deliver(c, i, Event.Type.SOFTWARE_INTERRUPT, (int) i.imm & 0xFF);
    }

    // the interrupt flag

    /** In virtual-8086 mode the CPL is 3. */
    private static void requireInputOutputPrivilege(Cpu c) {
        // Deviation: virtual interrupts (CR4.VME, CR4.PVI) are without effect.
        if (c.protectedMode() && c.cpl > c.flags.iopl()) {
            throw GuestFault.generalProtection();
        }
    }

    static void cli(Cpu c, Insn i) {
        requireInputOutputPrivilege(c);
        c.flags.system &= ~Flags.IF;
        c.advance(i);
    }

    static void sti(Cpu c, Insn i) {
        requireInputOutputPrivilege(c);
        if (!c.flags.has(Flags.IF)) {
            c.flags.system |= Flags.IF;
            c.setShadow(Cpu.STI_SHADOW);
        }
        c.advance(i);
    }

    // waiting

    /** The interceptor's operand is 0. */
    static void hlt(Cpu c, Insn i) {
        c.requirePrivilege();
        if (c.taken(SensitiveOp.HLT, i, 0)) {
            return;
        }
        c.advance(i);
        c.activity = Activity.HLT;
        c.attend();
    }

    /** The interceptor's operand is 0. */
    static void pause(Cpu c, Insn i) {
        if (c.taken(SensitiveOp.PAUSE, i, 0)) {
            return;
        }
        c.advance(i);
    }
}

package dev.vtxray.core.engine;

import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Control;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.Event;
import dev.vtxray.core.cpu.EventDelivery;
import dev.vtxray.core.cpu.Flags;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.cpu.Vector;
import dev.vtxray.core.isa.Decoder;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.memory.Mmu;
import dev.vtxray.core.port.BoundaryEvents;
import dev.vtxray.core.port.Probe;
import dev.vtxray.core.port.SecondStage;
import dev.vtxray.core.port.Timed;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs one CPU: blocks of decoded instructions between events, and events exactly at the boundaries where they are due.
 *
 * <p>There is one counter, {@link Cpu#budget}: instructions until the CPU must look at its events. A block is charged as a
 * whole when it is entered, and what did not run because of a fault is given back; nothing else is polled.
 */
public final class Engine {
    private final Cpu cpu;
    private final BlockFetch fetch;
    private final Boundary boundary;
    private final List<Timed> timers = new ArrayList<>();
    private boolean stepping;
    private boolean stopRequested;

    public Engine(Cpu cpu, Decoder decoder) {
        this.cpu = cpu;
        this.fetch = new BlockFetch(cpu, decoder);
        this.boundary = new Boundary(cpu);
        cpu.mmu.alone = true;
    }

    public Cpu cpu() {
        return cpu;
    }

    /** Whether every instruction is fetched and decoded anew and runs alone: slow, but without any cache to be wrong. */
    public void setStepping(boolean stepping) {
        this.stepping = stepping;
    }

    /** Adds a timer that runs on this CPU's time. */
    public void addTimer(Timed timer) {
        timers.add(timer);
    }

    /** Makes {@link #runUntil} return at the next instruction boundary. */
    public void requestStop() {
        stopRequested = true;
        cpu.attend();
    }

    /** Lets the CPU run until its time is {@code time}. A CPU that waits lets the time pass. */
    public void runUntil(long time) {
        stopRequested = false;
        while (!stopRequested && cpu.now() < time) {
            long deadline = Math.min(time, runTimers());
            if (boundary.meetEvent()) {
                continue;
            }
            if (cpu.activity != Activity.ACTIVE) {
                pass(deadline);
                continue;
            }
            cpu.setBudget(allowance(deadline));
            if (stepping || needsSingleStep()) {
                step();
            } else {
                runBlocks();
            }
        }
    }

    /** Looks at the events that are due now, without running an instruction; for state that must be settled. */
    public boolean meetEvent() {
        return boundary.meetEvent();
    }

    /** The next moment at which something of this CPU acts by itself, or {@link Timed#NEVER}. */
    public long nextDeadline() {
        long nearest = Timed.NEVER;
        for (int i = 0; i < timers.size(); i++) {
            nearest = Math.min(nearest, timers.get(i).nextDeadline());
        }
        BoundaryEvents events = cpu.boundaryEvents;
        long own = events == null ? Timed.NEVER : events.instructionsToNextEvent(cpu);
        return own == Timed.NEVER ? nearest : Math.min(nearest, cpu.now() + own);
    }

    private long runTimers() {
        long nearest = Timed.NEVER;
        for (int i = 0; i < timers.size(); i++) {
            Timed timer = timers.get(i);
            if (timer.nextDeadline() <= cpu.now()) {
                timer.advanceTo(cpu.now());
            }
            nearest = Math.min(nearest, timer.nextDeadline());
        }
        return nearest;
    }

    private void pass(long deadline) {
        BoundaryEvents events = cpu.boundaryEvents;
        long wait = Math.max(1, deadline - cpu.now());
        cpu.charge(events == null ? wait : Math.min(wait, events.instructionsToNextEvent(cpu)));
    }

    private long allowance(long deadline) {
        BoundaryEvents events = cpu.boundaryEvents;
        long allowance = Math.max(1, deadline - cpu.now());
        return events == null ? allowance : Math.min(allowance, events.instructionsToNextEvent(cpu));
    }

    private boolean needsSingleStep() {
        return cpu.shadow != Cpu.NO_SHADOW || cpu.flags.has(Flags.TF | Flags.RF) || cpu.probe != Probe.NONE;
    }

    // one instruction

    private void step() {
        cpu.shadowIsNew = false;
        boolean trap = cpu.flags.has(Flags.TF);
        boolean resume = cpu.flags.has(Flags.RF);
        long retiredBefore = cpu.retired();
        long ripBefore = cpu.rip;
        Insn insn = null;
        try {
            cpu.current = null;
            insn = stepping ? fetch.decodeUncached(cpu.rip) : fetch.blockAt(cpu.rip).insns[0];
            cpu.r[Insn.BLOCK] = cpu.rip;
            executeAlone(insn);
        } catch (GuestFault fault) {
            deliverFault(fault);
        } catch (SecondStage.Taken taken) {
            deliverTaken();
        }
        boolean retired = cpu.retired() != retiredBefore;
        if (!cpu.shadowIsNew) {
            cpu.shadow = Cpu.NO_SHADOW;
        }
        if (retired && insn != null) {
            if (resume && cpu.flags.has(Flags.RF) && !insn.row.mnemonic().startsWith("IRET")) {
                cpu.flags.system &= ~Flags.RF;
            }
            if (trap && cpu.delivering == null) {
                cpu.pendingDebug |= Control.DR6_BS;
            }
            cpu.probe.retired(cpu, ripBefore, insn);
        }
    }

    private void executeAlone(Insn insn) {
        cpu.current = insn;
        cpu.budget--;
        cpu.mmu.alone = true;
        try {
            insn.semantic.execute(cpu, insn);
        } catch (GuestFault | SecondStage.Taken notDone) {
            cpu.budget++;
            cpu.rip = cpu.insnRip();
            throw notDone;
        }
        if (!insn.row.endsBlock()) {
            cpu.advance(insn);
        }
    }

    // blocks

    private void runBlocks() {
        Block entered = null;
        int at = 0;
        int charged = 0;
        cpu.mmu.alone = false;
        try {
            Block next = null;
            while (cpu.budget > 0) {
                if (next == null) {
                    next = fetch.blockAt(cpu.rip);
                    if (entered != null) {
                        entered.link(cpu.r[Insn.BLOCK], cpu.rip, next);
                    }
                }
                entered = next;
                Insn[] code = entered.insns;
                charged = (int) Math.min(code.length, cpu.budget);
                cpu.budget -= charged;
                cpu.r[Insn.BLOCK] = cpu.rip;
                for (at = 0; at < charged; at++) {
                    Insn insn = code[at];
                    insn.form.execute(cpu, insn);
                }
                if (charged < code.length || !entered.setsRip) {
                    cpu.advance(code[charged - 1]);
                }
                next = entered.successor(cpu.r[Insn.BLOCK], cpu.rip);
            }
        } catch (GuestFault fault) {
            giveBack(entered, at, charged);
            cpu.mmu.alone = true;
            deliverFault(fault);
        } catch (Mmu.AloneOnly aloneOnly) {
            giveBack(entered, at, charged);
            runAlone(entered, at);
        } catch (SecondStage.Taken taken) {
            giveBack(entered, at, charged);
            cpu.mmu.alone = true;
            deliverTaken();
        } finally {
            cpu.mmu.alone = true;
        }
    }

    /** Takes back the charge for the instructions from {@code at} on, and stands at the first of them. */
    private void giveBack(@Nullable Block interrupted, int at, int charged) {
        if (interrupted == null || at == charged) {
            // The fetch of the next block faulted.
            cpu.current = null;
            return;
        }
        cpu.budget += charged - at;
        Insn insn = interrupted.insns[at];
        cpu.current = insn;
        cpu.rip = cpu.insnRip();
    }

    private void runAlone(@Nullable Block interrupted, int at) {
        if (interrupted == null || at == interrupted.insns.length) {
            throw new IllegalStateException("an instruction fetch asked to run alone");
        }
        try {
            executeAlone(interrupted.insns[at]);
        } catch (GuestFault fault) {
            deliverFault(fault);
        } catch (SecondStage.Taken taken) {
            deliverTaken();
        }
    }

    private void deliverFault(GuestFault fault) {
        GuestFault delivered = fault;
        Insn insn = cpu.current;
        boolean throughStack = insn != null && insn.hasMem && insn.seg == SegmentRegister.SS;
        if (throughStack && fault.isNonCanonical()) {
            delivered = GuestFault.of(Vector.SS, 0);
        }
        EventDelivery.deliver(cpu, Event.exception(delivered));
    }

    private void deliverTaken() {
        SecondStage stage = cpu.secondStage;
        if (stage == null) {
            throw new IllegalStateException("an access was taken by a second stage that is not there any more");
        }
        stage.deliver(cpu);
    }
}

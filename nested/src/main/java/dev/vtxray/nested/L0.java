package dev.vtxray.nested;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.apic.ApicBus;
import dev.vtxray.apic.ApicListener;
import dev.vtxray.apic.ApicMode;
import dev.vtxray.apic.LocalApic;
import dev.vtxray.core.cpu.Activity;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.machine.Machine;
import dev.vtxray.core.machine.StopReason;
import dev.vtxray.core.port.CpuSignals;
import dev.vtxray.core.port.InterruptSource;
import dev.vtxray.vmx.RootSoftware;
import dev.vtxray.vmx.VmExit;
import dev.vtxray.vmx.VmxObserver;
import dev.vtxray.vmx.VmxUnit;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.capability.EptVpidCapability;
import dev.vtxray.vmx.capability.ImplementedFeatures;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.entry.VmEntryCheck;
import dev.vtxray.vmx.vmcs.VmcsRegionFormat;
import java.util.ArrayList;
import java.util.List;

/**
 * The host hypervisor. It slips under the software of a machine that is ready to run: what was to run on bare hardware runs
 * as L1 from then on, with VMX of its own, and all its memory moved up by L0's share.
 */
public final class L0 implements RootSoftware {
    /** Vector of L0's own interprocessor interrupts, which make a CPU leave its guest. */
    static final int KICK_VECTOR = 0xF2;

    private static final int SVR = 0xF0;
    private static final int SVR_ENABLED = 0x1FF;

    private final Hardware hardware;
    private final L0Options options;
    private final CpuProfile guestProfile;
    private final HostMemory host;
    private final EptTables ept01;
    private final List<VirtualCpu> cpus = new ArrayList<>();
    private final ExitCounters counters = new ExitCounters();
    private final EpisodeLedger episodes = new EpisodeLedger();
    private final L1Exits l1Exits;
    private final L2Exits l2Exits;
    private NestedObserver observer = NestedObserver.NONE;
    private VmxObserver guestObserver = VmxObserver.NONE;

    private L0(Hardware hardware, L0Options options) {
        this.hardware = hardware;
        this.options = options;
        VmxUnit first = hardware.units().get(0);
        guestProfile = offered(first.profile(), options);
        Machine machine = hardware.machine();
        long reserve = machine.memory().size() - hardware.guestMemory();
        if (reserve < 1 << 20) {
            throw new IllegalArgumentException(
                    "L0 needs at least 1 MiB of RAM above the guest's " + hardware.guestMemory()
                            + " bytes; the machine has " + machine.memory().size());
        }
        machine.memory().moveUp(hardware.guestMemory(), reserve);
        host = new HostMemory(first.store().memory(), reserve, hardware.guestMemory());
        ept01 = new EptTables(host);
        for (long gpa = 0; gpa < hardware.guestMemory(); gpa += 2 << 20) {
            ept01.mapLarge(gpa, host.toHost(gpa));
        }
        addCpus();
        l1Exits = new L1Exits(this);
        l2Exits = new L2Exits(this);
    }

    /**
     * Slips under a machine that has been prepared to run but has not run yet.
     *
     * @throws IllegalArgumentException if the machine has no memory above the guest's for L0
     */
    public static L0 slipUnder(Hardware hardware, L0Options options) {
        L0 l0 = new L0(hardware, options);
        for (VirtualCpu cpu : l0.cpus) {
            l0.startCpu(cpu);
        }
        return l0;
    }

    /** What L1 is offered: the CPU's features, less what L0 hides or does not emulate. */
    public static CpuProfile offered(CpuProfile profile, L0Options options) {
        CpuProfile offered = ImplementedFeatures.withoutVmcsShadowing(profile);
        offered = offered.with(offered.vmx().without(EptVpidCapability.ACCESSED_AND_DIRTY));
        return options.virtualApicv() ? offered : ImplementedFeatures.withoutApicv(offered);
    }

    private void addCpus() {
        ApicBus bus = new ApicBus();
        for (VmxUnit unit : hardware.units()) {
            Cpu cpu = unit.cpu();
            LocalApic apic = new LocalApic(cpu.number, cpu.number == 0, hardware.apicFeatures(), cpu, cpu::realTsc);
            VirtualCpu virtual = new VirtualCpu(
                    unit, host, apic, guestProfile, hardware.units().size());
            cpus.add(virtual);
            bus.connect(apic, new Pins(virtual), new ApicListener() {
                @Override
                public void deadlineChanged(LocalApic changed) {
                    cpu.attend();
                }
            });
            hardware.machine().engine(cpu.number).addTimer(apic);
        }
    }

    private void startCpu(VirtualCpu v) {
        LocalApic own = hardware.apics().get(v.number);
        own.write(SVR, 4, SVR_ENABLED);
        v.unit.setHost(this);
        Vmcs01.set(v, ept01.eptp(), options, host);
        v.inL0 = true;
        resume(v);
    }

    // parts

    Machine machine() {
        return hardware.machine();
    }

    L0Options options() {
        return options;
    }

    HostMemory host() {
        return host;
    }

    /** EPT01: where L1's memory is. */
    EptTables ept01() {
        return ept01;
    }

    long eptp01() {
        return ept01.eptp();
    }

    /** The profile that L1 sees. */
    public CpuProfile guestProfile() {
        return guestProfile;
    }

    VirtualCpu cpu(int number) {
        return cpus.get(number);
    }

    /** Host-physical address of an L1-physical one. */
    public long hostAddress(long l1Physical) {
        return host.toHost(l1Physical);
    }

    /** Everything that was counted so far. */
    public ExitCounters counters() {
        return counters;
    }

    /** What each nested exit has cost so far. */
    public EpisodeLedger episodes() {
        return episodes;
    }

    /** Whether L2 is current on this CPU. */
    public boolean runsL2(int number) {
        return cpus.get(number).inL2;
    }

    public void setObserver(NestedObserver newObserver) {
        observer = newObserver;
    }

    NestedObserver observer() {
        return observer;
    }

    /** Lets an observer see L1's VM entries and exits, as that of a processor would if L1 ran on bare hardware. */
    public void setGuestObserver(VmxObserver newObserver) {
        guestObserver = newObserver;
    }

    VmxObserver guestObserver() {
        return guestObserver;
    }

    // exits and entries

    @Override
    public void onExit(VmExit exit, VmxUnit unit) {
        VirtualCpu v = cpus.get(unit.cpu().number);
        if (exit.entryFailure()) {
            fail("VM entry of " + v.level() + " on CPU " + v.number + " failed on hardware: " + exit);
            return;
        }
        v.inL0 = true;
        ExitKey key = new ExitKey(v.level(), exit.reason(), SubKey.of(exit, v));
        counters.countHardware(key);
        observer.hardwareExit(v.number, v.level(), exit, key);
        episodes.hardwareExit(v.number, key);
        if (v.inL2) {
            l2Exits.handle(v, exit, key);
        } else {
            counters.countHandled(key);
            l1Exits.handle(v, exit);
        }
        resume(v);
    }

    /** An interrupt of the hardware: L0 sends itself nothing but kicks. */
    void acknowledgeOwnInterrupt(VirtualCpu v) {
        hardware.apics().get(v.number).endOfInterrupt();
    }

    /** Lets the guest run that is to run next, or waits. */
    private void resume(VirtualCpu v) {
        while (true) {
            if (v.shutDown) {
                v.cpu.activity = Activity.SHUTDOWN;
                v.cpu.boundaryEvents = null;
                v.cpu.attend();
                return;
            }
            if (!v.inL2 && v.waiting && !canWake(v)) {
                park(v);
                return;
            }
            v.waiting = false;
            PendingEvents.settle(this, v);
            v.inL0 = false;
            VmEntryCheck violated = v.unit.enter(v.running());
            if (violated == null) {
                return;
            }
            v.inL0 = true;
            if (!v.inL2) {
                fail("vmcs01 fails " + violated.id() + ": " + violated.rule());
                return;
            }
            l2Exits.hardwareRefused(v, violated);
        }
    }

    private static boolean canWake(VirtualCpu v) {
        return PendingEvents.wakesL1(v);
    }

    private void park(VirtualCpu v) {
        v.inL0 = false;
        v.cpu.activity = Activity.HLT;
        v.cpu.boundaryEvents = new Parked(this, v);
        v.cpu.attend();
    }

    /** Ends the wait of a parked processor. */
    void unpark(VirtualCpu v) {
        v.inL0 = true;
        v.cpu.boundaryEvents = null;
        resume(v);
    }

    /** A VMX abort of L1: its processor shuts down (SDM, VM Exits, "VMX Aborts"). */
    void abort(VirtualCpu v, int indicator) {
        v.inL2 = false;
        v.shutDown = true;
        v.vmcs12.setAbortIndicator(indicator);
        VmcsRegionFormat.storeAbortIndicator(indicator, host.guestView(), v.vmcs12Pointer);
        guestObserver.aborted(v.cpu, v.vmcs12, indicator);
    }

    /** Something is wrong that is not the guest's fault, or that L1 cannot be told: the machine stops with the cause. */
    void fail(String cause) {
        hardware.machine().requestStop(new StopReason.HaltedByHost(cause));
        for (VirtualCpu v : cpus) {
            if (v.inL0) {
                v.cpu.activity = Activity.SHUTDOWN;
                v.cpu.boundaryEvents = null;
                v.cpu.interrupts = null;
            }
        }
    }

    // signals to L1's processors

    /** What L1's local APIC signals to its processor. */
    private final class Pins implements CpuSignals {
        private final VirtualCpu v;

        Pins(VirtualCpu v) {
            this.v = v;
        }

        @Override
        public void raiseNmi() {
            v.nmiPending = true;
            kick(v);
        }

        @Override
        public void raiseInit() {
            v.initPending = true;
            kick(v);
        }

        @Override
        public void raiseStartup(int vector) {
            v.sipiPending = vector;
            kick(v);
        }

        @Override
        public void interruptsChanged() {
            int vector = v.apic.highestDeliverable();
            if (vector == InterruptSource.NONE || v.inL0) {
                return;
            }
            if (v.inL2 && isNotificationForL2(v, vector)) {
                forwardNotification(v);
            } else {
                kick(v);
            }
        }
    }

    /** Whether L1 uses this vector to notify the L2 that runs on this processor of posted interrupts. */
    static boolean isNotificationForL2(VirtualCpu v, int vector) {
        return PinControl.PROCESS_POSTED_INTERRUPTS.in(v.vmcs12.get32(PIN_BASED_VM_EXEC_CONTROLS))
                && vector == v.vmcs12.get32(POSTED_INTERRUPT_NOTIFICATION_VECTOR);
    }

    /** Takes L1's notification out of its APIC and has the hardware process the posted interrupts. */
    void forwardNotification(VirtualCpu v) {
        boolean before = v.inL0;
        v.inL0 = true; // the acknowledgment is no new signal
        v.apic.acknowledge();
        v.apic.endOfInterrupt();
        v.inL0 = before;
        hardware.apics().get(v.number).raise(MergeTable.NESTED_NOTIFICATION_VECTOR, false);
    }

    /** Makes a processor come to L0, unless it is there. */
    private void kick(VirtualCpu v) {
        if (v.inL0) {
            return;
        }
        if (v.waiting) {
            v.cpu.attend();
        } else {
            hardware.apics().get(v.number).raise(KICK_VECTOR, false);
        }
    }

    /** Whether L1's local APIC answers at its page. */
    static boolean answersInMemory(VirtualCpu v) {
        return v.apic.mode() == ApicMode.XAPIC;
    }
}

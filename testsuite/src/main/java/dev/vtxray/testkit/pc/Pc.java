package dev.vtxray.testkit.pc;

import dev.vtxray.apic.ApicBus;
import dev.vtxray.apic.ApicFeatures;
import dev.vtxray.apic.ApicListener;
import dev.vtxray.apic.ApicMode;
import dev.vtxray.apic.ApicMsrs;
import dev.vtxray.apic.LocalApic;
import dev.vtxray.core.cpu.BaseMsrs;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.device.ByteSink;
import dev.vtxray.core.device.DebugExit;
import dev.vtxray.core.device.FirmwareConfig;
import dev.vtxray.core.device.LatchedPorts;
import dev.vtxray.core.device.Uart16550;
import dev.vtxray.core.isa.CpuidFeature;
import dev.vtxray.core.machine.Machine;
import dev.vtxray.core.machine.StopReason;
import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.core.port.MmioDevice;
import dev.vtxray.nested.Hardware;
import dev.vtxray.vmx.VmcsStore;
import dev.vtxray.vmx.VmxInstructions;
import dev.vtxray.vmx.VmxMsrs;
import dev.vtxray.vmx.VmxUnit;
import dev.vtxray.vmx.capability.CpuFeature;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.capability.ProfileCpuid;
import dev.vtxray.vmx.capability.VmxCapabilities;
import dev.vtxray.vmx.vmcs.PhysicalBytes;
import java.util.ArrayList;
import java.util.List;

/**
 * Bare virtual hardware: a machine whose CPUs have local APICs and VMX, with a serial port, a debug-exit port and the
 * firmware-configuration ports. Nothing runs on it yet; load an image or write one into its memory.
 */
public final class Pc {
    private static final long APIC_BASE = 0xFEE0_0000L;

    private final Machine machine;
    private final CpuProfile profile;
    private final List<LocalApic> apics = new ArrayList<>();
    private final List<VmxUnit> units = new ArrayList<>();
    private final ApicBus bus = new ApicBus();
    private final DebugExit debugExit;
    private final long guestMemory;

    private Pc(Builder builder) {
        profile = builder.profile.implemented();
        guestMemory = builder.memoryBytes;
        machine = Machine.builder()
                .memory(builder.memoryBytes + builder.hostReserve)
                .cpus(builder.cpuCount)
                .slice(builder.slice)
                .instructions(VmxInstructions.rows(units::get))
                .features(feature -> offers(profile, feature))
                .build();
        PhysicalBytes bytes = new MemoryBytes(machine.memory());
        VmcsStore store = builder.memoryResidentVmcs ? VmcsStore.memoryResident(bytes) : new VmcsStore(bytes);
        for (Cpu cpu : machine.cpus()) {
            addCpu(cpu, store);
        }
        machine.memory().map(APIC_BASE, LocalApic.PAGE_SIZE, new OwnApicPage());
        debugExit = new DebugExit(status -> machine.requestStop(new StopReason.GuestExit(status)));
        machine.io().map(DebugExit.PORT, 4, debugExit);
        machine.io().map(Uart16550.COM1, Uart16550.PORTS, new Uart16550(Uart16550.COM1, builder.serial));
        machine.io()
                .map(
                        FirmwareConfig.PORT,
                        FirmwareConfig.PORTS,
                        new FirmwareConfig(builder.memoryBytes, builder.cpuCount));
        machine.io().map(LatchedPorts.PIC_MASK_1, 1, new LatchedPorts(LatchedPorts.PIC_MASK_1, 1, 0xFF));
        machine.io().map(LatchedPorts.PIC_MASK_2, 1, new LatchedPorts(LatchedPorts.PIC_MASK_2, 1, 0xFF));
        machine.io().map(LatchedPorts.DIAGNOSTIC, 1, new LatchedPorts(LatchedPorts.DIAGNOSTIC, 1, 0));
    }

    private static boolean offers(CpuProfile profile, CpuidFeature feature) {
        for (CpuFeature candidate : CpuFeature.values()) {
            if (candidate.name().equals(feature.name())) {
                return profile.has(candidate);
            }
        }
        return true;
    }

    private void addCpu(Cpu cpu, VmcsStore store) {
        LocalApic apic = new LocalApic(cpu.number, cpu.number == 0, apicFeatures(), cpu, cpu::realTsc);
        apics.add(apic);
        VmxUnit unit = new VmxUnit(cpu, profile, store, apic);
        units.add(unit);
        cpu.interrupts = apic;
        cpu.physicalMask = (1L << profile.physicalAddressWidth()) - 1;
        cpu.cr4Mask = profile.vmx().msr(VmxCapabilities.CR4_FIXED1);
        cpu.has1GPages = profile.has(CpuFeature.PAGE1GB);
        cpu.cr4Mask = profile.vmx().msr(VmxCapabilities.CR4_FIXED1);
        cpu.eferMask = profile.eferMask();
        cpu.cpuid = new ProfileCpuid(
                profile, new CpuidState(cpu, apic), () -> machine.cpus().size());
        BaseMsrs.map(cpu);
        ApicMsrs apicMsrs = new ApicMsrs(apic);
        cpu.msrs.map(ApicMsrs.APIC_BASE, ApicMsrs.APIC_BASE, apicMsrs);
        cpu.msrs.map(ApicMsrs.TSC_DEADLINE, ApicMsrs.TSC_DEADLINE, apicMsrs);
        cpu.msrs.map(ApicMsrs.X2APIC_FIRST, ApicMsrs.X2APIC_LAST, apicMsrs);
        VmxMsrs vmxMsrs = new VmxMsrs(unit);
        cpu.msrs.map(VmxMsrs.FEATURE_CONTROL, VmxMsrs.FEATURE_CONTROL, vmxMsrs);
        cpu.msrs.map(VmxMsrs.CAPABILITY_FIRST, VmxMsrs.CAPABILITY_LAST, vmxMsrs);
        machine.engine(cpu.number).addTimer(apic);
        bus.connect(apic, cpu, new ApicListener() {
            @Override
            public void deadlineChanged(LocalApic changed) {
                cpu.attend();
            }
        });
    }

    private ApicFeatures apicFeatures() {
        ApicFeatures all = ApicFeatures.all();
        return new ApicFeatures(
                all.version(),
                all.lvtEntries(),
                all.eoiBroadcastSuppression(),
                profile.has(CpuFeature.X2APIC),
                profile.has(CpuFeature.TSC_DEADLINE),
                profile.physicalAddressWidth(),
                all.cyclesPerTimerTick());
    }

    /** What is to be built: by default one CPU of profile {@code haswell-ep}, 128 MiB. */
    public static Builder builder() {
        return new Builder();
    }

    public Machine machine() {
        return machine;
    }

    public PhysicalMemory memory() {
        return machine.memory();
    }

    /** The profile as it is offered: what VTXray does not carry out yet is taken out. */
    public CpuProfile profile() {
        return profile;
    }

    public Cpu cpu(int number) {
        return machine.cpu(number);
    }

    public LocalApic apic(int number) {
        return apics.get(number);
    }

    public VmxUnit vmx(int number) {
        return units.get(number);
    }

    public ApicBus bus() {
        return bus;
    }

    /** What a host needs to slip under this machine. */
    public Hardware hardware() {
        return new Hardware(machine, List.copyOf(units), List.copyOf(apics), apicFeatures(), guestMemory);
    }

    /** Runs for at most this many cycles. */
    public StopReason run(long cycles) {
        return machine.run(cycles);
    }

    /** The page of local-APIC registers: every CPU sees its own. */
    private final class OwnApicPage implements MmioDevice {
        private LocalApic own() {
            return apics.get(machine.running());
        }

        @Override
        public long read(long offset, int size) {
            LocalApic apic = own();
            return apic.mode() == ApicMode.XAPIC ? apic.read(offset, size) : -1;
        }

        @Override
        public void write(long offset, int size, long value) {
            LocalApic apic = own();
            if (apic.mode() == ApicMode.XAPIC) {
                apic.write(offset, size, value);
            }
        }
    }

    private record CpuidState(Cpu cpu, LocalApic apic) implements ProfileCpuid.State {
        @Override
        public int apicId() {
            return apic.id();
        }

        @Override
        public boolean apicEnabled() {
            return apic.mode() != ApicMode.DISABLED;
        }

        @Override
        public long cr4() {
            return cpu.cr4;
        }
    }

    /** Physical memory as the VMX hardware accesses it. */
    private record MemoryBytes(PhysicalMemory memory) implements PhysicalBytes {
        @Override
        public int read32(long hpa) {
            return (int) memory.read(hpa, 4);
        }

        @Override
        public void write32(long hpa, int value) {
            memory.write(hpa, 4, value);
        }

        @Override
        public long read64(long hpa) {
            return memory.read(hpa, 8);
        }

        @Override
        public void write64(long hpa, long value) {
            memory.write(hpa, 8, value);
        }
    }

    /** Collects what a PC is made of. */
    public static final class Builder {
        private CpuProfile profile = CpuProfile.named("haswell-ep");
        private int cpuCount = 1;
        private long memoryBytes = 128L << 20;
        private long hostReserve;
        private long slice = Machine.DEFAULT_SLICE;
        private ByteSink serial = value -> {};
        private boolean memoryResidentVmcs;

        private Builder() {}

        public Builder profile(CpuProfile cpuProfile) {
            profile = cpuProfile;
            return this;
        }

        /** Number of CPUs, 1 to 255; all but the first wait for a Start-up IPI. */
        public Builder cpus(int count) {
            cpuCount = count;
            return this;
        }

        /** Bytes of RAM, a multiple of 4096. */
        public Builder memory(long bytes) {
            memoryBytes = bytes;
            return this;
        }

        /**
         * Bytes of RAM above {@link #memory} of which the guest is not told, for a host that slips under it; a multiple
         * of 2 MiB, and {@link #memory} must then be one as well.
         */
        public Builder hostReserve(long bytes) {
            hostReserve = bytes;
            return this;
        }

        /** Cycles after which the next CPU takes its turn. */
        public Builder slice(long cycles) {
            slice = cycles;
            return this;
        }

        /** Whether VM entries read and VM exits write the region of the VMCS; see {@link VmcsStore#memoryResident}. */
        public Builder memoryResidentVmcs(boolean resident) {
            memoryResidentVmcs = resident;
            return this;
        }

        /** Takes what the guest writes to its serial port. */
        public Builder serial(ByteSink sink) {
            serial = sink;
            return this;
        }

        public Pc build() {
            return new Pc(this);
        }
    }
}

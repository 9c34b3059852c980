package dev.vtxray.vmx;

import dev.vtxray.core.cpu.ControlRegisterLoads;
import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.isa.Decoder;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.port.MmioDevice;
import dev.vtxray.core.port.SecondStage;
import org.jspecify.annotations.Nullable;

/**
 * What a Java host needs of the guest that it has just left: its memory by linear address, and its next instruction
 * carried out against a device that the host models. The guest's registers are still in the CPU; its translations are used
 * as if it ran.
 */
public final class GuestContext {
    private final VmxUnit unit;
    private final Cpu cpu;
    private final byte[] bytes = new byte[Decoder.MAX_LENGTH];

    GuestContext(VmxUnit unit) {
        this.unit = unit;
        this.cpu = unit.cpu();
    }

    /** An action in the guest's translation context. */
    @FunctionalInterface
    private interface Action {
        long run();
    }

    /**
     * Loads 1, 2, 4 or 8 bytes from the guest's linear memory.
     *
     * @throws GuestFault          if the guest's own paging denies it
     * @throws SecondStage.Taken   if the second stage does; then {@link #takenExit()} tells why
     */
    public long load(long la, int size) {
        return inContext(stageOfGuest(), () -> cpu.mmu.load(la, size));
    }

    /** Stores 1, 2, 4 or 8 bytes to the guest's linear memory; throws as {@link #load}. */
    public void store(long la, int size, long value) {
        inContext(stageOfGuest(), () -> {
            cpu.mmu.store(la, size, value);
            return 0;
        });
    }

    /**
     * Loads CR0 with all that follows from it, as the guest's own MOV would.
     *
     * @throws GuestFault if the rules of the base architecture forbid it; nothing has changed
     */
    public void loadCr0(long value) {
        inContext(stageOfGuest(), () -> {
            ControlRegisterLoads.loadCr0(cpu, value);
            return 0;
        });
    }

    /** Loads CR4; throws as {@link #loadCr0}. */
    public void loadCr4(long value) {
        inContext(stageOfGuest(), () -> {
            ControlRegisterLoads.loadCr4(cpu, value);
            return 0;
        });
    }

    /** The exit that an access would have caused which ended in {@link SecondStage.Taken}. */
    public VmExit takenExit() {
        return unit.ept().pendingExit();
    }

    /**
     * Carries out the instruction at the guest's RIP, with a device in place of one guest-physical page.
     *
     * @param gpaPage address of the page
     * @throws GuestFault        if the instruction faults; nothing has changed
     * @throws SecondStage.Taken if another of its accesses leaves the guest
     */
    public void emulate(Decoder decoder, long gpaPage, MmioDevice device) {
        SecondStage guest = stageOfGuest();
        inContext(new DeviceStage(guest, gpaPage, device), () -> {
            Insn insn = fetch(decoder);
            cpu.r[Insn.BLOCK] = cpu.rip;
            cpu.current = insn;
            insn.semantic.execute(cpu, insn);
            if (!insn.row.endsBlock()) {
                cpu.advance(insn);
            }
            cpu.countEmulated();
            return 0;
        });
    }

    private Insn fetch(Decoder decoder) {
        long la = cpu.codeSize == 8 ? cpu.rip : cpu.wrap(cpu.seg[1].base + cpu.rip);
        for (int count = 1; ; count++) {
            bytes[count - 1] = (byte) cpu.mmu.fetchByte(cpu.wrap(la + count - 1));
            Insn insn = decoder.decode(bytes, 0, count, cpu.codeSize, 0);
            if (insn != null) {
                return insn;
            }
        }
    }

    private @Nullable SecondStage stageOfGuest() {
        return unit.ept().isNeeded() ? unit.ept() : null;
    }

    private long inContext(@Nullable SecondStage stage, Action action) {
        long tagBefore = cpu.translationTag;
        SecondStage stageBefore = cpu.secondStage;
        cpu.secondStage = stage;
        // A device in place of a page must not meet, or leave behind, translations of the guest.
        boolean ownTag = stage instanceof DeviceStage;
        cpu.translationTag = ownTag ? EMULATION_TAG : unit.guestTag();
        cpu.contextChanged();
        try {
            return action.run();
        } finally {
            if (ownTag) {
                cpu.mmu.flush(EMULATION_TAG);
            }
            cpu.secondStage = stageBefore;
            cpu.translationTag = tagBefore;
            cpu.contextChanged();
        }
    }

    private static final long EMULATION_TAG = -1;

    /** The guest's second stage with a device in front of one page. */
    private record DeviceStage(@Nullable SecondStage guest, long gpaPage, MmioDevice device) implements SecondStage {
        private static final long PAGE = -4096;
        private static final long DEVICE_HPA = 1L << 51;

        @Override
        public long translate(Cpu cpu, long gpa, int access, Purpose purpose, long la) {
            if ((gpa & PAGE) == gpaPage) {
                return DEVICE_HPA | gpa & ~PAGE;
            }
            return guest == null ? gpa : guest.translate(cpu, gpa, access, purpose, la);
        }

        @Override
        public int rights() {
            return guest == null ? READ | WRITE | FETCH : guest.rights();
        }

        @Override
        public boolean isSpecial(long hpa) {
            return (hpa & PAGE) == DEVICE_HPA || guest != null && guest.isSpecial(hpa);
        }

        @Override
        public long load(Cpu cpu, long la, long gpa, long hpa, int size) {
            if ((hpa & PAGE) == DEVICE_HPA || guest == null) {
                return device.read(gpa & ~PAGE, size);
            }
            return guest.load(cpu, la, gpa, hpa, size);
        }

        @Override
        public void store(Cpu cpu, long la, long gpa, long hpa, int size, long value) {
            if ((hpa & PAGE) == DEVICE_HPA || guest == null) {
                device.write(gpa & ~PAGE, size, value);
            } else {
                guest.store(cpu, la, gpa, hpa, size, value);
            }
        }

        @Override
        public void probe(Cpu cpu, long la, long gpa, long hpa, int size, int access) {
            if ((hpa & PAGE) != DEVICE_HPA && guest != null) {
                guest.probe(cpu, la, gpa, hpa, size, access);
            }
        }

        @Override
        public void deliver(Cpu cpu) {
            throw new IllegalStateException("an emulated instruction does not run in the guest");
        }
    }
}

package dev.vtxray.core.memory;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.port.SecondStage;
import dev.vtxray.core.port.SecondStage.Purpose;
import org.jspecify.annotations.Nullable;

/**
 * Linear memory accesses of one CPU.
 *
 * <p>The fast path is one compare: a tag in the {@link Tlb} proves present, permitted, plain RAM, no decoded code to
 * spoil and no page boundary in between. All else is found out on the slow path.
 *
 * <p>An access with a consequence that has to be met exactly at the end of its instruction (a device register, a store
 * into decoded code) is made only by an instruction that runs alone; in the middle of a block it throws {@link AloneOnly}
 * before anything has changed, and the engine runs that one instruction again, alone.
 */
public final class Mmu implements PhysicalMemory.CodeListener {
    private static final long PAGE = -RamPage.SIZE;
    private static final int CONTEXTS = 16;

    /** The instruction has to run alone; nothing has changed yet. */
    public static final class AloneOnly extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private AloneOnly() {
            super("instruction must run alone", null, false, false);
        }
    }

    private final AloneOnly aloneOnly = new AloneOnly();
    private final Cpu cpu;
    private final PhysicalMemory memory;
    private final PageWalk walk;
    private final Tlb[] contexts = new Tlb[CONTEXTS];
    private int contextCount;
    private int nextVictim;

    /** Translations for the privilege of the running code, and those for supervisor privilege. */
    private Tlb tlb;

    private Tlb system;

    /** Whether the instruction that runs now runs alone. */
    public boolean alone;

    // Outcome of the last slow translation.
    private long hpa;
    private boolean special;

    public Mmu(Cpu cpu, PhysicalMemory memory) {
        this.cpu = cpu;
        this.memory = memory;
        this.walk = new PageWalk(cpu, memory);
        this.system = context(0, false);
        this.tlb = system;
        memory.addCodeListener(this);
    }

    // contexts

    /** Selects the translations for this tag and privilege; those of other contexts are kept. */
    public void select(long tag, boolean user) {
        if (system.tag != tag) {
            system = context(tag, false);
        }
        if (!user) {
            tlb = system;
        } else if (tlb.tag != tag || !tlb.user) {
            tlb = context(tag, true);
        }
    }

    private Tlb context(long tag, boolean user) {
        for (int i = 0; i < contextCount; i++) {
            Tlb candidate = contexts[i];
            if (candidate.tag == tag && candidate.user == user) {
                return candidate;
            }
        }
        Tlb made;
        if (contextCount < CONTEXTS) {
            made = new Tlb();
            contexts[contextCount++] = made;
        } else {
            do {
                made = contexts[nextVictim++ % CONTEXTS];
            } while (made == system);
            made.flush();
        }
        made.tag = tag;
        made.user = user;
        return made;
    }

    /** Which translations to drop. */
    @FunctionalInterface
    public interface TagFilter {
        boolean covers(long tag);
    }

    /** Drops all translations of the contexts whose tag the filter covers. */
    public void flush(TagFilter filter) {
        for (int i = 0; i < contextCount; i++) {
            if (filter.covers(contexts[i].tag)) {
                contexts[i].flush();
            }
        }
    }

    /** Drops all translations of one tag. */
    public void flush(long tag) {
        for (int i = 0; i < contextCount; i++) {
            if (contexts[i].tag == tag) {
                contexts[i].flush();
            }
        }
    }

    /** Drops all translations of all contexts. */
    public void flushAll() {
        for (int i = 0; i < contextCount; i++) {
            contexts[i].flush();
        }
    }

    /** Drops the translations of one page in the contexts whose tag the filter covers. */
    public void flushPage(long la, TagFilter filter) {
        for (int i = 0; i < contextCount; i++) {
            if (filter.covers(contexts[i].tag)) {
                contexts[i].flushPage(la);
            }
        }
    }

    @Override
    public void becameCode(RamPage page) {
        for (int i = 0; i < contextCount; i++) {
            contexts[i].withholdWrites(page.bytes);
        }
    }

    /** Translations in use now; the engine keeps its jump cache there. */
    public Tlb current() {
        return tlb;
    }

    // data accesses with the privilege of the running code

    public long load8(long la) {
        Tlb t = tlb;
        int k = Tlb.index(la);
        return t.readTags[k] == Tlb.tag(la) ? Bytes.load8(t.pages[k], (int) la & 0xFFF) : slowLoad(t, la, 1);
    }

    public long load16(long la) {
        Tlb t = tlb;
        int k = Tlb.index(la);
        return t.readTags[k] == Tlb.tag(la + 1) ? Bytes.load16(t.pages[k], (int) la & 0xFFF) : slowLoad(t, la, 2);
    }

    public long load32(long la) {
        Tlb t = tlb;
        int k = Tlb.index(la);
        return t.readTags[k] == Tlb.tag(la + 3) ? Bytes.load32(t.pages[k], (int) la & 0xFFF) : slowLoad(t, la, 4);
    }

    public long load64(long la) {
        Tlb t = tlb;
        int k = Tlb.index(la);
        return t.readTags[k] == Tlb.tag(la + 7) ? Bytes.load64(t.pages[k], (int) la & 0xFFF) : slowLoad(t, la, 8);
    }

    /** Loads 1, 2, 4 or 8 bytes, zero-extended. */
    public long load(long la, int size) {
        return switch (size) {
            case 8 -> load64(la);
            case 4 -> load32(la);
            case 1 -> load8(la);
            default -> load16(la);
        };
    }

    /** Stores the low 1, 2, 4 or 8 bytes. */
    public void store(long la, int size, long value) {
        Tlb t = tlb;
        int k = Tlb.index(la);
        if (t.writeTags[k] == Tlb.tag(la + size - 1)) {
            byte[] page = t.pages[k];
            int offset = (int) la & 0xFFF;
            switch (size) {
                case 8 -> Bytes.store64(page, offset, value);
                case 4 -> Bytes.store32(page, offset, value);
                case 1 -> Bytes.store8(page, offset, value);
                default -> Bytes.store16(page, offset, value);
            }
        } else {
            slowStore(t, la, size, value);
        }
    }

    /** Loads a value that will be stored again: faults as a write would, so that the store cannot. */
    public long loadForUpdate(long la, int size) {
        Tlb t = tlb;
        int k = Tlb.index(la);
        if (t.writeTags[k] == Tlb.tag(la + size - 1)) {
            return Bytes.load(t.pages[k], (int) la & 0xFFF, size);
        }
        probe(t, la, size, SecondStage.READ | SecondStage.WRITE);
        return slowLoad(t, la, size);
    }

    /** Faults now if a store of {@code size} bytes would. */
    public void probeStore(long la, int size) {
        Tlb t = tlb;
        if (t.writeTags[Tlb.index(la)] != Tlb.tag(la + size - 1)) {
            probe(t, la, size, SecondStage.WRITE);
        }
    }

    /** Faults now if a load of {@code size} bytes would, without loading. */
    public void probeLoad(long la, int size) {
        Tlb t = tlb;
        if (t.readTags[Tlb.index(la)] != Tlb.tag(la + size - 1)) {
            probe(t, la, size, SecondStage.READ);
        }
    }

    /** The bytes of the page at {@code la} if they may be read without further ado, or null. */
    public byte @Nullable [] readablePage(long la) {
        int k = Tlb.index(la);
        return tlb.readTags[k] == Tlb.tag(la) ? tlb.pages[k] : null;
    }

    /** The bytes of the page at {@code la} if they may be written without further ado, or null. */
    public byte @Nullable [] writablePage(long la) {
        int k = Tlb.index(la);
        return tlb.writeTags[k] == Tlb.tag(la) ? tlb.pages[k] : null;
    }

    // accesses to system structures, always with supervisor privilege

    /** Loads from a descriptor table or task-state segment. */
    public long loadSystem(long la, int size) {
        cpu.implicitSupervisor = true;
        try {
            return slowLoad(system, la, size);
        } finally {
            cpu.implicitSupervisor = false;
        }
    }

    /** Stores to a descriptor table or task-state segment. */
    public void storeSystem(long la, int size, long value) {
        cpu.implicitSupervisor = true;
        try {
            slowStore(system, la, size, value);
        } finally {
            cpu.implicitSupervisor = false;
        }
    }

    /** Stores with supervisor privilege whatever the current one is: the frame that event delivery pushes. */
    public void storeSupervisor(long la, int size, long value) {
        slowStore(system, la, size, value);
    }

    /** Faults now if a store with supervisor privilege would. */
    public void probeSupervisor(long la, int size) {
        probe(system, la, size, SecondStage.WRITE);
    }

    // the slow path

    private long slowLoad(Tlb t, long la, int size) {
        if (crosses(la, size)) {
            probe(t, la, size, SecondStage.READ);
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= slowLoad(t, cpu.wrap(la + i), 1) << 8 * i;
            }
            return value;
        }
        RamPage page = translate(t, la, size, SecondStage.READ);
        if (page != null) {
            return Bytes.load(page.bytes, (int) la & 0xFFF, size);
        }
        demandAlone();
        SecondStage stage = cpu.secondStage;
        return special && stage != null ? stage.load(cpu, la, walk.gpa, hpa, size) : memory.read(hpa, size);
    }

    private void slowStore(Tlb t, long la, int size, long value) {
        if (crosses(la, size)) {
            probe(t, la, size, SecondStage.WRITE);
            for (int i = 0; i < size; i++) {
                slowStore(t, cpu.wrap(la + i), 1, value >>> 8 * i);
            }
            return;
        }
        RamPage page = translate(t, la, size, SecondStage.WRITE);
        int offset = (int) la & 0xFFF;
        if (page != null) {
            if (page.holdsCode(offset, size)) {
                demandAlone();
                page.dropBlocks();
            }
            Bytes.store(page.bytes, offset, size, value);
            return;
        }
        demandAlone();
        SecondStage stage = cpu.secondStage;
        if (special && stage != null) {
            stage.store(cpu, la, walk.gpa, hpa, size, value);
        } else {
            memory.write(hpa, size, value);
        }
    }

    /** Makes the faults of an access to all of its pages, in address order, without the access. */
    private void probe(Tlb t, long la, int size, int access) {
        RamPage page = translate(t, la, size, access);
        if (page == null || (access & SecondStage.WRITE) != 0 && page.holdsCode((int) la & 0xFFF, 1)) {
            demandAlone();
        }
        SecondStage stage = cpu.secondStage;
        if (page == null && special && stage != null) {
            stage.probe(cpu, la, walk.gpa, hpa, size, access);
        }
        if (crosses(la, size)) {
            long second = cpu.wrap((la & PAGE) + RamPage.SIZE);
            page = translate(t, second, 1, access);
            if (page == null || (access & SecondStage.WRITE) != 0 && page.codeLines != 0) {
                demandAlone();
            }
        } else if (page != null && (access & SecondStage.WRITE) != 0 && page.holdsCode((int) la & 0xFFF, size)) {
            demandAlone();
        }
    }

    private static boolean crosses(long la, int size) {
        return (la & RamPage.SIZE - 1) + size > RamPage.SIZE;
    }

    private void demandAlone() {
        if (!alone) {
            throw aloneOnly;
        }
    }

    /**
     * Translates, and keeps the translation if the page is plain RAM.
     *
     * @return the frame, or null if {@link #hpa} is a device, nothing, or special to the second stage
     */
    private @Nullable RamPage translate(Tlb t, long la, int size, int access) {
        if (!cpu.isCanonical(la) || !cpu.isCanonical(la + size - 1)) {
            throw GuestFault.nonCanonical(la);
        }
        walk.walk(la, access, t.user);
        SecondStage stage = cpu.secondStage;
        int rights = SecondStage.READ | SecondStage.WRITE | SecondStage.FETCH;
        if (stage == null) {
            hpa = walk.gpa;
            special = false;
        } else {
            hpa = stage.translate(cpu, walk.gpa, access, Purpose.LINEAR, la);
            rights = stage.rights();
            special = stage.isSpecial(hpa);
        }
        if (special) {
            return null;
        }
        RamPage page = memory.page(hpa);
        if (page != null && !cpu.implicitSupervisor) {
            boolean writable = walk.writable && (rights & SecondStage.WRITE) != 0 && page.codeLines == 0;
            if (walk.large) {
                t.noteLargePage();
            }
            t.install(
                    la,
                    page.bytes,
                    cacheable() && (rights & SecondStage.READ) != 0,
                    cacheable() && writable,
                    walk.global);
        }
        return page;
    }

    /** With SMAP on, whether a supervisor access is allowed depends on RFLAGS.AC, which no tag knows. */
    private boolean cacheable() {
        return (cpu.cr4 & dev.vtxray.core.cpu.Control.CR4_SMAP) == 0 || tlb.user;
    }

    // fetch

    /** The frame that holds the code at {@code rip}, or null if it is not in plain RAM. */
    public @Nullable RamPage fetchPage(long la) {
        Tlb t = tlb;
        int k = (int) (la >>> RamPage.SHIFT) & Tlb.FETCH_ENTRIES - 1;
        if (t.fetchTags[k] == Tlb.tag(la)) {
            return t.fetchPages[k];
        }
        RamPage page = translateFetch(t, la);
        if (page != null) {
            if (walk.large) {
                t.noteLargePage();
            }
            t.installFetch(la, page);
        }
        return page;
    }

    /** One byte of code, wherever it is. */
    public int fetchByte(long la) {
        RamPage page = translateFetch(tlb, la);
        if (page != null) {
            return page.bytes[(int) la & 0xFFF] & 0xFF;
        }
        SecondStage stage = cpu.secondStage;
        if (special && stage != null) {
            stage.probe(cpu, la, walk.gpa, hpa, 1, SecondStage.FETCH);
        }
        return (int) memory.read(hpa, 1);
    }

    private @Nullable RamPage translateFetch(Tlb t, long la) {
        if (!cpu.isCanonical(la)) {
            throw GuestFault.generalProtection();
        }
        walk.walk(la, SecondStage.FETCH, t.user);
        SecondStage stage = cpu.secondStage;
        if (stage == null) {
            hpa = walk.gpa;
            special = false;
        } else {
            hpa = stage.translate(cpu, walk.gpa, SecondStage.FETCH, Purpose.LINEAR, la);
            special = stage.isSpecial(hpa);
        }
        return special ? null : memory.page(hpa);
    }

    /** Guest-physical address behind a linear one as a debugger sees it, or -1; only without a second stage. */
    public long peek(long la) {
        return walk.peek(la, cpu.secondStage);
    }

    /** Physical memory behind this unit. */
    public PhysicalMemory memory() {
        return memory;
    }
}

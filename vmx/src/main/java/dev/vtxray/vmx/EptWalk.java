package dev.vtxray.vmx;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.port.SecondStage;
import dev.vtxray.vmx.capability.EptVpidCapability;
import dev.vtxray.vmx.control.ApicAccessQualification;
import dev.vtxray.vmx.control.EptViolationQualification;
import dev.vtxray.vmx.control.ExitReason;
import dev.vtxray.vmx.vmcs.PhysicalBytes;

/**
 * Extended page tables, and the APIC-access page behind them (SDM, VMX Support for Address Translation; APIC
 * Virtualization and Virtual Interrupts, "Virtualizing Memory-Mapped APIC Accesses").
 *
 * <p>Every access that leaves the guest is noted here as the facts of its exit, thrown as {@link Taken}, and delivered when
 * the CPU stands at the instruction again.
 */
final class EptWalk implements SecondStage {
    private static final long ADDRESS = 0x000F_FFFF_FFFF_F000L;
    private static final int PERMISSIONS = 7;
    private static final long LARGE = 1 << 7;
    private static final long ACCESSED = 1 << 8;
    private static final long DIRTY = 1 << 9;
    private static final long EPTP_ACCESSED_AND_DIRTY = 1 << 6;
    private static final long NO_PAGE = -1;

    private final VmxUnit unit;
    private final PhysicalBytes memory;
    private final Taken taken = new Taken();
    private final boolean executeOnly;
    private final boolean pages1G;
    private final long[] entryAddress = new long[4];
    private final long[] entryValue = new long[4];

    private boolean enabled;
    private long root;
    private boolean accessedAndDirty;
    private long apicAccessPage = NO_PAGE;

    private int permissions;
    private int used;
    private int rights;

    private VmExit pendingExit = VmExit.of(ExitReason.EPT_VIOLATION);

    EptWalk(VmxUnit unit) {
        this.unit = unit;
        this.memory = unit.memory();
        this.executeOnly = unit.capabilities().has(EptVpidCapability.EXECUTE_ONLY);
        this.pages1G = unit.capabilities().has(EptVpidCapability.PAGES_1G);
    }

    /** Sets it up for a guest. @param eptp EPT pointer, used if {@code enabled} */
    void configure(boolean enabled, long eptp, boolean virtualizeApicAccesses, long apicAccessAddress) {
        this.enabled = enabled;
        this.root = eptp & ADDRESS;
        this.accessedAndDirty = (eptp & EPTP_ACCESSED_AND_DIRTY) != 0;
        this.apicAccessPage = virtualizeApicAccesses ? apicAccessAddress : NO_PAGE;
    }

    /** Whether the CPU has to ask at all. */
    boolean isNeeded() {
        return enabled || apicAccessPage != NO_PAGE;
    }

    // SecondStage

    @Override
    public long translate(Cpu cpu, long gpa, int access, Purpose purpose, long la) {
        long hpa = gpa;
        rights = READ | WRITE | FETCH;
        if (enabled) {
            hpa = walk(cpu, gpa, needed(access, purpose), purpose, la);
        }
        if (purpose != Purpose.LINEAR && isSpecial(hpa) && enabled) {
            throw take(guestPhysicalApicAccess(cpu));
        }
        return hpa;
    }

    /** With accessed and dirty flags on, every access to a paging-structure entry counts as a write. */
    private int needed(int access, Purpose purpose) {
        return switch (purpose) {
            case LINEAR -> access;
            case WALK_READ -> accessedAndDirty ? READ | WRITE : READ;
            case WALK_UPDATE -> READ | WRITE;
            case PDPTE_LOAD -> READ;
        };
    }

    @Override
    public int rights() {
        return rights;
    }

    private long walk(Cpu cpu, long gpa, int needed, Purpose purpose, long la) {
        used = 0;
        permissions = PERMISSIONS;
        if (gpa >>> 48 != 0) {
            permissions = 0;
            throw violation(cpu, gpa, needed, purpose, la);
        }
        long table = root;
        for (int shift = 39; ; shift -= 9) {
            long address = table + (gpa >>> shift & 511) * 8;
            long entry = memory.read64(address);
            entryAddress[used] = address;
            entryValue[used] = entry;
            used++;
            if ((entry & PERMISSIONS) == 0) {
                permissions = 0;
                throw violation(cpu, gpa, needed, purpose, la);
            }
            boolean leaf = shift == 12 || (entry & LARGE) != 0 && (shift == 21 || shift == 30 && pages1G);
            if (isMisconfigured(entry, shift, leaf)) {
                throw take(VmExit.of(ExitReason.EPT_MISCONFIGURATION)
                        .withPhysicalAddress(gpa)
                        .withInstruction(lengthOfCurrent(cpu), 0)
                        .withVectoring(cpu.delivering));
            }
            permissions &= (int) entry;
            if (leaf) {
                return finish(cpu, gpa, needed, purpose, la, entry, shift);
            }
            table = entry & ADDRESS;
        }
    }

    private long finish(Cpu cpu, long gpa, int needed, Purpose purpose, long la, long entry, int shift) {
        if ((needed & ~permissions) != 0) {
            throw violation(cpu, gpa, needed, purpose, la);
        }
        boolean dirty = true;
        if (accessedAndDirty) {
            dirty = (needed & WRITE) != 0 || (entry & DIRTY) != 0;
            setFlags((needed & WRITE) != 0);
        }
        rights = dirty ? permissions : permissions & ~WRITE;
        long offset = (1L << shift) - 1;
        return entry & ADDRESS & ~offset | gpa & offset;
    }

    private void setFlags(boolean write) {
        for (int i = 0; i < used; i++) {
            long missing = (ACCESSED | (write && i == used - 1 ? DIRTY : 0)) & ~entryValue[i];
            if (missing != 0) {
                memory.write64(entryAddress[i], entryValue[i] | missing);
            }
        }
    }

    /** SDM, VMX Support for Address Translation, "EPT Misconfigurations". */
    private boolean isMisconfigured(long entry, int shift, boolean leaf) {
        int permission = (int) entry & PERMISSIONS;
        boolean writeWithoutRead = (permission & (READ | WRITE)) == WRITE;
        if (writeWithoutRead || permission == FETCH && !executeOnly) {
            return true;
        }
        long reserved = ADDRESS & ~unit.physicalMask();
        if (leaf) {
            int type = (int) entry >> 3 & 7;
            if (type == 2 || type == 3 || type == 7) {
                return true;
            }
            reserved |= (1L << shift) - 1 & ~0xFFFL;
        } else {
            reserved |= 0x78 | LARGE;
        }
        return (entry & reserved) != 0;
    }

    private Taken violation(Cpu cpu, long gpa, int needed, Purpose purpose, long la) {
        long qualification = needed | EptViolationQualification.allowed(permissions);
        if (purpose != Purpose.PDPTE_LOAD) {
            qualification |= EptViolationQualification.LINEAR_ADDRESS_VALID;
        }
        if (purpose == Purpose.LINEAR) {
            qualification |= EptViolationQualification.FINAL_TRANSLATION;
        }
        return take(VmExit.of(ExitReason.EPT_VIOLATION)
                .withQualification(qualification)
                .withPhysicalAddress(gpa)
                .withLinearAddress(la)
                .withInstruction(lengthOfCurrent(cpu), 0)
                .withVectoring(cpu.delivering));
    }

    private static int lengthOfCurrent(Cpu cpu) {
        return cpu.current == null || cpu.delivering != null ? 0 : cpu.current.length;
    }

    private Taken take(VmExit exit) {
        pendingExit = exit;
        return taken;
    }

    /** The exit that the access taken last has caused or would have caused. */
    VmExit pendingExit() {
        return pendingExit;
    }

    @Override
    public void deliver(Cpu cpu) {
        unit.apic().abandonOperation();
        if (pendingExit.reason() == ExitReason.EPT_VIOLATION && unit.unblocksNmiByIret()) {
            pendingExit.withNmiUnblockedByIret();
        }
        unit.deliver(pendingExit);
    }

    // APIC-access page

    @Override
    public boolean isSpecial(long hpa) {
        return (hpa & -4096) == apicAccessPage;
    }

    @Override
    public long load(Cpu cpu, long la, long gpa, long hpa, int size) {
        int offset = (int) hpa & 0xFFF;
        ApicUnit apic = unit.apic();
        if (cpu.delivering != null || !apic.virtualizesRead(offset, size)) {
            throw take(linearApicAccess(cpu, ApicAccessQualification.Type.LINEAR_READ, offset, la, gpa));
        }
        return apic.read(offset, size);
    }

    @Override
    public void store(Cpu cpu, long la, long gpa, long hpa, int size, long value) {
        int offset = (int) hpa & 0xFFF;
        ApicUnit apic = unit.apic();
        if (cpu.delivering != null || !apic.virtualizesWrite(offset, size)) {
            throw take(linearApicAccess(cpu, ApicAccessQualification.Type.LINEAR_WRITE, offset, la, gpa));
        }
        apic.write(offset, size, (int) value);
    }

    @Override
    public void probe(Cpu cpu, long la, long gpa, long hpa, int size, int access) {
        int offset = (int) hpa & 0xFFF;
        if ((access & FETCH) != 0) {
            throw take(linearApicAccess(cpu, ApicAccessQualification.Type.LINEAR_FETCH, offset, la, gpa));
        }
        boolean read = (access & READ) != 0;
        if (cpu.delivering != null || !read && !unit.apic().virtualizesWrite(offset, size)) {
            throw take(linearApicAccess(cpu, ApicAccessQualification.Type.LINEAR_WRITE, offset, la, gpa));
        }
    }

    private VmExit linearApicAccess(Cpu cpu, ApicAccessQualification.Type type, int offset, long la, long gpa) {
        ApicAccessQualification.Type reported =
                cpu.delivering != null ? ApicAccessQualification.Type.LINEAR_EVENT_DELIVERY : type;
        return VmExit.of(ExitReason.APIC_ACCESS)
                .withQualification(ApicAccessQualification.of(reported, offset))
                .withLinearAddress(la)
                .withPhysicalAddress(enabled ? gpa : 0)
                .withVectoring(cpu.delivering);
    }

    private VmExit guestPhysicalApicAccess(Cpu cpu) {
        ApicAccessQualification.Type type = cpu.delivering != null
                ? ApicAccessQualification.Type.GUEST_PHYSICAL_EVENT_DELIVERY
                : ApicAccessQualification.Type.GUEST_PHYSICAL_FETCH_OR_DATA;
        return VmExit.of(ExitReason.APIC_ACCESS)
                .withQualification(ApicAccessQualification.of(type, 0))
                .withVectoring(cpu.delivering);
    }
}

package dev.vtxray.core.port;

import dev.vtxray.core.cpu.Cpu;

/**
 * A second stage of address translation, behind the guest's own paging: from guest-physical to host-physical addresses.
 * Without one the two are the same.
 */
public interface SecondStage {
    /** Rights of a translation: the page may be read, written, fetched from. */
    int READ = 1;

    int WRITE = 2;
    int FETCH = 4;

    /** Why a guest-physical address is accessed. */
    enum Purpose {
        /** The translation of a linear address, the data or code itself. */
        LINEAR,
        /** A paging-structure entry is read during the walk of a linear address. */
        WALK_READ,
        /** The accessed or dirty flag of a paging-structure entry is set. */
        WALK_UPDATE,
        /** A page-directory-pointer register is loaded by a write of a control register. */
        PDPTE_LOAD
    }

    /**
     * Translates a guest-physical address for one access, or takes the access over by throwing {@link Taken}.
     *
     * @param access one of {@link #READ}, {@link #WRITE}, {@link #FETCH}, or READ|WRITE for a read-modify-write
     * @param la     the linear address that is being translated
     * @return the host-physical address; {@link #rights()} tells what else the page allows
     */
    long translate(Cpu cpu, long gpa, int access, Purpose purpose, long la);

    /**
     * Rights of the page translated last for which a translation may be kept: a right whose first use must still be
     * seen (to set a dirty flag, say) is left out.
     */
    int rights();

    /** Whether linear accesses to this host-physical page are handled by {@link #load}/{@link #store}, not by memory. */
    boolean isSpecial(long hpa);

    /** A linear read of a special page. */
    long load(Cpu cpu, long la, long gpa, long hpa, int size);

    /** A linear write of a special page. */
    void store(Cpu cpu, long la, long gpa, long hpa, int size, long value);

    /** A fetch from a special page, or a store probed by a read-modify-write instruction; access as in translate. */
    void probe(Cpu cpu, long la, long gpa, long hpa, int size, int access);

    /** Finishes an access for which {@link Taken} was thrown; the CPU stands at the instruction that made it. */
    void deliver(Cpu cpu);

    /** Thrown when the second stage takes an access over; carries nothing, the second stage keeps the facts. */
    final class Taken extends RuntimeException {
        private static final long serialVersionUID = 1L;

        /** Made once per second stage. */
        public Taken() {
            super("access taken by the second stage", null, false, false);
        }
    }
}

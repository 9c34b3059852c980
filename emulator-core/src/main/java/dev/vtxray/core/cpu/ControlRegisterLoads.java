package dev.vtxray.core.cpu;

import dev.vtxray.core.port.SecondStage;
import dev.vtxray.core.port.SecondStage.Purpose;

/**
 * Loads of the control registers and of IA32_EFER by software, with the rules of the base architecture and with all that
 * follows from a change (SDM, System Architecture Overview, "Control Registers"; Initializing IA-32e Mode).
 *
 * <p>Each load either happens as a whole or throws {@link GuestFault} #GP(0) with nothing changed. What a
 * {@link dev.vtxray.core.port.ControlRegisterPolicy} says has been heard before.
 */
public final class ControlRegisterLoads {
    private static final long CR3_NO_FLUSH = 1L << 63;
    private static final long CR3_PCID = 0xFFF;

    private static final long PDPTE_PRESENT = 1;
    /** Bits 2:1 and 8:5 of a present PDPTE. */
    private static final long PDPTE_RESERVED = 0x1E6;

    /** A change of these reloads the page-directory-pointer registers while PAE paging is in use. */
    private static final long CR0_RELOADS = Control.CR0_PG | Control.CR0_CD | Control.CR0_NW;

    private static final long CR4_RELOADS = Control.CR4_PAE | Control.CR4_PGE | Control.CR4_PSE | Control.CR4_SMEP;

    /** A change of these changes the meaning of translations. */
    private static final long CR0_TRANSLATION = Control.CR0_PG | Control.CR0_PE | Control.CR0_WP;

    private static final long CR4_TRANSLATION = CR4_RELOADS | Control.CR4_PCIDE | Control.CR4_SMAP;

    private ControlRegisterLoads() {}

    /** Loads CR0; reserved bits below bit 32 are ignored, ET stays set. */
    public static void loadCr0(Cpu cpu, long value) {
        long next = value & Control.CR0_DEFINED | Control.CR0_ET;
        boolean paging = (next & Control.CR0_PG) != 0;
        boolean protection = (next & Control.CR0_PE) != 0;
        require(value >>> 32 == 0);
        require(protection || !paging);
        require((next & (Control.CR0_NW | Control.CR0_CD)) != Control.CR0_NW);
        long changed = next ^ cpu.cr0;
        boolean longModeEnabled = (cpu.efer & Control.EFER_LME) != 0;
        if ((changed & Control.CR0_PG) != 0) {
            checkPagingSwitch(cpu, paging, longModeEnabled);
        }
        if (paging && usesPaePaging(cpu, cpu.cr4) && (changed & CR0_RELOADS) != 0) {
            loadPdptes(cpu, cpu.cr3);
        }
        cpu.cr0 = next;
        if (longModeEnabled) {
            cpu.efer = paging ? cpu.efer | Control.EFER_LMA : cpu.efer & ~Control.EFER_LMA;
        }
        if ((changed & CR0_TRANSLATION) != 0) {
            cpu.forgetTranslations();
        }
        cpu.contextChanged();
    }

    private static void checkPagingSwitch(Cpu cpu, boolean on, boolean longModeEnabled) {
        if (!on) {
            require(cpu.codeSize != 8 && (cpu.cr4 & Control.CR4_PCIDE) == 0);
        } else if (longModeEnabled) {
            boolean taskState16 = (cpu.tr.access & 0xD) == 1;
            require((cpu.cr4 & Control.CR4_PAE) != 0 && !cpu.seg[SegmentRegister.CS].has(SegmentRegister.L));
            require(!taskState16);
        }
    }

    /** Loads CR3, with bit 63 (keep translations) already allowed where CR4.PCIDE is set; all are dropped even so. */
    public static void loadCr3(Cpu cpu, long value) {
        long next = (cpu.cr4 & Control.CR4_PCIDE) != 0 ? value & ~CR3_NO_FLUSH : value;
        require(!cpu.longMode || (next & ~cpu.physicalMask) == 0);
        if ((cpu.cr0 & Control.CR0_PG) != 0 && usesPaePaging(cpu, cpu.cr4)) {
            loadPdptes(cpu, next);
        }
        cpu.cr3 = next;
        cpu.forgetTranslations();
    }

    /** Loads CR4; bits outside {@link Cpu#cr4Mask} are reserved. */
    public static void loadCr4(Cpu cpu, long value) {
        long changed = value ^ cpu.cr4;
        require((value & ~cpu.cr4Mask) == 0);
        require(!cpu.longMode || (value & Control.CR4_PAE) != 0);
        if ((changed & value & Control.CR4_PCIDE) != 0) {
            require(cpu.longMode && (cpu.cr3 & CR3_PCID) == 0);
        }
        if ((cpu.cr0 & Control.CR0_PG) != 0 && usesPaePaging(cpu, value) && (changed & CR4_RELOADS) != 0) {
            loadPdptes(cpu, cpu.cr3);
        }
        cpu.cr4 = value;
        if ((changed & CR4_TRANSLATION) != 0) {
            cpu.forgetTranslations();
        }
        cpu.contextChanged();
    }

    /** Loads IA32_EFER; LMA keeps its value, bits outside {@link Cpu#eferMask} are reserved. */
    public static void loadEfer(Cpu cpu, long value) {
        long next = value & ~Control.EFER_LMA | cpu.efer & Control.EFER_LMA;
        long changed = next ^ cpu.efer;
        require((value & ~cpu.eferMask) == 0);
        require((changed & Control.EFER_LME) == 0 || (cpu.cr0 & Control.CR0_PG) == 0);
        cpu.efer = next;
        if ((changed & Control.EFER_NXE) != 0) {
            cpu.forgetTranslations();
        }
        cpu.contextChanged();
    }

    /** Whether paging, if it is on, is PAE paging. */
    private static boolean usesPaePaging(Cpu cpu, long cr4) {
        return (cr4 & Control.CR4_PAE) != 0 && (cpu.efer & Control.EFER_LME) == 0;
    }

    /**
     * Loads the four page-directory-pointer registers from the table that {@code cr3} names.
     *
     * @throws GuestFault #GP(0), with none of them loaded, if a present one has a reserved bit set
     */
    public static void loadPdptes(Cpu cpu, long cr3) {
        long table = cr3 & 0xFFFF_FFE0L;
        SecondStage stage = cpu.secondStage;
        long hpa = stage == null ? table : stage.translate(cpu, table, SecondStage.READ, Purpose.PDPTE_LOAD, 0);
        long[] entries = new long[4];
        for (int i = 0; i < 4; i++) {
            long entry = cpu.mmu.memory().read(hpa + 8 * i, 8);
            require((entry & PDPTE_PRESENT) == 0 || (entry & (PDPTE_RESERVED | ~cpu.physicalMask)) == 0);
            entries[i] = entry;
        }
        System.arraycopy(entries, 0, cpu.pdpte, 0, 4);
    }

    private static void require(boolean rule) {
        if (!rule) {
            throw GuestFault.generalProtection();
        }
    }
}

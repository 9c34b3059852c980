package dev.vtxray.nested;

import static dev.vtxray.vmx.control.SecondaryControl.*;
import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.VmxControl;
import dev.vtxray.vmx.vmcs.Vmcs;
import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.List;

/** How each field of vmcs02 comes from vmcs12 and vmcs01: one row, one rule. Host state is always L0's own. */
final class MergeTable {
    /** What the rules look at. */
    interface Sources {
        Vmcs vmcs01();

        Vmcs vmcs12();

        /** vmcs12's secondary controls, 0 unless activated. */
        int secondary12();

        /** L2's effective EFER. */
        long efer();

        /** Host-physical address of an L1-physical one, for pages that the CPU itself uses. */
        long toHost(long l1Physical);

        /** EPT pointer with which L2 runs. */
        long eptp02();

        /** L0's merged MSR bitmap. */
        long msrBitmap();
    }

    /** The value of one field. */
    @FunctionalInterface
    interface Rule {
        long value(Sources sources);
    }

    /** @param text the rule in words, for the printed table */
    record Row(VmcsField field, String text, Rule rule) {}

    /** Notification vector of posted interrupts while L2 runs, whatever vector L1 has chosen. */
    static final int NESTED_NOTIFICATION_VECTOR = 0xF1;

    static final List<Row> ROWS = rows();

    private MergeTable() {}

    private static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (VmcsField field : VmcsField.values()) {
            if (field.group() == VmcsField.Group.GUEST_STATE && !isRuled(field)) {
                rows.add(new Row(field, "vmcs12", sources -> sources.vmcs12().get(field)));
            }
        }
        for (VmcsField field : List.of(
                VM_ENTRY_INTERRUPTION_INFO,
                VM_ENTRY_EXCEPTION_ERROR_CODE,
                VM_ENTRY_INSTRUCTION_LENGTH,
                PAGE_FAULT_ERROR_CODE_MASK,
                PAGE_FAULT_ERROR_CODE_MATCH,
                TPR_THRESHOLD,
                EOI_EXIT_BITMAP_0,
                EOI_EXIT_BITMAP_1,
                EOI_EXIT_BITMAP_2,
                EOI_EXIT_BITMAP_3,
                CR3_TARGET_COUNT,
                CR3_TARGET_VALUE_0,
                CR3_TARGET_VALUE_1,
                CR3_TARGET_VALUE_2,
                CR3_TARGET_VALUE_3)) {
            rows.add(new Row(field, "vmcs12", sources -> sources.vmcs12().get(field)));
        }
        // @formatter:off
        row(rows, VMCS_LINK_POINTER,                    "all ones: L2 has no hardware shadowing",     s -> -1L);
        row(rows, GUEST_IA32_EFER,                      "L2's effective EFER",                        Sources::efer);
        row(rows, GUEST_IA32_PAT,                       "vmcs12 if it loads PAT, else L1's",
                s -> pick(s, EntryControl.LOAD_IA32_PAT, GUEST_IA32_PAT));
        row(rows, GUEST_DR7,                            "vmcs12 if it loads debug controls, else L1's",
                s -> pick(s, EntryControl.LOAD_DEBUG_CONTROLS, GUEST_DR7));
        row(rows, GUEST_IA32_DEBUGCTL,                  "vmcs12 if it loads debug controls, else L1's",
                s -> pick(s, EntryControl.LOAD_DEBUG_CONTROLS, GUEST_IA32_DEBUGCTL));
        row(rows, PIN_BASED_VM_EXEC_CONTROLS,           "vmcs01 OR vmcs12; posted interrupts from vmcs12", MergeTable::pin);
        row(rows, PRIMARY_PROC_BASED_VM_EXEC_CONTROLS,  "vmcs01 OR vmcs12; windows and TPR shadow from vmcs12; I/O always exits",
                                                                                                      MergeTable::primary);
        row(rows, SECONDARY_PROC_BASED_VM_EXEC_CONTROLS, "vmcs01 OR vmcs12; APIC virtualization and features of L2 from vmcs12; no shadowing",
                                                                                                      MergeTable::secondary);
        row(rows, EXCEPTION_BITMAP,                     "vmcs01 OR vmcs12",                           or(EXCEPTION_BITMAP));
        row(rows, CR0_GUEST_HOST_MASK,                  "what L0 owns of every guest, OR vmcs12",     s -> Vmcs01.CR0_OWNED | s.vmcs12().get(CR0_GUEST_HOST_MASK));
        row(rows, CR4_GUEST_HOST_MASK,                  "vmcs01 OR vmcs12",                           or(CR4_GUEST_HOST_MASK));
        row(rows, CR0_READ_SHADOW,                      "what L2 is to read by L1's wish",
                s -> readView(s, GUEST_CR0, CR0_READ_SHADOW, CR0_GUEST_HOST_MASK));
        row(rows, CR4_READ_SHADOW,                      "what L2 is to read by L1's wish",
                s -> readView(s, GUEST_CR4, CR4_READ_SHADOW, CR4_GUEST_HOST_MASK));
        row(rows, PRIMARY_VM_EXIT_CONTROLS,             "vmcs01; saves the preemption timer if vmcs12 uses it", MergeTable::exit);
        row(rows, VM_ENTRY_CONTROLS,                    "vmcs01 OR vmcs12; IA-32e mode from L2's EFER", MergeTable::entry);
        row(rows, TSC_OFFSET,                           "vmcs01 + vmcs12's, if it offsets",           MergeTable::tscOffset);
        row(rows, MSR_BITMAPS_ADDRESS,                  "L0's merged bitmap",                         Sources::msrBitmap);
        row(rows, EPT_POINTER,                          "EPT02, or EPT01 where L1 uses no EPT",       Sources::eptp02);
        row(rows, VIRTUAL_PROCESSOR_IDENTIFIER,         "own tag",                                    s -> VirtualCpu.VPID_02);
        row(rows, VIRTUAL_APIC_ADDRESS,                 "host address of vmcs12's page",              host(VIRTUAL_APIC_ADDRESS));
        row(rows, APIC_ACCESS_ADDRESS,                  "host address of vmcs12's page",              host(APIC_ACCESS_ADDRESS));
        row(rows, POSTED_INTERRUPT_DESCRIPTOR_ADDRESS,  "host address of vmcs12's descriptor",        host(POSTED_INTERRUPT_DESCRIPTOR_ADDRESS));
        row(rows, POSTED_INTERRUPT_NOTIFICATION_VECTOR, "fixed vector of L0",                         s -> NESTED_NOTIFICATION_VECTOR);
        // @formatter:on
        return List.copyOf(rows);
    }

    private static boolean isRuled(VmcsField field) {
        return field == VMCS_LINK_POINTER
                || field == GUEST_IA32_EFER
                || field == GUEST_IA32_PAT
                || field == GUEST_DR7
                || field == GUEST_IA32_DEBUGCTL;
    }

    private static void row(List<Row> rows, VmcsField field, String text, Rule rule) {
        rows.add(new Row(field, text, rule));
    }

    /** Fills vmcs02 for a real nested entry. */
    static void merge(Sources sources, Vmcs vmcs02) {
        for (Row row : ROWS) {
            vmcs02.set(row.field, row.rule.value(sources));
        }
    }

    private static Rule or(VmcsField field) {
        return s -> s.vmcs01().get(field) | s.vmcs12().get(field);
    }

    private static Rule host(VmcsField field) {
        return s -> s.toHost(s.vmcs12().get(field));
    }

    private static long pick(Sources s, EntryControl loads, VmcsField field) {
        boolean loaded = loads.in(s.vmcs12().get32(VM_ENTRY_CONTROLS));
        return (loaded ? s.vmcs12() : s.vmcs01()).get(field);
    }

    private static long pin(Sources s) {
        return s.vmcs01().get(PIN_BASED_VM_EXEC_CONTROLS) & ~mask(PinControl.PROCESS_POSTED_INTERRUPTS)
                | s.vmcs12().get(PIN_BASED_VM_EXEC_CONTROLS);
    }

    private static long primary(Sources s) {
        long l0 = s.vmcs01().get(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS)
                & ~mask(PrimaryControl.INTERRUPT_WINDOW_EXITING)
                & ~mask(PrimaryControl.NMI_WINDOW_EXITING)
                // Deviation: L0 has nothing else to run on a CPU whose L2 halts, so only L1 decides about HLT exiting.
                & ~mask(PrimaryControl.HLT_EXITING)
                & ~mask(PrimaryControl.USE_TPR_SHADOW);
        long merged = l0 | s.vmcs12().get(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS);
        merged |= mask(PrimaryControl.UNCONDITIONAL_IO_EXITING)
                | mask(PrimaryControl.USE_MSR_BITMAPS)
                | mask(PrimaryControl.ACTIVATE_SECONDARY_CONTROLS);
        merged &= ~mask(PrimaryControl.USE_IO_BITMAPS);
        if ((merged & mask(PrimaryControl.USE_TPR_SHADOW)) == 0) {
            merged |= mask(PrimaryControl.CR8_LOAD_EXITING) | mask(PrimaryControl.CR8_STORE_EXITING);
        }
        return merged;
    }

    /** Controls that only vmcs12 decides about. */
    private static final long ONLY_FROM_12 = mask(VIRTUALIZE_APIC_ACCESSES)
            | mask(VIRTUALIZE_X2APIC_MODE)
            | mask(ENABLE_INVPCID)
            | mask(ENABLE_RDTSCP)
            | mask(VIRTUAL_INTERRUPT_DELIVERY)
            | mask(APIC_REGISTER_VIRTUALIZATION)
            | mask(DESCRIPTOR_TABLE_EXITING)
            | mask(UNRESTRICTED_GUEST);

    private static long secondary(Sources s) {
        long l0 = s.vmcs01().get(SECONDARY_PROC_BASED_VM_EXEC_CONTROLS) & ~ONLY_FROM_12;
        return (l0 | s.secondary12() & 0xFFFF_FFFFL) & ~mask(VMCS_SHADOWING);
    }

    private static long readView(Sources s, VmcsField guest, VmcsField shadow, VmcsField mask) {
        long owned = s.vmcs12().get(mask);
        return s.vmcs12().get(guest) & ~owned | s.vmcs12().get(shadow) & owned;
    }

    private static long entry(Sources s) {
        long merged = s.vmcs01().get(VM_ENTRY_CONTROLS) | s.vmcs12().get(VM_ENTRY_CONTROLS);
        long ia32e = mask(EntryControl.IA32E_MODE_GUEST);
        boolean lma = (s.efer() & dev.vtxray.core.cpu.Control.EFER_LMA) != 0;
        return (lma ? merged | ia32e : merged & ~ia32e) | mask(EntryControl.LOAD_IA32_EFER);
    }

    private static long tscOffset(Sources s) {
        boolean offsets = PrimaryControl.USE_TSC_OFFSETTING.in(s.vmcs12().get32(PRIMARY_PROC_BASED_VM_EXEC_CONTROLS));
        return s.vmcs01().get(TSC_OFFSET) + (offsets ? s.vmcs12().get(TSC_OFFSET) : 0);
    }

    private static long mask(VmxControl control) {
        return control.mask() & 0xFFFF_FFFFL;
    }

    /** vmcs12's exit controls are emulated; the timer must go on over exits that L0 finishes. */
    private static long exit(Sources s) {
        boolean timer = PinControl.ACTIVATE_VMX_PREEMPTION_TIMER.in(s.vmcs12().get32(PIN_BASED_VM_EXEC_CONTROLS));
        return s.vmcs01().get(PRIMARY_VM_EXIT_CONTROLS)
                | (timer ? mask(ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE) : 0);
    }

    /** Exit controls that L0 demands for itself in vmcs01, and so in vmcs02. */
    static long exitControls() {
        return mask(ExitControl.HOST_ADDRESS_SPACE_SIZE)
                | mask(ExitControl.SAVE_DEBUG_CONTROLS)
                | mask(ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT)
                | mask(ExitControl.SAVE_IA32_PAT)
                | mask(ExitControl.SAVE_IA32_EFER);
    }
}

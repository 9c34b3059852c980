package dev.vtxray.vmx.vmcs;

import static dev.vtxray.vmx.vmcs.FieldExistence.ALWAYS;
import static dev.vtxray.vmx.vmcs.FieldExistence.cr3Targets;
import static dev.vtxray.vmx.vmcs.FieldExistence.with;

import dev.vtxray.vmx.control.EntryControl;
import dev.vtxray.vmx.control.ExitControl;
import dev.vtxray.vmx.control.PinControl;
import dev.vtxray.vmx.control.PrimaryControl;
import dev.vtxray.vmx.control.SecondaryControl;
import dev.vtxray.vmx.control.SupportedControls;
import dev.vtxray.vmx.control.VmFunctionControl;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a VMCS: name, encoding, and the controls whose support makes the field exist. Width, group, access and
 * index are parts of the encoding.
 *
 * <p>SDM, Field Encoding in VMCS; Virtual Machine Control Structures. The ordinal is dense and serves as the index into
 * a {@link Vmcs}; it is no number of the architecture.
 */
public enum VmcsField {
    // @formatter:off
    // 16-bit control fields
    VIRTUAL_PROCESSOR_IDENTIFIER(         0x0000, with(SecondaryControl.ENABLE_VPID)),
    POSTED_INTERRUPT_NOTIFICATION_VECTOR( 0x0002, with(PinControl.PROCESS_POSTED_INTERRUPTS)),
    EPTP_INDEX(                           0x0004, with(SecondaryControl.EPT_VIOLATION_VE)),

    // 16-bit guest-state fields
    GUEST_ES_SELECTOR(                    0x0800, ALWAYS),
    GUEST_CS_SELECTOR(                    0x0802, ALWAYS),
    GUEST_SS_SELECTOR(                    0x0804, ALWAYS),
    GUEST_DS_SELECTOR(                    0x0806, ALWAYS),
    GUEST_FS_SELECTOR(                    0x0808, ALWAYS),
    GUEST_GS_SELECTOR(                    0x080A, ALWAYS),
    GUEST_LDTR_SELECTOR(                  0x080C, ALWAYS),
    GUEST_TR_SELECTOR(                    0x080E, ALWAYS),
    GUEST_INTERRUPT_STATUS(               0x0810, with(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY)),
    GUEST_PML_INDEX(                      0x0812, with(SecondaryControl.ENABLE_PML)),

    // 16-bit host-state fields
    HOST_ES_SELECTOR(                     0x0C00, ALWAYS),
    HOST_CS_SELECTOR(                     0x0C02, ALWAYS),
    HOST_SS_SELECTOR(                     0x0C04, ALWAYS),
    HOST_DS_SELECTOR(                     0x0C06, ALWAYS),
    HOST_FS_SELECTOR(                     0x0C08, ALWAYS),
    HOST_GS_SELECTOR(                     0x0C0A, ALWAYS),
    HOST_TR_SELECTOR(                     0x0C0C, ALWAYS),

    // 64-bit control fields
    IO_BITMAP_A_ADDRESS(                  0x2000, ALWAYS),
    IO_BITMAP_B_ADDRESS(                  0x2002, ALWAYS),
    MSR_BITMAPS_ADDRESS(                  0x2004, with(PrimaryControl.USE_MSR_BITMAPS)),
    VM_EXIT_MSR_STORE_ADDRESS(            0x2006, ALWAYS),
    VM_EXIT_MSR_LOAD_ADDRESS(             0x2008, ALWAYS),
    VM_ENTRY_MSR_LOAD_ADDRESS(            0x200A, ALWAYS),
    EXECUTIVE_VMCS_POINTER(               0x200C, ALWAYS),
    PML_ADDRESS(                          0x200E, with(SecondaryControl.ENABLE_PML)),
    TSC_OFFSET(                           0x2010, ALWAYS),
    VIRTUAL_APIC_ADDRESS(                 0x2012, with(PrimaryControl.USE_TPR_SHADOW)),
    APIC_ACCESS_ADDRESS(                  0x2014, with(SecondaryControl.VIRTUALIZE_APIC_ACCESSES)),
    POSTED_INTERRUPT_DESCRIPTOR_ADDRESS(  0x2016, with(PinControl.PROCESS_POSTED_INTERRUPTS)),
    VM_FUNCTION_CONTROLS(                 0x2018, with(SecondaryControl.ENABLE_VM_FUNCTIONS)),
    EPT_POINTER(                          0x201A, with(SecondaryControl.ENABLE_EPT)),
    EOI_EXIT_BITMAP_0(                    0x201C, with(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY)),
    EOI_EXIT_BITMAP_1(                    0x201E, with(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY)),
    EOI_EXIT_BITMAP_2(                    0x2020, with(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY)),
    EOI_EXIT_BITMAP_3(                    0x2022, with(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY)),
    EPTP_LIST_ADDRESS(                    0x2024, with(VmFunctionControl.EPTP_SWITCHING)),
    VMREAD_BITMAP_ADDRESS(                0x2026, with(SecondaryControl.VMCS_SHADOWING)),
    VMWRITE_BITMAP_ADDRESS(               0x2028, with(SecondaryControl.VMCS_SHADOWING)),
    VIRTUALIZATION_EXCEPTION_INFO_ADDRESS(0x202A, with(SecondaryControl.EPT_VIOLATION_VE)),
    XSS_EXITING_BITMAP(                   0x202C, with(SecondaryControl.ENABLE_XSAVES_XRSTORS)),
    TSC_MULTIPLIER(                       0x2032, with(SecondaryControl.USE_TSC_SCALING)),

    // 64-bit read-only data fields
    GUEST_PHYSICAL_ADDRESS(               0x2400, with(SecondaryControl.ENABLE_EPT)),

    // 64-bit guest-state fields
    VMCS_LINK_POINTER(                    0x2800, ALWAYS),
    GUEST_IA32_DEBUGCTL(                  0x2802, ALWAYS),
    GUEST_IA32_PAT(                       0x2804, with(EntryControl.LOAD_IA32_PAT, ExitControl.SAVE_IA32_PAT)),
    GUEST_IA32_EFER(                      0x2806, with(EntryControl.LOAD_IA32_EFER, ExitControl.SAVE_IA32_EFER)),
    GUEST_IA32_PERF_GLOBAL_CTRL(          0x2808, with(EntryControl.LOAD_IA32_PERF_GLOBAL_CTRL)),
    GUEST_PDPTE0(                         0x280A, with(SecondaryControl.ENABLE_EPT)),
    GUEST_PDPTE1(                         0x280C, with(SecondaryControl.ENABLE_EPT)),
    GUEST_PDPTE2(                         0x280E, with(SecondaryControl.ENABLE_EPT)),
    GUEST_PDPTE3(                         0x2810, with(SecondaryControl.ENABLE_EPT)),

    // 64-bit host-state fields
    HOST_IA32_PAT(                        0x2C00, with(ExitControl.LOAD_IA32_PAT)),
    HOST_IA32_EFER(                       0x2C02, with(ExitControl.LOAD_IA32_EFER)),
    HOST_IA32_PERF_GLOBAL_CTRL(           0x2C04, with(ExitControl.LOAD_IA32_PERF_GLOBAL_CTRL)),

    // 32-bit control fields
    PIN_BASED_VM_EXEC_CONTROLS(           0x4000, ALWAYS),
    PRIMARY_PROC_BASED_VM_EXEC_CONTROLS(  0x4002, ALWAYS),
    EXCEPTION_BITMAP(                     0x4004, ALWAYS),
    PAGE_FAULT_ERROR_CODE_MASK(           0x4006, ALWAYS),
    PAGE_FAULT_ERROR_CODE_MATCH(          0x4008, ALWAYS),
    CR3_TARGET_COUNT(                     0x400A, ALWAYS),
    PRIMARY_VM_EXIT_CONTROLS(             0x400C, ALWAYS),
    VM_EXIT_MSR_STORE_COUNT(              0x400E, ALWAYS),
    VM_EXIT_MSR_LOAD_COUNT(               0x4010, ALWAYS),
    VM_ENTRY_CONTROLS(                    0x4012, ALWAYS),
    VM_ENTRY_MSR_LOAD_COUNT(              0x4014, ALWAYS),
    VM_ENTRY_INTERRUPTION_INFO(           0x4016, ALWAYS),
    VM_ENTRY_EXCEPTION_ERROR_CODE(        0x4018, ALWAYS),
    VM_ENTRY_INSTRUCTION_LENGTH(          0x401A, ALWAYS),
    TPR_THRESHOLD(                        0x401C, with(PrimaryControl.USE_TPR_SHADOW)),
    SECONDARY_PROC_BASED_VM_EXEC_CONTROLS(0x401E, with(PrimaryControl.ACTIVATE_SECONDARY_CONTROLS)),
    PLE_GAP(                              0x4020, with(SecondaryControl.PAUSE_LOOP_EXITING)),
    PLE_WINDOW(                           0x4022, with(SecondaryControl.PAUSE_LOOP_EXITING)),

    // 32-bit read-only data fields
    VM_INSTRUCTION_ERROR(                 0x4400, ALWAYS),
    EXIT_REASON(                          0x4402, ALWAYS),
    VM_EXIT_INTERRUPTION_INFO(            0x4404, ALWAYS),
    VM_EXIT_INTERRUPTION_ERROR_CODE(      0x4406, ALWAYS),
    IDT_VECTORING_INFO(                   0x4408, ALWAYS),
    IDT_VECTORING_ERROR_CODE(             0x440A, ALWAYS),
    VM_EXIT_INSTRUCTION_LENGTH(           0x440C, ALWAYS),
    VM_EXIT_INSTRUCTION_INFO(             0x440E, ALWAYS),

    // 32-bit guest-state fields
    GUEST_ES_LIMIT(                       0x4800, ALWAYS),
    GUEST_CS_LIMIT(                       0x4802, ALWAYS),
    GUEST_SS_LIMIT(                       0x4804, ALWAYS),
    GUEST_DS_LIMIT(                       0x4806, ALWAYS),
    GUEST_FS_LIMIT(                       0x4808, ALWAYS),
    GUEST_GS_LIMIT(                       0x480A, ALWAYS),
    GUEST_LDTR_LIMIT(                     0x480C, ALWAYS),
    GUEST_TR_LIMIT(                       0x480E, ALWAYS),
    GUEST_GDTR_LIMIT(                     0x4810, ALWAYS),
    GUEST_IDTR_LIMIT(                     0x4812, ALWAYS),
    GUEST_ES_ACCESS_RIGHTS(               0x4814, ALWAYS),
    GUEST_CS_ACCESS_RIGHTS(               0x4816, ALWAYS),
    GUEST_SS_ACCESS_RIGHTS(               0x4818, ALWAYS),
    GUEST_DS_ACCESS_RIGHTS(               0x481A, ALWAYS),
    GUEST_FS_ACCESS_RIGHTS(               0x481C, ALWAYS),
    GUEST_GS_ACCESS_RIGHTS(               0x481E, ALWAYS),
    GUEST_LDTR_ACCESS_RIGHTS(             0x4820, ALWAYS),
    GUEST_TR_ACCESS_RIGHTS(               0x4822, ALWAYS),
    GUEST_INTERRUPTIBILITY_STATE(         0x4824, ALWAYS),
    GUEST_ACTIVITY_STATE(                 0x4826, ALWAYS),
    GUEST_SMBASE(                         0x4828, ALWAYS),
    GUEST_IA32_SYSENTER_CS(               0x482A, ALWAYS),
    VMX_PREEMPTION_TIMER_VALUE(           0x482E, with(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER)),

    // 32-bit host-state fields
    HOST_IA32_SYSENTER_CS(                0x4C00, ALWAYS),

    // Natural-width control fields
    CR0_GUEST_HOST_MASK(                  0x6000, ALWAYS),
    CR4_GUEST_HOST_MASK(                  0x6002, ALWAYS),
    CR0_READ_SHADOW(                      0x6004, ALWAYS),
    CR4_READ_SHADOW(                      0x6006, ALWAYS),
    CR3_TARGET_VALUE_0(                   0x6008, cr3Targets(1)),
    CR3_TARGET_VALUE_1(                   0x600A, cr3Targets(2)),
    CR3_TARGET_VALUE_2(                   0x600C, cr3Targets(3)),
    CR3_TARGET_VALUE_3(                   0x600E, cr3Targets(4)),

    // Natural-width read-only data fields
    EXIT_QUALIFICATION(                   0x6400, ALWAYS),
    IO_RCX(                               0x6402, ALWAYS),
    IO_RSI(                               0x6404, ALWAYS),
    IO_RDI(                               0x6406, ALWAYS),
    IO_RIP(                               0x6408, ALWAYS),
    GUEST_LINEAR_ADDRESS(                 0x640A, ALWAYS),

    // Natural-width guest-state fields
    GUEST_CR0(                            0x6800, ALWAYS),
    GUEST_CR3(                            0x6802, ALWAYS),
    GUEST_CR4(                            0x6804, ALWAYS),
    GUEST_ES_BASE(                        0x6806, ALWAYS),
    GUEST_CS_BASE(                        0x6808, ALWAYS),
    GUEST_SS_BASE(                        0x680A, ALWAYS),
    GUEST_DS_BASE(                        0x680C, ALWAYS),
    GUEST_FS_BASE(                        0x680E, ALWAYS),
    GUEST_GS_BASE(                        0x6810, ALWAYS),
    GUEST_LDTR_BASE(                      0x6812, ALWAYS),
    GUEST_TR_BASE(                        0x6814, ALWAYS),
    GUEST_GDTR_BASE(                      0x6816, ALWAYS),
    GUEST_IDTR_BASE(                      0x6818, ALWAYS),
    GUEST_DR7(                            0x681A, ALWAYS),
    GUEST_RSP(                            0x681C, ALWAYS),
    GUEST_RIP(                            0x681E, ALWAYS),
    GUEST_RFLAGS(                         0x6820, ALWAYS),
    GUEST_PENDING_DEBUG_EXCEPTIONS(       0x6822, ALWAYS),
    GUEST_IA32_SYSENTER_ESP(              0x6824, ALWAYS),
    GUEST_IA32_SYSENTER_EIP(              0x6826, ALWAYS),

    // Natural-width host-state fields
    HOST_CR0(                             0x6C00, ALWAYS),
    HOST_CR3(                             0x6C02, ALWAYS),
    HOST_CR4(                             0x6C04, ALWAYS),
    HOST_FS_BASE(                         0x6C06, ALWAYS),
    HOST_GS_BASE(                         0x6C08, ALWAYS),
    HOST_TR_BASE(                         0x6C0A, ALWAYS),
    HOST_GDTR_BASE(                       0x6C0C, ALWAYS),
    HOST_IDTR_BASE(                       0x6C0E, ALWAYS),
    HOST_IA32_SYSENTER_ESP(               0x6C10, ALWAYS),
    HOST_IA32_SYSENTER_EIP(               0x6C12, ALWAYS),
    HOST_RSP(                             0x6C14, ALWAYS),
    HOST_RIP(                             0x6C16, ALWAYS);
    // @formatter:on

    /** How many fields there are. */
    public static final int COUNT = values().length;

    /** Bit 0 of an encoding: the access type that names bits 63:32 of a 64-bit field. */
    public static final int HIGH_ACCESS = 1;

    private static final VmcsField[] ALL = values();
    private static final int INDEX_LIMIT = 64;
    private static final @Nullable VmcsField[] BY_ENCODING = indexByEncoding();

    private final int encoding;
    private final FieldExistence existence;
    private final Width width;
    private final Group group;
    private final long valueMask;

    VmcsField(int encoding, FieldExistence existence) {
        this.encoding = encoding;
        this.existence = existence;
        this.width = Width.BY_ENCODING[encoding >> 13 & 3];
        this.group = Group.BY_ENCODING[encoding >> 10 & 3];
        this.valueMask = width.bits == 64 ? -1L : (1L << width.bits) - 1;
    }

    /**
     * The field that VMREAD and VMWRITE reach by this encoding, high halves included, or null if there is none.
     *
     * @param encoding the whole register operand: a bit that no encoding uses makes it name nothing
     */
    public static @Nullable VmcsField byEncoding(long encoding) {
        if ((encoding & ~0x6FFFL) != 0 || (encoding >> 1 & 0x1FF) >= INDEX_LIMIT) {
            return null;
        }
        VmcsField field = BY_ENCODING[slot((int) encoding)];
        return field != null && isHighHalf(encoding) && field.width != Width.BITS_64 ? null : field;
    }

    /** Whether this encoding names bits 63:32 of a 64-bit field. */
    public static boolean isHighHalf(long encoding) {
        return (encoding & HIGH_ACCESS) != 0;
    }

    /** The field with this ordinal. */
    public static VmcsField at(int ordinal) {
        return ALL[ordinal];
    }

    /** The encoding with full access. */
    public int encoding() {
        return encoding;
    }

    /** Whether a processor that offers {@code supported} has this field. */
    public boolean existsOn(SupportedControls supported) {
        return existence.holds(supported);
    }

    public Width width() {
        return width;
    }

    public Group group() {
        return group;
    }

    /** Whether VMWRITE needs VMX_MISC[29] to change this field. */
    public boolean isReadOnly() {
        return group == Group.READ_ONLY_DATA;
    }

    /** Bits 9:1 of the encoding. */
    public int index() {
        return encoding >> 1 & 0x1FF;
    }

    /** The bits that a value of this field can have. */
    public long valueMask() {
        return valueMask;
    }

    private static int slot(int encoding) {
        return (encoding >> 13 & 3) * 4 * INDEX_LIMIT + (encoding >> 10 & 3) * INDEX_LIMIT + (encoding >> 1 & 0x1FF);
    }

    private static @Nullable VmcsField[] indexByEncoding() {
        @Nullable VmcsField[] table = new VmcsField[4 * 4 * INDEX_LIMIT];
        for (VmcsField field : ALL) {
            table[slot(field.encoding)] = field;
        }
        return table;
    }

    /** Bits 14:13 of an encoding; the ordinal is their value. */
    public enum Width {
        BITS_16(16),
        BITS_64(64),
        BITS_32(32),
        /** 64 bits on a processor with Intel 64. */
        NATURAL(64);

        private static final Width[] BY_ENCODING = values();

        private final int bits;

        Width(int bits) {
            this.bits = bits;
        }

        /** How many bits a value has. */
        public int bits() {
            return bits;
        }
    }

    /** Bits 11:10 of an encoding; the ordinal is their value. */
    public enum Group {
        CONTROL,
        /** VM-exit information. */
        READ_ONLY_DATA,
        GUEST_STATE,
        HOST_STATE;

        private static final Group[] BY_ENCODING = values();
    }
}

package dev.vtxray.testkit.hypervisor;

import static dev.vtxray.vmx.vmcs.VmcsField.*;

import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * How many VMREADs and VMWRITEs a handler executes for each VM exit, whatever the reason. The numbers are those
 * measured for real hypervisors running as guests.
 */
public enum HandlerProfile {
    /** No VMX instruction but VMRESUME: fields are accessed in memory. The lower bound. */
    P_MIN(0, 0),
    /** Like KVM. All fields are ones that KVM shadows, except the activity state where a guest is entered halted. */
    P_KVM(8, 4),
    /** Like HAXM: reads and writes back much that it does not need. */
    P_HAXM(33, 22);

    // @formatter:off
    /** What a handler reads that accesses more than it needs; the first of them it also writes back unchanged. */
    private static final List<VmcsField> PADDING = List.of(
            GUEST_RSP,         GUEST_CR0,         GUEST_CR3,         GUEST_CR4,
            GUEST_ES_SELECTOR, GUEST_CS_SELECTOR, GUEST_SS_SELECTOR, GUEST_DS_SELECTOR, GUEST_FS_SELECTOR,
            GUEST_GS_SELECTOR, GUEST_ES_BASE,     GUEST_CS_BASE,     GUEST_SS_BASE,     GUEST_DS_BASE,
            GUEST_FS_BASE,     GUEST_GS_BASE,     GUEST_GDTR_BASE,   GUEST_IDTR_BASE,
            GUEST_CS_ACCESS_RIGHTS,          GUEST_SS_ACCESS_RIGHTS,   GUEST_DR7, VM_EXIT_INSTRUCTION_INFO,
            VM_EXIT_INTERRUPTION_ERROR_CODE, IDT_VECTORING_ERROR_CODE, GUEST_LINEAR_ADDRESS);
    // @formatter:on

    private static final int ESSENTIAL_READS = 8;
    private static final int ESSENTIAL_WRITES = 4;

    private final int reads;
    private final int writes;

    HandlerProfile(int reads, int writes) {
        this.reads = reads;
        this.writes = writes;
    }

    /**
     * The profile with this label, such as {@code P-kvm}; case does not matter.
     *
     * @throws IllegalArgumentException if there is none; the message lists the known ones
     */
    public static HandlerProfile named(String label) {
        for (HandlerProfile profile : values()) {
            if (profile.label().equalsIgnoreCase(label)) {
                return profile;
            }
        }
        throw new IllegalArgumentException("unknown handler profile \"%s\"; known are %s"
                .formatted(
                        label,
                        Arrays.stream(values()).map(HandlerProfile::label).collect(Collectors.joining(", "))));
    }

    /** How it is written in tables, such as {@code P-kvm}. */
    public String label() {
        return "P-" + name().substring("P_".length()).toLowerCase(Locale.ROOT);
    }

    /** VMREADs for each exit. */
    public int reads() {
        return reads;
    }

    /** VMWRITEs for each exit. */
    public int writes() {
        return writes;
    }

    /** How this handler reaches fields. */
    public FieldAccess access() {
        return this == P_MIN ? FieldAccess.MEMORY : FieldAccess.INSTRUCTION;
    }

    /** The fields that are read at each exit, those the handler works with first. */
    List<VmcsField> fieldsRead(boolean apicv) {
        List<VmcsField> fields = new ArrayList<>(List.of(
                EXIT_REASON,
                EXIT_QUALIFICATION,
                GUEST_RIP,
                VM_EXIT_INSTRUCTION_LENGTH,
                VM_EXIT_INTERRUPTION_INFO,
                IDT_VECTORING_INFO,
                GUEST_INTERRUPTIBILITY_STATE,
                apicv ? GUEST_INTERRUPT_STATUS : GUEST_RFLAGS));
        fields.addAll(PADDING.subList(0, Math.max(0, reads - ESSENTIAL_READS)));
        return fields;
    }

    /** The fields that are written at each exit besides {@link #lastFieldWritten}. */
    List<VmcsField> fieldsWritten(boolean apicv) {
        List<VmcsField> fields = new ArrayList<>(List.of(
                GUEST_RIP, GUEST_INTERRUPTIBILITY_STATE, apicv ? GUEST_INTERRUPT_STATUS : VM_ENTRY_INTERRUPTION_INFO));
        fields.addAll(PADDING.subList(0, Math.max(0, writes - ESSENTIAL_WRITES)));
        return fields;
    }

    /** The field whose place the activity state takes when a guest is entered halted. */
    VmcsField lastFieldWritten(boolean apicv) {
        return apicv ? VM_ENTRY_INTERRUPTION_INFO : PRIMARY_PROC_BASED_VM_EXEC_CONTROLS;
    }
}

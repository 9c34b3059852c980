package dev.vtxray.vmx.entry;

/** A section of the manual's chapter "VM Entries" that lists checks. */
public enum CheckSection {
    // @formatter:off
    BASIC(                  Group.BASIC,    "Basic VM-Entry Checks"),
    EXECUTION_CONTROLS(     Group.CONTROL,  "Checks on VMX Controls: VM-Execution Control Fields"),
    EXIT_CONTROLS(          Group.CONTROL,  "Checks on VMX Controls: VM-Exit Control Fields"),
    ENTRY_CONTROLS(         Group.CONTROL,  "Checks on VMX Controls: VM-Entry Control Fields"),
    HOST_REGISTERS(         Group.HOST,     "Checks on Host Control Registers, MSRs, and SSP"),
    HOST_SEGMENTS(          Group.HOST,     "Checks on Host Segment and Descriptor-Table Registers"),
    ADDRESS_SPACE_SIZE(     Group.HOST,     "Checks Related to Address-Space Size"),
    GUEST_REGISTERS(        Group.GUEST,    "Checks on Guest Control Registers, Debug Registers, and MSRs"),
    GUEST_SEGMENTS(         Group.GUEST,    "Checks on Guest Segment Registers"),
    GUEST_DESCRIPTOR_TABLES(Group.GUEST,    "Checks on Guest Descriptor-Table Registers"),
    GUEST_RIP_AND_RFLAGS(   Group.GUEST,    "Checks on Guest RIP, RFLAGS, and SSP"),
    GUEST_NON_REGISTER(     Group.GUEST,    "Checks on Guest Non-Register State"),
    GUEST_PDPTES(           Group.GUEST,    "Checks on Guest Page-Directory-Pointer-Table Entries"),
    MSR_LOADING(            Group.MSR_LOAD, "Loading MSRs");
    // @formatter:on

    private final Group group;
    private final String title;

    CheckSection(Group group, String title) {
        this.group = group;
        this.title = title;
    }

    public Group group() {
        return group;
    }

    /** The section's title, which outlives its number. */
    public String title() {
        return title;
    }

    /** The stages of a VM entry, in their order. */
    public enum Group {
        /** Decided by VMLAUNCH and VMRESUME themselves, before they look at a field. */
        BASIC,
        CONTROL,
        HOST,
        GUEST,
        /** Decided entry by entry while the VM-entry MSR-load list is processed. */
        MSR_LOAD
    }
}

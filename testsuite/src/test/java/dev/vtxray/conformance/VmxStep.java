package dev.vtxray.conformance;

/**
 * One step of a {@link VmxProgram}.
 *
 * @param a     chooses operands
 * @param b     chooses operands and their forms
 * @param value a value to write
 */
record VmxStep(Kind kind, int a, int b, long value) {
    enum Kind {
        VMXON,
        VMXOFF,
        VMCLEAR,
        VMPTRLD,
        VMPTRST,
        VMREAD,
        VMWRITE,
        VMLAUNCH,
        VMRESUME,
        /** In the shadow of MOV SS. */
        VMLAUNCH_SHADOWED,
        VMCALL,
        INVEPT,
        INVVPID,
        CPUID,
        RDMSR,
        WRMSR,
        MOV_CR0,
        MOV_CR4,
        /** Enters VMX operation and makes a VMCS current with which VM entry succeeds. */
        START,
        /** Writes all fields of the current VMCS so that VM entry succeeds. */
        WRITE_VMCS,
        /** Flips a bit of one field. */
        CHANGE_FIELD,
        /** Chooses what L2 executes, and enters it. */
        ENTER_SNIPPET
    }
}

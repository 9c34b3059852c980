package dev.vtxray.vmx.control;

import static dev.vtxray.vmx.control.ExitReason.InstructionLength.IN_SOME_CASES;
import static dev.vtxray.vmx.control.ExitReason.InstructionLength.UNDEFINED;
import static dev.vtxray.vmx.control.ExitReason.InstructionLength.VALID;
import static dev.vtxray.vmx.control.ExitReason.Kind.ABORT;
import static dev.vtxray.vmx.control.ExitReason.Kind.ASYNCHRONOUS;
import static dev.vtxray.vmx.control.ExitReason.Kind.ENTRY_FAILURE;
import static dev.vtxray.vmx.control.ExitReason.Kind.FAULT;
import static dev.vtxray.vmx.control.ExitReason.Kind.FAULT_TRAP_OR_ASYNCHRONOUS;
import static dev.vtxray.vmx.control.ExitReason.Kind.TRAP;
import static dev.vtxray.vmx.control.ExitReason.Kind.TRAP_OR_ASYNCHRONOUS;

import org.jspecify.annotations.Nullable;

/**
 * Basic exit reasons: bits 15:0 of the exit-reason field.
 *
 * <p>SDM, VMX Basic Exit Reasons. The tier says when VTXray builds it: 1 from the start, 2 with the feature it belongs
 * to, 3 later or never.
 */
public enum ExitReason {
    // @formatter:off
    EXCEPTION_OR_NMI(         0, FAULT_TRAP_OR_ASYNCHRONOUS, IN_SOME_CASES, 1),
    EXTERNAL_INTERRUPT(       1, ASYNCHRONOUS,               UNDEFINED,     1),
    TRIPLE_FAULT(             2, ABORT,                      UNDEFINED,     1),
    INIT_SIGNAL(              3, ASYNCHRONOUS,               UNDEFINED,     1),
    STARTUP_IPI(              4, ASYNCHRONOUS,               UNDEFINED,     1),
    IO_SMI(                   5, ASYNCHRONOUS,               UNDEFINED,     3),
    OTHER_SMI(                6, ASYNCHRONOUS,               UNDEFINED,     3),
    INTERRUPT_WINDOW(         7, ASYNCHRONOUS,               UNDEFINED,     1),
    NMI_WINDOW(               8, ASYNCHRONOUS,               UNDEFINED,     1),
    TASK_SWITCH(              9, FAULT,                      IN_SOME_CASES, 1),
    CPUID(                   10, FAULT,                      VALID,         1),
    GETSEC(                  11, FAULT,                      VALID,         3),
    HLT(                     12, FAULT,                      VALID,         1),
    INVD(                    13, FAULT,                      VALID,         1),
    INVLPG(                  14, FAULT,                      VALID,         1),
    RDPMC(                   15, FAULT,                      VALID,         1),
    RDTSC(                   16, FAULT,                      VALID,         1),
    RSM(                     17, FAULT,                      VALID,         3),
    VMCALL(                  18, FAULT,                      VALID,         1),
    VMCLEAR(                 19, FAULT,                      VALID,         1),
    VMLAUNCH(                20, FAULT,                      VALID,         1),
    VMPTRLD(                 21, FAULT,                      VALID,         1),
    VMPTRST(                 22, FAULT,                      VALID,         1),
    VMREAD(                  23, FAULT,                      VALID,         1),
    VMRESUME(                24, FAULT,                      VALID,         1),
    VMWRITE(                 25, FAULT,                      VALID,         1),
    VMXOFF(                  26, FAULT,                      VALID,         1),
    VMXON(                   27, FAULT,                      VALID,         1),
    CR_ACCESS(               28, FAULT,                      VALID,         1),
    DR_ACCESS(               29, FAULT,                      VALID,         1),
    IO_INSTRUCTION(          30, FAULT,                      VALID,         1),
    RDMSR(                   31, FAULT,                      VALID,         1),
    WRMSR(                   32, FAULT,                      VALID,         1),
    ENTRY_FAIL_GUEST_STATE(  33, ENTRY_FAILURE,              UNDEFINED,     1),
    ENTRY_FAIL_MSR_LOAD(     34, ENTRY_FAILURE,              UNDEFINED,     1),
    MWAIT(                   36, FAULT,                      VALID,         1),
    MONITOR_TRAP_FLAG(       37, TRAP_OR_ASYNCHRONOUS,       UNDEFINED,     1),
    MONITOR(                 39, FAULT,                      VALID,         1),
    PAUSE(                   40, FAULT,                      VALID,         1),
    ENTRY_FAIL_MACHINE_CHECK(41, ENTRY_FAILURE,              UNDEFINED,     3),
    TPR_BELOW_THRESHOLD(     43, TRAP,                       UNDEFINED,     1),
    APIC_ACCESS(             44, FAULT,                      IN_SOME_CASES, 1),
    VIRTUALIZED_EOI(         45, TRAP,                       UNDEFINED,     2),
    GDTR_IDTR_ACCESS(        46, FAULT,                      VALID,         1),
    LDTR_TR_ACCESS(          47, FAULT,                      VALID,         1),
    EPT_VIOLATION(           48, FAULT,                      IN_SOME_CASES, 1),
    EPT_MISCONFIGURATION(    49, FAULT,                      VALID,         1),
    INVEPT(                  50, FAULT,                      VALID,         1),
    RDTSCP(                  51, FAULT,                      VALID,         1),
    PREEMPTION_TIMER(        52, ASYNCHRONOUS,               UNDEFINED,     1),
    INVVPID(                 53, FAULT,                      VALID,         1),
    WBINVD(                  54, FAULT,                      VALID,         1),
    XSETBV(                  55, FAULT,                      VALID,         1),
    APIC_WRITE(              56, TRAP,                       UNDEFINED,     2),
    RDRAND(                  57, FAULT,                      VALID,         2),
    INVPCID(                 58, FAULT,                      VALID,         1),
    VMFUNC(                  59, FAULT,                      VALID,         2),
    ENCLS(                   60, FAULT,                      VALID,         3),
    RDSEED(                  61, FAULT,                      VALID,         2),
    PML_FULL(                62, FAULT,                      IN_SOME_CASES, 2),
    XSAVES(                  63, FAULT,                      VALID,         2),
    XRSTORS(                 64, FAULT,                      VALID,         2),
    PCONFIG(                 65, FAULT,                      VALID,         3),
    SPP_EVENT(               66, FAULT,                      IN_SOME_CASES, 3),
    UMWAIT(                  67, FAULT,                      VALID,         3),
    TPAUSE(                  68, FAULT,                      VALID,         3),
    LOADIWKEY(               69, FAULT,                      VALID,         3),
    ENCLV(                   70, FAULT,                      VALID,         3),
    ENQCMD_PASID_FAILURE(    72, FAULT,                      UNDEFINED,     3),
    ENQCMDS_PASID_FAILURE(   73, FAULT,                      UNDEFINED,     3),
    BUS_LOCK(                74, TRAP,                       UNDEFINED,     3),
    INSTRUCTION_TIMEOUT(     75, ASYNCHRONOUS,               UNDEFINED,     3),
    SEAMCALL(                76, FAULT,                      VALID,         3),
    TDCALL(                  77, FAULT,                      VALID,         3),
    RDMSRLIST(               78, FAULT,                      UNDEFINED,     3),
    WRMSRLIST(               79, FAULT,                      UNDEFINED,     3),
    URDMSR(                  80, FAULT,                      UNDEFINED,     3),
    UWRMSR(                  81, FAULT,                      UNDEFINED,     3),
    RDMSR_IMM(               84, FAULT,                      VALID,         3),
    WRMSRNS_IMM(             85, FAULT,                      VALID,         3);
    // @formatter:on

    /** Bit 31 of the exit-reason field: the VM entry failed after the checks on controls and host state. */
    public static final int VM_ENTRY_FAILURE = 1 << 31;

    private static final @Nullable ExitReason[] BY_NUMBER = indexByNumber();

    private final int number;
    private final Kind kind;
    private final InstructionLength instructionLength;
    private final int tier;

    ExitReason(int number, Kind kind, InstructionLength instructionLength, int tier) {
        this.number = number;
        this.kind = kind;
        this.instructionLength = instructionLength;
        this.tier = tier;
    }

    /** The reason with this number, or null where the manual leaves a gap. Only bits 15:0 count. */
    public static @Nullable ExitReason byNumber(int exitReason) {
        int basic = exitReason & 0xFFFF;
        return basic < BY_NUMBER.length ? BY_NUMBER[basic] : null;
    }

    /** The basic exit reason. */
    public int number() {
        return number;
    }

    /** The whole exit-reason field: the number, and bit 31 if this is a failed VM entry. */
    public int fieldValue() {
        return kind == ENTRY_FAILURE ? number | VM_ENTRY_FAILURE : number;
    }

    public Kind kind() {
        return kind;
    }

    public InstructionLength instructionLength() {
        return instructionLength;
    }

    /** 1 for the reasons that every VMX processor has, 2 and 3 for those of optional features. */
    public int tier() {
        return tier;
    }

    private static @Nullable ExitReason[] indexByNumber() {
        ExitReason[] all = values();
        @Nullable ExitReason[] byNumber = new ExitReason[all[all.length - 1].number + 1];
        for (ExitReason reason : all) {
            byNumber[reason.number] = reason;
        }
        return byNumber;
    }

    /** Where an exit stands relative to the instruction or event that causes it. */
    public enum Kind {
        /** Before the instruction: the saved RIP names it, and nothing of it has happened. */
        FAULT,
        /** After the instruction: the saved RIP names the next one. */
        TRAP,
        /** At an instruction boundary, for a reason outside the instruction stream. */
        ASYNCHRONOUS,
        /** Event delivery gave up. */
        ABORT,
        /** The VM entry itself failed; no guest instruction ran. */
        ENTRY_FAILURE,
        /** As the exception or NMI that caused it. */
        FAULT_TRAP_OR_ASYNCHRONOUS,
        /** After an instruction, or at a boundary without one. */
        TRAP_OR_ASYNCHRONOUS
    }

    /** Whether the VM-exit instruction length is defined. */
    public enum InstructionLength {
        VALID,
        UNDEFINED,
        /** For software-generated events, or an exit during the delivery of one. */
        IN_SOME_CASES
    }
}

package dev.vtxray.core.port;

/**
 * Operations that somebody above the CPU may want to take over before they have an effect. The names are those of the
 * instructions and events; what it means when one is taken is not the core's business.
 */
public enum SensitiveOp {
    CPUID,
    HLT,
    INVD,
    WBINVD,
    INVLPG,
    RDPMC,
    RDTSC,
    RDTSCP,
    RDMSR,
    WRMSR,
    MONITOR,
    MWAIT,
    PAUSE,
    IN,
    OUT,
    INS,
    OUTS,
    MOV_TO_CR,
    MOV_FROM_CR,
    CLTS,
    LMSW,
    MOV_TO_DR,
    MOV_FROM_DR,
    LGDT,
    LIDT,
    SGDT,
    SIDT,
    LLDT,
    LTR,
    SLDT,
    STR,
    XSETBV,
    INVPCID,
    RDRAND,
    RDSEED,
    TASK_SWITCH
}

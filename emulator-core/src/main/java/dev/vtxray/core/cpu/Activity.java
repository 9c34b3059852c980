package dev.vtxray.core.cpu;

/** What a CPU is doing; the numbers are those of the manual's activity states. */
public enum Activity {
    ACTIVE,
    HLT,
    SHUTDOWN,
    WAIT_FOR_SIPI
}

package dev.vtxray.testkit.cli;

import dev.vtxray.core.machine.StopReason;

/**
 * Exit statuses of the verbs that run a guest, besides the one that the guest itself asked for. That one is always odd, so
 * these are even and cannot be taken for it.
 */
final class ExitStatus {
    static final int SHUTDOWN = 4;
    static final int BUDGET_EXHAUSTED = 6;
    static final int ALL_WAITING = 8;
    static final int HALTED_BY_HOST = 10;

    private ExitStatus() {}

    static int of(StopReason reason) {
        return switch (reason.kind()) {
            case GUEST_EXIT -> ((StopReason.GuestExit) reason).status();
            case SHUTDOWN -> SHUTDOWN;
            case BUDGET_EXHAUSTED -> BUDGET_EXHAUSTED;
            case ALL_WAITING -> ALL_WAITING;
            case HALTED_BY_HOST -> HALTED_BY_HOST;
        };
    }
}

package dev.vtxray.testkit.cli;

import dev.vtxray.core.machine.StopReason;

/** Exit statuses of the verbs that run a guest, besides the one that the guest itself asked for. */
final class ExitStatus {
    static final int SHUTDOWN = 3;
    static final int BUDGET_EXHAUSTED = 4;
    static final int ALL_WAITING = 5;
    static final int HALTED_BY_HOST = 6;

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

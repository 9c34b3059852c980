package dev.vtxray.core.machine;

/** Why a machine stopped running. What a guest does always ends in one of these, never in a Java exception. */
public sealed interface StopReason {
    /** The kinds of reasons, for a {@code switch}. */
    enum Kind {
        /** The budget of the call is used up; the machine can go on. */
        BUDGET_EXHAUSTED,
        /** The guest asked to stop, with a status. */
        GUEST_EXIT,
        /** A CPU shut down, usually after a triple fault, and nothing can wake it. */
        SHUTDOWN,
        /** All CPUs wait and nothing is planned that could wake one. */
        ALL_WAITING,
        /** Something outside the architecture made it impossible to go on; the text says what. */
        HALTED_BY_HOST
    }

    Kind kind();

    /** One line for people. */
    String describe();

    /** The budget is used up. */
    record BudgetExhausted() implements StopReason {
        @Override
        public Kind kind() {
            return Kind.BUDGET_EXHAUSTED;
        }

        @Override
        public String describe() {
            return "the instruction budget is used up";
        }
    }

    /** The guest wrote to the debug-exit device. @param status the process status that it asked for, 0-255 */
    record GuestExit(int status) implements StopReason {
        @Override
        public Kind kind() {
            return Kind.GUEST_EXIT;
        }

        @Override
        public String describe() {
            return "the guest exited with status " + status;
        }
    }

    /** A CPU shut down. @param cpu its number */
    record Shutdown(int cpu) implements StopReason {
        @Override
        public Kind kind() {
            return Kind.SHUTDOWN;
        }

        @Override
        public String describe() {
            return "CPU " + cpu + " shut down (triple fault)";
        }
    }

    /** All CPUs wait for something that will not come. */
    record AllWaiting() implements StopReason {
        @Override
        public Kind kind() {
            return Kind.ALL_WAITING;
        }

        @Override
        public String describe() {
            return "all CPUs wait and nothing will wake one";
        }
    }

    /** Stopped from outside the architecture. @param cause what happened */
    record HaltedByHost(String cause) implements StopReason {
        @Override
        public Kind kind() {
            return Kind.HALTED_BY_HOST;
        }

        @Override
        public String describe() {
            return cause;
        }
    }
}

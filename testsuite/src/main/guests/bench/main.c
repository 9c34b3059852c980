#include "bench.h"

#include "../common/cpu.h"

_Noreturn void guestMain(unsigned cpu, Bench *parameters);

_Noreturn void guestMain(unsigned cpu, Bench *parameters) {
    (void) cpu;
    if (parameters->magic != BENCH_MAGIC) {
        debugExit(BENCH_BAD_MAGIC);
    }
    uint64_t variant = parameters->variant;
    uint64_t iterations = parameters->iterations ? parameters->iterations : defaultIterations(variant);
    parameters->checksum = benchmark(iterations, variant);
    parameters->finished = 1;
    debugExit(0);
}

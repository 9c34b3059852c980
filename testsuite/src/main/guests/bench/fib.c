/* Calls and returns: the naive Fibonacci function, which the Makefile keeps gcc from turning into loops. */
#include "bench.h"

#define FIRST 16
#define SPREAD 8

const uint64_t variants = 1;

uint64_t defaultIterations(uint64_t variant) {
    (void) variant;
    return 240;
}

static __attribute__((noinline, noclone)) uint64_t fibonacci(unsigned n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

uint64_t benchmark(uint64_t iterations, uint64_t variant) {
    (void) variant;
    uint64_t checksum = 0;
    for (uint64_t i = 0; i < iterations; i++) {
        checksum = mix(checksum, fibonacci(FIRST + (unsigned) (i % SPREAD)));
    }
    return checksum;
}

/*
 * What the benchmark guests have in common. Each is one function from a number of iterations and a variant to a checksum;
 * the same source compiled for the build machine (native/) says which checksum to expect.
 *
 * Parameter block at linear address 1000H (in rsi at the entry); all numbers are 64 bits wide, little endian. The loader
 * writes the first three and zeros the rest. At the end the guest writes the results and leaves by OUT 0F4H: status 0, or
 * BENCH_BAD_MAGIC without having run.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

#define BENCH_MAGIC 0x48434E4542585456u /* the bytes "VTXBENCH" */
#define BENCH_BAD_MAGIC 1

typedef volatile struct {
    uint64_t magic;      /* 00H BENCH_MAGIC */
    uint64_t iterations; /* 08H 0 stands for the benchmark's own number, about 100 million instructions */
    uint64_t variant;    /* 10H 0, or a number below `variants` of the benchmark */
    uint64_t checksum;   /* 18H result */
    uint64_t finished;   /* 20H 1 when the checksum is final */
} Bench;

extern const uint64_t variants;

/* Number of iterations of a variant that take about 100 million instructions. */
uint64_t defaultIterations(uint64_t variant);

uint64_t benchmark(uint64_t iterations, uint64_t variant);

/* Marsaglia's xorshift64; the state must not be 0. */
static inline uint64_t xorshift(uint64_t x) {
    x ^= x << 13;
    x ^= x >> 7;
    return x ^ x << 17;
}

/* Makes the order of the values matter, too. */
static inline uint64_t mix(uint64_t checksum, uint64_t value) {
    return (checksum << 5 | checksum >> 59) ^ value * 0x9E3779B97F4A7C15u;
}

#endif

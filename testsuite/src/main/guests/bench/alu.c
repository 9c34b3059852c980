/* A loop of register arithmetic: shifts, exclusive-or, a 128-bit sum (ADD, ADC) and choices without branches (CMOV). */
#include "bench.h"

const uint64_t variants = 1;

uint64_t defaultIterations(uint64_t variant) {
    (void) variant;
    return 3125000;
}

uint64_t benchmark(uint64_t iterations, uint64_t variant) {
    (void) variant;
    uint64_t x = 0x243F6A8885A308D3u;
    uint64_t smallest = UINT64_MAX;
    uint64_t largest = 0;
    unsigned __int128 sum = 0;
    for (uint64_t i = 0; i < iterations; i++) {
        x = xorshift(x);
        sum += (unsigned __int128) x << 32 | x;
        smallest = x < smallest ? x : smallest;
        largest = x > largest ? x : largest;
        sum ^= (uint64_t) (x & 1 ? largest : smallest);
    }
    return mix(mix(mix((uint64_t) sum, (uint64_t) (sum >> 64)), smallest), largest);
}

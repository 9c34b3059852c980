/* SHA-256 over a buffer of 64 KiB, whose first bytes are the digest of the iteration before. */
#include "../common/sha256.h"
#include "bench.h"

#define BUFFER_BYTES 65536

const uint64_t variants = 1;

static uint8_t buffer[BUFFER_BYTES];

uint64_t defaultIterations(uint64_t variant) {
    (void) variant;
    return 21;
}

uint64_t benchmark(uint64_t iterations, uint64_t variant) {
    (void) variant;
    uint64_t random = 0x082EFA98EC4E6C89u;
    for (unsigned i = 0; i < BUFFER_BYTES; i++) {
        random = xorshift(random);
        buffer[i] = (uint8_t) random;
    }
    for (uint64_t i = 0; i < iterations; i++) {
        sha256(buffer, BUFFER_BYTES, buffer);
    }
    uint64_t checksum = 0;
    for (unsigned i = 0; i < SHA256_BYTES; i++) {
        checksum = mix(checksum, buffer[i]);
    }
    return checksum;
}

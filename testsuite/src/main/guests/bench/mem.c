/*
 * Memory: variant 0 copies 512 KiB by quadwords and then chases pointers through 1 MiB; variant 1 only chases, through
 * 32 KiB. The chase visits the lines of a page in random order and then goes on to the next page, so TLB misses are rare.
 */
#include "bench.h"

#define COPY_QUADWORDS (512 * 1024 / 8)
#define LINE_BYTES 64
#define PAGE_LINES (4096 / LINE_BYTES)
#define LARGE_LINES (1024 * 1024 / LINE_BYTES)
#define SMALL_LINES (32 * 1024 / LINE_BYTES)
#define STEPS_WITH_COPY 65536
#define STEPS_ALONE 65536

typedef struct Line {
    struct Line *next;
    uint64_t value;
    uint64_t rest[LINE_BYTES / 8 - 2];
} Line;

const uint64_t variants = 2;

static uint64_t source[COPY_QUADWORDS];
static uint64_t target[COPY_QUADWORDS];
static Line lines[LARGE_LINES] __attribute__((aligned(4096)));

uint64_t defaultIterations(uint64_t variant) { return variant == 0 ? 165 : 380; }

static uint64_t shuffle(uint16_t order[PAGE_LINES], uint64_t random) {
    for (unsigned i = 0; i < PAGE_LINES; i++) {
        order[i] = (uint16_t) i;
    }
    for (unsigned i = PAGE_LINES - 1; i > 0; i--) {
        random = xorshift(random);
        unsigned j = (unsigned) (random >> 32) % (i + 1);
        uint16_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
    return random;
}

/* One ring through all lines. */
static void buildRing(unsigned count) {
    uint64_t random = 0x13198A2E03707344u;
    uint16_t order[PAGE_LINES];
    Line *last = 0;
    Line *first = 0;
    for (unsigned page = 0; page < count; page += PAGE_LINES) {
        random = shuffle(order, random);
        for (unsigned i = 0; i < PAGE_LINES; i++) {
            Line *line = &lines[page + order[i]];
            random = xorshift(random);
            line->value = random;
            if (last) {
                last->next = line;
            } else {
                first = line;
            }
            last = line;
        }
    }
    last->next = first;
}

static uint64_t copy(uint64_t round) {
    source[round % COPY_QUADWORDS] ^= round;
    for (unsigned i = 0; i < COPY_QUADWORDS; i++) {
        target[i] = source[i];
    }
    return target[(round * 31) % COPY_QUADWORDS];
}

uint64_t benchmark(uint64_t iterations, uint64_t variant) {
    uint64_t random = 0xA4093822299F31D0u;
    for (unsigned i = 0; i < COPY_QUADWORDS; i++) {
        random = xorshift(random);
        source[i] = random;
    }
    buildRing(variant == 0 ? LARGE_LINES : SMALL_LINES);
    unsigned steps = variant == 0 ? STEPS_WITH_COPY : STEPS_ALONE;
    Line *line = lines;
    uint64_t checksum = 0;
    for (uint64_t round = 0; round < iterations; round++) {
        if (variant == 0) {
            checksum = mix(checksum, copy(round));
        }
        for (unsigned step = 0; step < steps; step++) {
            checksum += line->value;
            line = line->next;
        }
    }
    return mix(checksum, line->value);
}

/* Quicksort of 32 Ki integers, then the CRC-32 of the sorted array by table. */
#include "bench.h"

#define COUNT 32768
#define INSERTION_LIMIT 12
#define CRC_POLYNOMIAL 0xEDB88320u

const uint64_t variants = 1;

static int32_t values[COUNT];
static uint32_t crcTable[256];

uint64_t defaultIterations(uint64_t variant) {
    (void) variant;
    return 18;
}

static void insertionSort(int32_t *low, int32_t *high) {
    for (int32_t *at = low + 1; at <= high; at++) {
        int32_t value = *at;
        int32_t *hole = at;
        for (; hole > low && hole[-1] > value; hole--) {
            *hole = hole[-1];
        }
        *hole = value;
    }
}

/* Hoare's partition around the middle element; the smaller part by recursion, so the depth is logarithmic. */
static void quicksort(int32_t *low, int32_t *high) {
    while (high - low >= INSERTION_LIMIT) {
        int32_t pivot = low[(high - low) / 2];
        int32_t *left = low - 1;
        int32_t *right = high + 1;
        for (;;) {
            while (*++left < pivot) {}
            while (*--right > pivot) {}
            if (left >= right) {
                break;
            }
            int32_t swapped = *left;
            *left = *right;
            *right = swapped;
        }
        if (right - low < high - right) {
            quicksort(low, right);
            low = right + 1;
        } else {
            quicksort(right + 1, high);
            high = right;
        }
    }
    insertionSort(low, high);
}

static void buildCrcTable(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ CRC_POLYNOMIAL : crc >> 1;
        }
        crcTable[byte] = crc;
    }
}

static uint32_t crc32(const uint8_t *bytes, uint64_t length) {
    uint32_t crc = UINT32_MAX;
    for (uint64_t i = 0; i < length; i++) {
        crc = crc >> 8 ^ crcTable[(crc ^ bytes[i]) & 0xFF];
    }
    return ~crc;
}

uint64_t benchmark(uint64_t iterations, uint64_t variant) {
    (void) variant;
    buildCrcTable();
    uint64_t random = 0x452821E638D01377u;
    uint64_t checksum = 0;
    for (uint64_t i = 0; i < iterations; i++) {
        for (unsigned at = 0; at < COUNT; at++) {
            random = xorshift(random);
            values[at] = (int32_t) (random >> 32);
        }
        quicksort(values, values + COUNT - 1);
        checksum = mix(checksum, crc32((const uint8_t *) values, sizeof(values)));
    }
    return checksum;
}
